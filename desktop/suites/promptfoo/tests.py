"""A configuration's tests: written in it, in files of several forms, or in scenarios."""

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from desktop.domain.base import JsonValue, Value
from desktop.errors import UserError
from desktop.suites.promptfoo.files import (
    PREFIX,
    ProjectFiles,
    is_yaml,
    read_json_lines,
    read_table,
)
from desktop.suites.promptfoo.notices import Notices
from desktop.suites.yaml_tree import Items, Mapping, Node, Scalar, as_tree, to_value

_KEYS = frozenset({"description", "vars", "assert", "options", "metadata", "threshold", "prompts"})
_OPTIONS = frozenset({"prefix", "suffix", "disableVarExpansion"})
_TRANSFORMS = frozenset({"transform", "postprocess"})
# Checks don't look at blanks at the ends anyway.
_HARMLESS = frozenset({"", "output", "output.trim()"})
_DATA = (".csv", ".tsv", ".json", ".jsonl", ".yaml", ".yml")


class PromptfooTest(Value, frozen=True, kw_only=True):
    """One test with what it takes from the defaults; its variables may have several values.

    `threshold` is the mean score from which on it passes, as it is written; empty for none.
    """

    line: int
    source: Path
    title: str = ""
    variables: dict[str, JsonValue] = {}
    assertions: tuple[tuple[Node, Path], ...] = ()
    prefix: str = ""
    suffix: str = ""
    tags: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    expands: bool = True
    threshold: str = ""
    is_transformed: bool = False

    def takes(self, names: Sequence[str]) -> bool:
        """Whether it is asked with a prompt of these names."""
        return not self.prompts or any(name in self.prompts for name in names)

    def variable_sets(self) -> Iterator[dict[str, JsonValue]]:
        """Yield its variables once for each combination of those that have several values."""
        several = {
            name: value
            for name, value in self.variables.items()
            if self.expands and isinstance(value, list)
        }
        for chosen in itertools.product(*several.values()):
            yield {**self.variables, **dict(zip(several, chosen, strict=True))}


class TestReader:
    """Reads tests; the defaults must be set before."""

    __test__ = False  # for pytest, which takes it for one of its own

    def __init__(self, config: Path, files: ProjectFiles, notices: Notices) -> None:
        """Begin with a default that says nothing; alone it asks the prompts as they are."""
        self._config = config
        self._files = files
        self._notices = notices
        self.default = PromptfooTest(line=0, source=config)

    def set_default(self, node: Node) -> None:
        """Read `defaultTest`, which every test adds to."""
        for entry, source in self._resolve(node, self._config):
            self.default = self._read(entry, source)

    def read_all(self, node: Node) -> Iterator[PromptfooTest]:
        """Yield the tests of the key `tests`: a list, or one or several files."""
        for entry, source in self._resolve(node, self._config):
            yield self._read(entry, source)

    def read_scenarios(self, node: Node) -> Iterator[PromptfooTest]:
        """Yield each scenario's tests once for every set of variables in its `config`."""
        for scenario, source in self._resolve(node, self._config):
            keys = _keys(scenario)
            tests = list(self._resolve(keys["tests"], source)) if "tests" in keys else []
            sets = list(self._resolve(keys["config"], source)) if "config" in keys else []
            for (shared, where), (test, place) in itertools.product(sets, tests):
                default, self.default = self.default, self._read(shared, where)
                yield self._read(test, place)
                self.default = default

    def _resolve(self, node: Node, source: Path) -> Iterator[tuple[Node, Path]]:
        """Yield the entries of a list, of a file, or of files, with where they stand."""
        for entry in node.nodes if isinstance(node, Items) else (node,):
            if isinstance(entry, Mapping):
                path = _keys(entry).get("path")
                if isinstance(path, Scalar) and not set(_keys(entry)) & _KEYS:
                    yield from self._read_named(path.text, entry.line, source)
                else:
                    yield entry, source
            elif isinstance(entry, Scalar) and entry.value is not None:
                yield from self._read_named(entry.text, entry.line, source)
            else:
                self._notices.add(entry.line, "a test is empty, and is left out", source)

    def _read_named(self, name: str, line: int, source: Path) -> Iterator[tuple[Node, Path]]:
        if not name.startswith(PREFIX) and "://" in name:
            shown = name if len(name) <= 60 else name[:59] + "…"  # noqa: PLR2004 - enough to recognise it
            self._notices.add(line, f"{shown} is remote and is not fetched", source)
            return
        for file in self._files.find(name, line, source):
            if file.is_code:
                continue
            suffix = file.path.suffix.lower()
            if suffix not in _DATA:
                self._notices.add(line, f"{name} is of no form that is read", source)
            elif suffix in {".csv", ".tsv"}:
                for row, values in read_table(file.path, self._files.text(file.path)):
                    yield as_tree(_row_as_test(values), row), file.path
            elif suffix == ".jsonl":
                for row, read in read_json_lines(file.path, self._files.text(file.path)):
                    yield as_tree(read, row), file.path
            else:
                tree = self._files.tree(file.path)
                for entry in tree.nodes if isinstance(tree, Items) else (tree,):
                    yield entry, file.path

    def _read(self, node: Node, source: Path) -> PromptfooTest:
        default = self.default
        keys = _keys(node)
        if not isinstance(node, Mapping):
            self._notices.add(node.line, "a test must be keys with values", source)
        for key in keys.keys() - _KEYS:
            self._notices.add(keys[key].line, f'"{key}" of a test is not used', source)
        options = self._read_options(keys.get("options"), source)
        own = keys.get("assert")
        asserted = own.nodes if isinstance(own, Items) else (own,) if own is not None else ()
        variables = self._read_variables(keys["vars"], source) if "vars" in keys else {}
        tags = _read_tags(keys["metadata"]) if "metadata" in keys else ()
        prompts = to_value(keys["prompts"]) if "prompts" in keys else []
        return PromptfooTest(
            line=node.line,
            source=source,
            title=_text(keys.get("description")) or default.title,
            variables={**default.variables, **variables},
            assertions=(*((each, source) for each in asserted), *default.assertions),
            prefix=options.get("prefix", default.prefix),
            suffix=options.get("suffix", default.suffix),
            tags=tuple(dict.fromkeys((*default.tags, *tags))),
            prompts=tuple(str(each) for each in prompts) if isinstance(prompts, list) else (),
            expands=default.expands and options.get("disableVarExpansion") != "true",
            is_transformed=default.is_transformed
            or any(options.get(key, "").strip() not in _HARMLESS for key in _TRANSFORMS),
            threshold=_text(keys.get("threshold")) or default.threshold,
        )

    def _read_options(self, node: Node | None, source: Path) -> dict[str, str]:
        keys = _keys(node) if node is not None else {}
        for key in keys.keys() - _OPTIONS:
            if key in _TRANSFORMS and _text(keys[key]).strip() in _HARMLESS:
                continue
            told = f'"{key}" in the options of a test is not used'
            if key in _TRANSFORMS:
                told += ": it is code, and without it the test's assertions would not be the same"
            self._notices.add(keys[key].line, told, source)
        return {key: _text(keys[key]) for key in keys.keys() & (_OPTIONS | _TRANSFORMS)}

    def _read_variables(self, node: Node, source: Path) -> dict[str, JsonValue]:
        if isinstance(node, Mapping):
            return {
                key.text: self._read_value(to_value(value), value.line, source)
                for key, value in node.pairs
            }
        found: dict[str, JsonValue] = {}
        for entry in node.nodes if isinstance(node, Items) else (node,):
            name = _text(entry)
            for file in self._files.find(name, entry.line, source, source.parent):
                if file.is_code:
                    continue
                tree = self._files.tree(file.path)
                if isinstance(tree, Mapping):
                    found |= self._read_variables(tree, file.path)
                else:
                    told = f"{name} holds no variables with values"
                    self._notices.add(entry.line, told, source)
        return found

    def _read_value(self, value: JsonValue, line: int, source: Path) -> JsonValue:
        if isinstance(value, list):
            return [self._read_value(item, line, source) for item in value]
        if not isinstance(value, str) or not value.startswith(PREFIX):
            return value
        texts: list[JsonValue] = [
            self._read_file(file.path, value, line, source)
            for file in self._files.find(value, line, source)
            if not file.is_code
        ]
        if not texts:
            return ""
        return texts if len(texts) > 1 or "*" in value else texts[0]

    def _read_file(self, path: Path, name: str, line: int, source: Path) -> JsonValue:
        try:
            if path.suffix == ".json" or is_yaml(path):
                return to_value(self._files.tree(path))
            return self._files.text(path).strip()
        except UserError as problem:
            self._notices.add(line, f"{name} is not read: {problem.message.rstrip('.')}", source)
            return ""


def _row_as_test(row: dict[str, str]) -> dict[str, JsonValue]:
    """Return a row of a CSV file as a test: columns that begin with __ are no variables."""
    test: dict[str, JsonValue] = {}
    variables: dict[str, JsonValue] = {}
    asserted: list[JsonValue] = []
    metadata: dict[str, JsonValue] = {}
    options: dict[str, JsonValue] = {}
    for name, value in row.items():
        if re.fullmatch(r"__expected\d*", name):
            asserted += [value] if value.strip() else []
        elif name.startswith("__metadata:"):
            key = name.removeprefix("__metadata:")
            several = [part.replace("\\,", ",") for part in re.split(r"(?<!\\),", value)]
            metadata[key.removesuffix("[]")] = several if key.endswith("[]") else value
        elif name in {"__prefix", "__suffix"}:
            options[name.strip("_")] = value
        elif name in {"__description", "__threshold"}:
            test |= {name.strip("_"): value} if value.strip() else {}
        elif name.startswith("__"):
            test[name] = value
        elif name:
            variables[name] = value
    parts = {"vars": variables, "assert": asserted, "metadata": metadata, "options": options}
    return {**test, **{key: value for key, value in parts.items() if value}}


def _read_tags(node: Node) -> tuple[str, ...]:
    tags: list[str] = []
    for key, value in _keys(node).items():
        plain = to_value(value)
        for item in plain if isinstance(plain, list) else [plain]:
            text = item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)
            if text.strip():
                tags.append(text if key == "tags" else f"{key}: {text}")
    return tuple(tags)


def _keys(node: Node) -> dict[str, Node]:
    return {key.text: value for key, value in node.pairs} if isinstance(node, Mapping) else {}


def _text(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) and node.value is not None else ""
