"""A container's limits, out of made-up trees of control groups."""

from pathlib import Path

import pytest

from desktop.probes import memory
from desktop.probes.cgroups import ContainerLimits, read_limits

GIB = 1 << 30


def write(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        stem, _, rest = name.partition("_")
        (folder / f"{stem}.{rest}").write_text(f"{content}\n")


def member(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "membership"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_version_2_inside_a_container(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    write(
        root,
        memory_max=4 * GIB,
        memory_current=3 * GIB,
        memory_stat=f"anon 5\ninactive_file {GIB}",
        cpu_max="150000 100000",
    )
    limits = read_limits(root, member(tmp_path, "0::/"))
    assert limits == ContainerLimits(memory_bytes=4 * GIB, memory_used_bytes=2 * GIB, cores=1.5)
    assert limits.memory_left_bytes == 2 * GIB


def test_the_tightest_group_on_the_way_up_counts(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    write(root / "outer", memory_max=2 * GIB, memory_current=GIB, cpu_max="400000 100000")
    write(root / "outer" / "inner", memory_max=8 * GIB, memory_current=GIB, cpu_max="max 100000")
    limits = read_limits(root, member(tmp_path, "0::/outer/inner"))
    assert (limits.memory_bytes, limits.memory_left_bytes, limits.cores) == (2 * GIB, GIB, 4.0)


def test_version_1_with_the_hosts_path(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    (root / "memory").mkdir(parents=True)
    (root / "memory" / "memory.limit_in_bytes").write_text(str(GIB))
    (root / "memory" / "memory.usage_in_bytes").write_text(str(GIB // 2))
    (root / "cpu,cpuacct").mkdir()
    (root / "cpu,cpuacct" / "cpu.cfs_quota_us").write_text("200000")
    (root / "cpu,cpuacct" / "cpu.cfs_period_us").write_text("100000")
    lines = ("5:memory:/docker/0a1b", "4:cpu,cpuacct:/docker/0a1b", "1:name=systemd:/x")
    limits = read_limits(root, member(tmp_path, *lines))
    assert (limits.memory_bytes, limits.memory_left_bytes, limits.cores) == (GIB, GIB // 2, 2.0)


def test_no_limits(tmp_path: Path) -> None:
    nothing = ContainerLimits()
    hidden = read_limits(tmp_path / "absent", tmp_path / "absent")
    assert hidden == ContainerLimits(readable=False)
    assert nothing.memory_left_bytes is None
    root = tmp_path / "cgroup"
    write(root, memory_max="max", cpu_max="max 100000")
    (root / "memory").mkdir()
    (root / "memory" / "memory.limit_in_bytes").write_text(str(2**63 - 4096))
    assert read_limits(root, member(tmp_path, "0::/", "5:memory:/")) == nothing


def test_garbage_is_no_limit(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    write(root, memory_max="lots", cpu_max="")
    assert read_limits(root, member(tmp_path, "garbage", "0::/../..")) == ContainerLimits()


def test_a_container_may_use_what_its_limit_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    free = memory.available_memory_bytes()
    assert free > 0
    limits = ContainerLimits(memory_bytes=1000, memory_used_bytes=400)
    monkeypatch.setattr(memory, "read_limits", lambda: limits)
    assert memory.available_memory_bytes() == 600
    monkeypatch.setattr(memory, "read_limits", lambda: ContainerLimits(memory_bytes=1 << 60))
    assert memory.available_memory_bytes() < 1 << 60
