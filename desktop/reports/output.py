"""Files are written whole or not at all."""

import contextlib
import errno
import os
import uuid
from pathlib import Path

from desktop.errors import EnvironmentFault, UserError


def write_file(path: Path, content: bytes) -> None:
    """Write a file so that its name never stands for half of it; an older one is replaced.

    Raises `UserError` if the folder is missing or the name is a folder's, and `EnvironmentFault`
    if the disk is full or may not be written to.
    """
    if path.is_dir():
        raise UserError(f"{path} is a folder.", remedy="Choose a name for the file in it.")
    if not path.parent.is_dir():
        raise UserError(
            f"The folder {path.parent} does not exist.", remedy="Make it, or choose another."
        )
    # A link keeps pointing where it does; the rename happens beside its target.
    target = path.resolve()
    beside = target.with_name(f".{target.name[:100]}.{uuid.uuid4().hex[:8]}.part")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except OSError as fault:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise _explain(path, fault) from fault


def _explain(path: Path, fault: OSError) -> EnvironmentFault:
    full = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}
    if fault.errno in full:
        return EnvironmentFault(
            f"{path} could not be written: the disk is full.",
            remedy="Free some space, or choose another folder.",
            details=str(fault),
        )
    if fault.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
        return EnvironmentFault(
            f"{path} could not be written: the folder is read-only or belongs to someone else.",
            remedy="Choose a folder that you may write to.",
            details=str(fault),
        )
    return EnvironmentFault(
        f"{path} could not be written: {fault.strerror or fault}.",
        remedy="Choose another folder.",
        details=str(fault),
    )
