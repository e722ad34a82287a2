"""What a container may use: Linux control groups, versions 1 and 2.

Every group above this process's own limits it too, so the smallest limit on the way up counts.
Nothing is raised: where a file is missing there is no limit.
"""

from collections.abc import Iterator
from pathlib import Path

from desktop.domain.base import Value

_NO_LIMIT_BYTES = 1 << 60  # version 1 writes a number near 2**63 for "no limit"


class ContainerLimits(Value, frozen=True, kw_only=True):
    """Limits in force; `None` is none. `memory_used_bytes` leaves out cache that can be dropped.

    Not `readable` is a system that shows this process no groups, so limits may be hidden.
    """

    memory_bytes: int | None = None
    memory_used_bytes: int = 0
    cores: float | None = None
    readable: bool = True

    @property
    def memory_left_bytes(self) -> int | None:
        """What may still be allocated; `None` without a limit."""
        if self.memory_bytes is None:
            return None
        return max(0, self.memory_bytes - self.memory_used_bytes)


def read_limits(
    root: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")
) -> ContainerLimits:
    """Return the limits of this process's control groups."""
    memory: list[tuple[int, int, int]] = []
    cores: list[float] = []
    seen = False
    for controllers, path in _read_membership(membership):
        if controllers == "":
            for folder in _ancestors(root, path):
                seen = True
                memory += _memory_v2(folder)
                cores += _cores_v2(folder)
        if "memory" in controllers.split(","):
            for folder in _ancestors(root / "memory", path):
                seen = True
                memory += _memory_v1(folder)
        if "cpu" in controllers.split(","):
            for folder in _ancestors(_cpu_mount(root, controllers), path):
                cores += _cores_v1(folder)
    _, limit, used = min(memory, default=(0, None, 0))
    return ContainerLimits(
        memory_bytes=limit,
        memory_used_bytes=used,
        cores=min(cores, default=None),
        readable=seen,
    )


def _read_membership(path: Path) -> Iterator[tuple[str, str]]:
    for line in _read(path).splitlines():
        parts = line.split(":", 2)
        if len(parts) == 3:  # noqa: PLR2004 - number, controllers, path
            yield parts[1], parts[2]


def _cpu_mount(root: Path, controllers: str) -> Path:
    together = root / controllers
    return together if together.is_dir() else root / "cpu"


def _ancestors(mount: Path, path: str) -> Iterator[Path]:
    """Yield the group's folder and those above it, as far as they are visible here.

    Inside a container the path may be the host's, which is not there; the mount itself is then
    the container's own group.
    """
    parts = [part for part in path.split("/") if part not in ("", "..")]
    for length in range(len(parts), -1, -1):
        folder = mount.joinpath(*parts[:length])
        if folder.is_dir():
            yield folder


def _memory_v2(folder: Path) -> Iterator[tuple[int, int, int]]:
    limit = _number(_read(folder / "memory.max"))
    if limit is not None:
        used = _number(_read(folder / "memory.current")) or 0
        yield _left(limit, used, folder, "inactive_file")


def _memory_v1(folder: Path) -> Iterator[tuple[int, int, int]]:
    limit = _number(_read(folder / "memory.limit_in_bytes"))
    if limit is not None and limit < _NO_LIMIT_BYTES:
        used = _number(_read(folder / "memory.usage_in_bytes")) or 0
        yield _left(limit, used, folder, "total_inactive_file")


def _left(limit: int, used: int, folder: Path, cache_key: str) -> tuple[int, int, int]:
    """Return what is left, the limit and what is used, so that the tightest group sorts first."""
    droppable = 0
    for line in _read(folder / "memory.stat").splitlines():
        key, _, value = line.partition(" ")
        if key == cache_key:
            droppable = _number(value) or 0
    used = max(0, used - droppable)
    return limit - used, limit, used


def _cores_v2(folder: Path) -> Iterator[float]:
    quota, _, period = _read(folder / "cpu.max").partition(" ")
    yield from _share(_number(quota), _number(period))


def _cores_v1(folder: Path) -> Iterator[float]:
    quota = _number(_read(folder / "cpu.cfs_quota_us"))
    yield from _share(quota, _number(_read(folder / "cpu.cfs_period_us")))


def _share(quota: int | None, period: int | None) -> Iterator[float]:
    if quota is not None and period and quota > 0:
        yield quota / period


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _number(text: str) -> int | None:
    """Return a whole number; `None` for `max`, nothing and anything else."""
    try:
        return int(text)
    except ValueError:
        return None
