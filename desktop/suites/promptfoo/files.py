"""Files that a promptfoo configuration names: within its folder, read as data and never run."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import msgspec

from desktop.domain.base import JsonValue, Value
from desktop.errors import UserError
from desktop.suites.promptfoo.notices import Notices
from desktop.suites.source import decode_utf8, read_bytes
from desktop.suites.yaml_tree import Items, Mapping, Node, Scalar, YamlProblem, parse_yaml

MOST_BYTES = 50_000_000
MOST_FILES = 2000
PREFIX = "file://"
_CODE = frozenset({".js", ".cjs", ".mjs", ".ts", ".cts", ".mts", ".py", ".rb", ".go", ".sh"})
_GLOB = frozenset("*?[")
_YAML = frozenset({".yaml", ".yml"})


class FoundFile(Value, frozen=True, kw_only=True):
    """A file and what stands after its name: `file://assert.py:check` names a function."""

    path: Path
    is_code: bool = False


class ProjectFiles:
    """The folder of one configuration. What lies outside it is not read, links included."""

    def __init__(self, config: Path, notices: Notices) -> None:
        """Take the configuration's folder as the only one."""
        self.folder = config.parent
        self._root = config.parent.resolve()
        self._notices = notices
        self._read: dict[Path, str] = {}

    def find(
        self, name: str, line: int, source: Path, folder: Path | None = None
    ) -> list[FoundFile]:
        """Return the files of a name or glob; a notice says why there is none.

        Names are relative to the configuration unless a `folder` is given.
        """
        bare = name.removeprefix(PREFIX)
        base, _, function = bare.rpartition(":")
        if base and function.isidentifier() and Path(base).suffix in _CODE:
            bare = base
        if Path(bare).suffix in _CODE:
            self._notices.add(line, f"{name} is code, which is not run", source)
            return [FoundFile(path=self.folder / bare, is_code=True)]
        try:
            found = list(self._list(bare, folder or self.folder))
        # pathlib refuses patterns that begin at the root as not implemented.
        except (OSError, ValueError, NotImplementedError):
            found = []
        if not found:
            self._notices.add(line, f"there is no file {name}", source)
            return []
        inside = [path for path in found if self._is_inside(path)]
        if len(inside) < len(found):
            message = f"{name} lies outside the configuration's folder and is not read"
            self._notices.add(line, message, source)
        if len(inside) > MOST_FILES:
            self._notices.add(line, f"{name} means more than {MOST_FILES:,} files", source)
        return [FoundFile(path=path) for path in inside[:MOST_FILES]]

    def text(self, path: Path) -> str:
        """Return a file's text; raises `UserError`."""
        if path not in self._read:
            self._read[path] = decode_utf8(path, read_bytes(path, MOST_BYTES))
        return self._read[path]

    def tree(self, path: Path) -> Node:
        """Return a YAML or JSON file as a tree; raises `UserError` with its line."""
        return parse_tree(path, self.text(path))

    def _list(self, bare: str, folder: Path) -> Iterator[Path]:
        if not _GLOB & set(bare):
            if (folder / bare).is_file():
                yield folder / bare
            return
        parts = Path(bare).parts
        plain = next(place for place, part in enumerate(parts) if _GLOB & set(part))
        start = folder.joinpath(*parts[:plain])
        # Never to search another folder, which may be a whole disk.
        if self._is_inside(start):
            found = start.glob(str(Path(*parts[plain:])))
            yield from sorted((each for each in found if each.is_file()), key=_natural)

    def _is_inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self._root)


def parse_tree(path: Path, text: str) -> Node:
    """Return YAML (or JSON) as a tree; raises `UserError` with its line."""
    try:
        return merge_keys(parse_yaml(text))
    except YamlProblem as problem:
        place = f"{path}, line {problem.line}" if problem.line else str(path)
        raise UserError(
            f"{place}: {problem.message}.", remedy="Correct it and read the file again."
        ) from None


def merge_keys(node: Node) -> Node:
    """Return a tree in which `<<` has given way to the keys that it stands for."""
    if isinstance(node, Scalar):
        return node
    if isinstance(node, Items):
        nodes = tuple(merge_keys(item) for item in node.nodes)
        return Items(nodes=nodes, line=node.line, size=node.size, depth=node.depth)
    pairs: dict[str, tuple[Scalar, Node]] = {}
    for key, value in node.pairs:
        merged = merge_keys(value)
        if key.text != "<<" or not key.plain:
            pairs[key.text] = (key, merged)
            continue
        for source in merged.nodes if isinstance(merged, Items) else (merged,):
            for inherited, its in source.pairs if isinstance(source, Mapping) else ():
                pairs.setdefault(inherited.text, (inherited, its))
    return Mapping(pairs=tuple(pairs.values()), line=node.line, size=node.size, depth=node.depth)


def read_table(path: Path, text: str) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of a CSV file with their lines; raises `UserError`."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        before = reader.line_num
        for values in reader:
            if any(values):
                rows.append((before + 1, dict(zip(header, values, strict=False))))
            before = reader.line_num
    except csv.Error as error:
        raise UserError(
            f"{path}, line {reader.line_num}: it is no CSV ({error}).",
            remedy="Correct it and read the file again.",
        ) from None
    return rows


def read_json_lines(path: Path, text: str) -> list[tuple[int, dict[str, JsonValue]]]:
    """Return the objects of a JSONL file with their lines; raises `UserError`."""
    rows: list[tuple[int, dict[str, JsonValue]]] = []
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        try:
            row = msgspec.json.decode(content)
        except (msgspec.DecodeError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise UserError(
                f"{path}, line {line}: it is no JSON object.",
                remedy="Write one object a line.",
            )
        rows.append((line, row))
    return rows


def is_yaml(path: Path) -> bool:
    """Whether a file is YAML by its name."""
    return path.suffix.lower() in _YAML


def _natural(path: Path) -> tuple[str, int, str]:
    stem = path.stem
    return (str(path.parent), int(stem) if stem.isdecimal() else -1, path.name)
