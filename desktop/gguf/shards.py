"""The files that a split model is made of, by their names."""

import re
from pathlib import Path

from desktop.errors import UserError
from desktop.gguf.source import check_regular

SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.IGNORECASE)
SHARDS_LIMIT = 1_000
_NAMES_SHOWN = 3


def list_shards(path: Path) -> list[Path]:
    """Return all files of a model in order; `UserError` names those that are missing."""
    match = SHARD.fullmatch(path.name)
    if match is None:
        return [path]
    check_regular(path)
    count = int(match["count"])
    if not 1 <= int(match["number"]) <= count <= SHARDS_LIMIT:
        raise UserError(
            f"{path} can't be part {match['number']} of {match['count']}.",
            remedy="Give the file its original name.",
        )
    extension = path.suffix
    names = [f"{match['stem']}-{n:05}-of-{match['count']}{extension}" for n in range(1, count + 1)]
    missing = [name for name in names if not path.with_name(name).exists()]
    if missing:
        shown = ", ".join(missing[:_NAMES_SHOWN]) + (" …" if len(missing) > _NAMES_SHOWN else "")
        raise UserError(
            f"{match['stem']} in {path.parent} lacks {len(missing)} of its {count} files: {shown}.",
            remedy="Put the missing files beside the others.",
        )
    return [path.with_name(name) for name in names]
