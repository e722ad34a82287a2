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
