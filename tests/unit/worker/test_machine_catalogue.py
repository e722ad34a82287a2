"""The catalogue that ships, the user's own beside it, and what is wrong with bad ones."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from desktop.domain.hardware import MachineKind
from desktop.errors import EnvironmentFault, UserError
from desktop.paths import resource
from desktop.worker.machine_catalogue import (
    MOST_BYTES,
    find_machine,
    list_machines,
    own_catalogue,
    read_catalogue,
)

Write = Callable[[str], Path]
GIB = 2**30
ENTRY = """touchstone_hardware: 1
noted: 2026-01-31
machines:
  - id: own-box
    name: Box under the desk
    kind: gpu
    memory_gib: 24
    bandwidth_gbps: 936.2
    source: its invoice
"""


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOUCHSTONE_HOME", str(tmp_path / "home"))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(text: str) -> Path:
        path = tmp_path / "machines.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return to_file


def test_what_ships_is_complete_and_sane() -> None:
    machines = read_catalogue(resource("hardware", "machines.yaml"))
    assert len(machines) >= 40
    assert len({machine.name for machine in machines}) == len(machines)
    for machine in machines:
        assert machine.id == machine.id.lower()
        assert 12 * GIB <= machine.memory_bytes <= 1024 * GIB, machine.id
        assert machine.memory_bytes % GIB == 0, machine.id
        assert 80 <= machine.bandwidth_gbps <= 10_000, machine.id
        assert machine.board_watts is None or 50 <= machine.board_watts <= 1500, machine.id
        assert machine.vendor, machine.id
        assert machine.source.startswith((machine.vendor, "NVIDIA", "AMD")), machine.id
        assert machine.noted, machine.id
        if machine.price:
            assert 200 <= machine.price.amount <= 50_000, machine.id
            assert machine.price.currency == "USD"
            assert date(2020, 1, 1) < machine.price.dated <= machine.noted, machine.id
            assert machine.price.source
        if machine.kind is MachineKind.SERVER:
            assert "channels of" in machine.source, machine.id
            assert not machine.price, "a processor's price is no machine's"


def test_a_processors_bandwidth_is_its_channels_times_their_clock() -> None:
    servers = [m for m in list_machines() if m.kind is MachineKind.SERVER]
    assert len(servers) >= 5
    for machine in servers:
        words = machine.source.split(": ")[1].replace("-", " ").split()
        channels, megatransfers = int(words[0]), int(words[-1])
        assert machine.bandwidth_gbps == pytest.approx(channels * megatransfers * 8 / 1000)


@pytest.mark.parametrize(
    ("machine_id", "gibibytes", "gbps", "watts"),
    [
        ("rtx-4090", 24, 1008, 450),
        ("h100-sxm-80gb", 80, 3350, 700),
        ("h200-sxm-141gb", 141, 4800, 700),
        ("mi300x", 192, 5300, 750),
        ("l40s", 48, 864, 350),
        ("mac-studio-m2-ultra-192gb", 192, 800, 295),
    ],
)
def test_figures_known_by_heart(machine_id: str, gibibytes: int, gbps: float, watts: float) -> None:
    machine = find_machine(machine_id, list_machines())
    figures = (machine.memory_bytes, machine.bandwidth_gbps, machine.board_watts)
    assert figures == (gibibytes * GIB, gbps, watts)


def test_own_machines_are_added_and_replace_ours() -> None:
    shipped = len(list_machines())
    own = own_catalogue()
    own.parent.mkdir(parents=True)
    own.write_text(ENTRY + ENTRY.split("machines:\n")[1].replace("own-box", "rtx-4090"))
    machines = list_machines()
    assert len(machines) == shipped + 1
    assert find_machine("rtx-4090", machines).name == "Box under the desk"
    box = find_machine(" OWN-box ", machines)
    assert (box.memory_bytes, box.bandwidth_gbps) == (24 * GIB, 936.2)
    assert (box.board_watts, box.price, box.noted) == (None, None, date(2026, 1, 31))
    assert box.path == str(own)


def test_part_of_an_id_is_enough_where_one_machine_has_it() -> None:
    machines = list_machines()
    assert find_machine("h100-sxm", machines).id == "h100-sxm-80gb"
    with pytest.raises(UserError, match=r'"h100" could be 3 machines .*h100-pcie-80gb, '):
        find_machine("h100", machines)
    with pytest.raises(UserError, match=r'no machine "rtx-4909".*did you mean "rtx-4090"'):
        find_machine("rtx-4909", machines)
    with pytest.raises(UserError, match='There is no machine "quantum"') as refusal:
        find_machine("quantum", machines)
    assert "touchstone machines" in (refusal.value.remedy or "")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("touchstone_hardware: 1\n", "", 'line 1: .*the key "touchstone_hardware: 1" is missing'),
        ("hardware: 1", "hardware: 2", "line 1: the catalogue has format version 2"),
        ("hardware: 1", "hardware: true", 'line 1: "touchstone_hardware" .* must be 1'),
        ("    name: Box under the desk\n", "", 'line 4: machine "own-box" needs the key "name"'),
        ("    source: its invoice\n", "", 'needs the key "source"'),
        ("memory_gib", "memory_gb", 'line 7: unknown key "memory_gb" .*did you mean "memory_gib"'),
        ("gib: 24", "gib: lots", 'line 7: "memory_gib" in machine "own-box" must be a number'),
        ("gib: 24", "gib: -1", 'line 7: "memory_gib" .* above 0, up to 65,536, not'),
        ("936.2", "1e9", 'line 8: "bandwidth_gbps" .* up to 100,000'),
        ("936.2", ".inf", 'line 8: "bandwidth_gbps"'),
        ("kind: gpu", "kind: tpu", 'line 6: "kind" .* must be one of gpu, unified, server'),
        ("id: own-box", "id: own box", 'line 4: "id" in machine 1 must be letters'),
        ("2026-01-31", "2026-02-30", 'line 2: "noted" in the catalogue must be a day'),
        ("2026-01-31", "yesterday", 'line 2: "noted" .*not "yesterday"'),
        ("machines:", "machines: []\nx:", 'line 4: unknown key "x"|"machines" .* at least one'),
        ("source: its invoice", "price: 12\n    source: x", '"price" of machine "own-box" must be'),
        (
            "source: its invoice",
            "source: x\n    price: {amount: 1, currency: euro, dated: 2026-01-01, source: x}",
            'line 10: "currency" .* three capital letters, as USD',
        ),
        ("touchstone", "\ttouchstone", "line 1: "),
    ],
)
def test_what_is_wrong_is_told_with_line_and_key(
    write: Write, old: str, new: str, said: str
) -> None:
    assert old in ENTRY
    path = write(ENTRY.replace(old, new, 1))
    with pytest.raises(UserError, match=said) as refusal:
        read_catalogue(path)
    assert str(path) in refusal.value.message
    assert "\n" not in refusal.value.message


def test_an_id_stands_once(write: Write) -> None:
    path = write(ENTRY + ENTRY.split("machines:\n")[1])
    with pytest.raises(UserError, match='line 10: id "own-box" is already on line 4'):
        read_catalogue(path)


def test_what_is_no_text_file_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "machines.yaml"
    with pytest.raises(UserError, match="is no file"):
        read_catalogue(tmp_path)
    path.write_bytes(b"touchstone_hardware: 1\n\xff")
    with pytest.raises(UserError, match="line 2: it is not UTF-8"):
        read_catalogue(path)
    path.write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(UserError, match="larger than 5 MB"):
        read_catalogue(path)
    path.write_bytes(b"")
    with pytest.raises(UserError, match="it is empty"):
        read_catalogue(path)


def test_a_file_that_may_not_be_read_is_the_environments_fault(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(ENTRY)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(EnvironmentFault, match="could not be read: Permission denied"):
        read_catalogue(path)
