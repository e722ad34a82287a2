"""Reading catalogues of machines: the one that ships with us, and the user's own.

A catalogue is YAML of format version 1 (`resources/hardware/machines.yaml` shows it). The user's
own, `machines.yaml` in the data folder, is added to ours; its entries replace those with the same
id. Whatever is wrong ends in a `UserError` that names file, line and key.
"""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from desktop.domain.hardware import CatalogueMachine, ListPrice, MachineKind
from desktop.errors import EnvironmentFault, UserError
from desktop.paths import data_folder, resources_folder
from desktop.suites.fields import Fields, as_number
from desktop.suites.findings import Findings, nearest
from desktop.suites.yaml_tree import Node, Scalar, YamlProblem, parse_yaml

FORMAT_VERSION = 1
THIS_MACHINE = "here"
VERSION_KEY = "touchstone_hardware"
MOST_BYTES = 5_000_000

_FILE_KEYS = (VERSION_KEY, "noted", "machines")
_MACHINE_KEYS = (
    *("id", "name", "vendor", "kind", "memory_gib", "bandwidth_gbps", "board_watts"),
    *("price", "source", "noted", "note"),
)
_PRICE_KEYS = ("amount", "currency", "dated", "source")
_MOST_NAMED = 8
_MOST_GIBIBYTES = 65_536
_MOST_GBPS = 100_000
_MOST_WATTS = 100_000
_MOST_MONEY = 100_000_000
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def describe_this_machine(available_bytes: int) -> CatalogueMachine:
    """Return this machine as far as memory that is free now goes; nothing of it is reserved."""
    return CatalogueMachine(
        id=THIS_MACHINE,
        name="this machine, in the memory that is free now",
        vendor="",
        kind=MachineKind.SERVER,
        memory_bytes=available_bytes,
    )


def own_catalogue() -> Path:
    """Return the file that users put machines of their own into; it need not exist."""
    return data_folder() / "machines.yaml"


def list_machines() -> tuple[CatalogueMachine, ...]:
    """Return our machines with the user's own, which replace ours of the same id."""
    machines = {m.id: m for m in read_catalogue(resources_folder() / "hardware" / "machines.yaml")}
    own = own_catalogue()
    if own.exists():
        machines |= {m.id: m for m in read_catalogue(own)}
    return tuple(machines.values())


def find_machine(name: str, machines: Sequence[CatalogueMachine]) -> CatalogueMachine:
    """Return the machine with this id, or whose id alone has the word in it.

    Raises `UserError` that names those it could be.
    """
    wanted = name.strip().lower()
    by_id = {machine.id.lower(): machine for machine in machines}
    if wanted in by_id:
        return by_id[wanted]
    alike = [each for each in by_id if wanted and wanted in each]
    if len(alike) == 1:
        return by_id[alike[0]]
    if alike:
        several = ", ".join(alike[:_MOST_NAMED]) + (", ..." if len(alike) > _MOST_NAMED else "")
        raise UserError(
            f'"{name}" could be {len(alike)} machines of the catalogue: {several}.',
            remedy="Name one of them.",
        )
    close = nearest(wanted, by_id)
    hint = close if "mean" in close else "."
    raise UserError(
        f'There is no machine "{name}" in the catalogue{hint}',
        remedy="touchstone machines lists them; your own go into " + str(own_catalogue()) + ".",
    )


def read_catalogue(path: Path) -> tuple[CatalogueMachine, ...]:
    """Return the machines of a file; raises `UserError` that names what is wrong, and where."""
    findings = Findings(path)
    root = _parse(path, findings)
    fields = Fields(root, "the catalogue", _FILE_KEYS, findings)
    _check_version(fields, path, findings)
    fields.require("machines")
    noted = _read_date(fields, "noted", findings)
    machines: list[CatalogueMachine] = []
    lines: dict[str, int] = {}
    for position, node in enumerate(fields.items("machines"), start=1):
        machine = _read_machine(node, position, findings, path, noted)
        if machine.id and machine.id in lines:
            findings.add(node.line, f'id "{machine.id}" is already on line {lines[machine.id]}')
        lines.setdefault(machine.id, node.line)
        machines.append(machine)
    if findings.count:
        raise findings.error()
    return tuple(machines)


def _parse(path: Path, findings: Findings) -> Node:
    try:
        if not path.is_file():
            raise UserError(f"{path} is no file.", remedy="Put a catalogue there, or remove it.")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise EnvironmentFault(f"{path} could not be read: {error.strerror}.") from None
    if len(content) > MOST_BYTES:
        raise UserError(f"{path} is larger than {MOST_BYTES // 1_000_000} MB.")
    try:
        return parse_yaml(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path}, line {line}: it is not UTF-8 text.",
            remedy="Save the file with the encoding UTF-8.",
        ) from None
    except YamlProblem as problem:
        findings.add(problem.line, problem.message)
        raise findings.error() from None


def _check_version(fields: Fields, path: Path, findings: Findings) -> None:
    node = fields.node(VERSION_KEY)
    if node is None:
        findings.add(
            fields.line,
            f'it is no catalogue of machines: the key "{VERSION_KEY}: {FORMAT_VERSION}" is missing',
        )
        return
    version = node.value if isinstance(node, Scalar) else None
    if isinstance(version, bool) or not isinstance(version, int) or version < FORMAT_VERSION:
        fields.wrong(VERSION_KEY, f"{FORMAT_VERSION}")
    elif version > FORMAT_VERSION:
        raise UserError(
            f"{path}, line {node.line}: the catalogue has format version {version}, and this"
            f" program reads version {FORMAT_VERSION}.",
            remedy="Read it with a newer Touchstone.",
        )


def _read_machine(
    node: Node, position: int, findings: Findings, path: Path, noted: date | None
) -> CatalogueMachine:
    fields = Fields(node, f"machine {position}", _MACHINE_KEYS, findings)
    machine_id = fields.identifier("id")
    if machine_id:
        fields.where = f'machine "{machine_id}"'
    fields.require("id", "name", "kind", "memory_gib", "bandwidth_gbps", "source")
    gibibytes = _read_number(fields, "memory_gib", _MOST_GIBIBYTES) or 0.0
    return CatalogueMachine(
        id=machine_id,
        name=fields.text("name"),
        vendor=fields.text("vendor"),
        kind=fields.choice("kind", {kind.value: kind for kind in MachineKind}) or MachineKind.GPU,
        memory_bytes=round(gibibytes * 2**30),
        bandwidth_gbps=_read_number(fields, "bandwidth_gbps", _MOST_GBPS) or 0.0,
        board_watts=_read_number(fields, "board_watts", _MOST_WATTS),
        price=_read_price(fields, findings),
        source=fields.text("source"),
        noted=_read_date(fields, "noted", findings) or noted,
        note=fields.text("note"),
        path=str(path),
    )


def _read_price(machine: Fields, findings: Findings) -> ListPrice | None:
    node = machine.node("price")
    if node is None:
        return None
    fields = Fields(node, f'"price" of {machine.where}', _PRICE_KEYS, findings)
    fields.require(*_PRICE_KEYS)
    currency = fields.text("currency")
    if currency and not re.fullmatch("[A-Z]{3}", currency):
        fields.wrong("currency", "three capital letters, as USD")
    return ListPrice(
        amount=_read_number(fields, "amount", _MOST_MONEY) or 0.0,
        currency=currency,
        dated=_read_date(fields, "dated", findings) or date.min,
        source=fields.text("source"),
    )


def _read_number(fields: Fields, key: str, most: float) -> float | None:
    node = fields.node(key)
    if node is None:
        return None
    number = as_number(node)
    if number is None or not 0 < number <= most:
        fields.wrong(key, f"a number above 0, up to {most:,}")
        return None
    return float(number)


def _read_date(fields: Fields, key: str, findings: Findings) -> date | None:
    text = fields.text(key)
    if not text:
        return None
    if _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    findings.add(
        fields.key_line(key), f'"{key}" in {fields.where} must be a day as 2026-01-31, not "{text}"'
    )
    return None
