from pathlib import Path

import psutil
import pytest

from desktop.inference import allowance


def write(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("150000 100000", 1.5), ("max 100000", None), ("nonsense", None), ("1 0", None)],
)
def test_a_containers_cpu_quota_is_read(tmp_path: Path, quota: str, cores: float | None) -> None:
    assert allowance._cgroup_cores(write(tmp_path, cpu_dot_max=quota)) == cores


def test_the_older_form_of_the_quota_is_read(tmp_path: Path) -> None:
    files = {"cpu__cpu_dot_cfs_quota_us": "400000", "cpu__cpu_dot_cfs_period_us": "100000"}
    assert allowance._cgroup_cores(write(tmp_path, **files)) == 4.0
    assert allowance._cgroup_cores(tmp_path / "nothing") is None


def test_a_memory_limit_leaves_what_is_unused_or_only_cached(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        memory_dot_max="1000000",
        memory_dot_current="700000",
        memory_dot_stat="anon 400000\ninactive_file 200000\nactive_file 100000\n",
    )
    assert allowance._cgroup_memory_left(root) == 500_000
    assert allowance._cgroup_memory_left(write(tmp_path, memory_dot_max="max")) is None
    huge = str(psutil.virtual_memory().total * 4)
    assert allowance._cgroup_memory_left(write(tmp_path, memory_dot_max=huge)) is None


def test_threads_are_those_that_may_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= allowance.usable_cores() <= (psutil.cpu_count() or 1)
    monkeypatch.setattr(allowance, "_cgroup_cores", lambda: 0.5)
    assert allowance.usable_cores() == 1


def test_memory_figures_are_of_this_machine_and_process(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = psutil.virtual_memory()
    assert 0 < allowance.available_memory_bytes() <= memory.total
    assert psutil.Process().memory_info().rss * 0.9 <= allowance.peak_resident_bytes()
    monkeypatch.setattr(allowance, "_cgroup_memory_left", lambda: 12345)
    assert allowance.available_memory_bytes() == 12345


def test_the_usual_number_of_threads_is_tried_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "_cgroup_cores", lambda: None)
    monkeypatch.setattr(allowance, "_allowed_processors", lambda: 16)
    monkeypatch.setattr(psutil, "cpu_count", lambda logical=True: 16 if logical else 8)
    monkeypatch.setattr(allowance, "_fast_cores", lambda: 6)
    assert allowance.thread_choices() == (8, 16, 7, 6)
    monkeypatch.setattr(allowance, "_cgroup_cores", lambda: 2.5)
    assert allowance.thread_choices() == (2, 1)
    monkeypatch.setattr(allowance, "_allowed_processors", lambda: 1)
    assert allowance.thread_choices() == (1,)


def test_fast_cores_of_a_processor_with_two_kinds_are_counted(tmp_path: Path) -> None:
    # Two fast cores with two hardware threads each, four slow ones.
    intel = write(tmp_path / "intel", cpu_core__cpus="0-3\n", cpu_atom__cpus="4-7\n")
    for number in range(8):
        siblings = f"{number // 2 * 2}-{number // 2 * 2 + 1}" if number < 4 else str(number)
        topology = intel / "system" / "cpu" / f"cpu{number}" / "topology"
        topology.mkdir(parents=True)
        (topology / "thread_siblings_list").write_text(siblings)
    assert allowance._fast_cores(intel) == 2
    arm = tmp_path / "arm"
    for number, capacity in enumerate((1024, 1024, 446, 446, 446, 446)):
        folder = arm / "system" / "cpu" / f"cpu{number}"
        folder.mkdir(parents=True)
        (folder / "cpu_capacity").write_text(f"{capacity}\n")
    assert allowance._fast_cores(arm) == 2
    assert allowance._fast_cores(tmp_path / "one kind") == 0


def test_nodes_of_memory_are_counted(tmp_path: Path) -> None:
    assert allowance.numa_nodes(tmp_path / "unknown") == 1
    for number in range(2):
        (tmp_path / f"node{number}").mkdir()
        (tmp_path / f"node{number}" / "cpulist").write_text("0-7\n")
    assert allowance.numa_nodes(tmp_path) == 2
