"""Reading suite files of our own format, version 1, and finding those that ship with us.

A suite file is YAML; `resources/schemas/suite.schema.json` describes it. Its defaults hold for
every case: a case's own value replaces them, its tags are added to them. Files come from
strangers: whatever is wrong ends in a `UserError` that names file, line and key.
"""

import contextlib
import gc
import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec

from desktop.domain.suite import Case, Suite
from desktop.errors import UserError
from desktop.paths import resources_folder
from desktop.suites.attachments import read_documents, read_few_shot
from desktop.suites.cases import Attachable, CaseReader, Defaults
from desktop.suites.fields import Fields
from desktop.suites.findings import Findings
from desktop.suites.generating import read_generate, read_generated, read_imported
from desktop.suites.plain_yaml import NotPlain
from desktop.suites.quick_cases import QuickReader, SplitFile, split_cases
from desktop.suites.source import decode_utf8, read_bytes
from desktop.suites.yaml_tree import Items, Node, Scalar, YamlProblem, parse_yaml

FORMAT_VERSION = 1
VERSION_KEY = "touchstone_suite"
MOST_BYTES = 50_000_000

_ReadCases: TypeAlias = Callable[[Fields, Defaults, Attachable, Findings], list[tuple[Case, int]]]
SUITE_KEYS = (
    *(VERSION_KEY, "id", "title", "version", "description", "license", "language"),
    *("system_prompt", "fill_variables", "documents", "few_shot", "defaults"),
    *("cases", "generate", "generated", "imported"),
)


def list_bundled_suites() -> tuple[Path, ...]:
    """Return the suite files that ship with the program: the starter suite, then by name."""
    files = (resources_folder() / "suites").glob("*.yaml")
    return tuple(sorted(files, key=lambda path: (path.stem != "starter", path.stem)))


def read_suite(path: Path) -> Suite:
    """Return the suite of a file; raises `UserError` that names what is wrong, and where."""
    return read_suite_bytes(path, read_bytes(path, MOST_BYTES))


def read_suite_bytes(path: Path, content: bytes) -> Suite:
    """Return the suite of a content that need not be in the file yet; `path` names it."""
    text = decode_utf8(path, content)
    split = split_cases(text)
    # Cases by the ten thousand are objects by the million, none of them garbage.
    with collector_resting():
        if split is not None:
            with contextlib.suppress(YamlProblem):
                root = parse_yaml(split.head)
                return _read(path, content, root, _read_entries(split))
        findings = Findings(path)
        return _read(path, content, _parse(path, text, findings), _read_nodes)


def _read(path: Path, content: bytes, root: Node, read_cases: _ReadCases) -> Suite:
    findings = Findings(path)
    fields = Fields(root, "the suite", SUITE_KEYS, findings)
    _check_version(fields, path, findings)
    fields.require("id", "title", "version")
    if "generate" not in fields and read_cases is _read_nodes:
        fields.require("cases")
    documents = read_documents(fields, findings)
    few_shot = read_few_shot(fields, findings)
    attachable = Attachable([d.id for d in documents], [e.id for e in few_shot])
    defaults = Defaults(fields.node("defaults"), findings, attachable)
    written = read_cases(fields, defaults, attachable, findings)
    made = read_generate(fields, defaults.language or _read_language(fields), findings)
    generated_cases = tuple(defaults.apply(case) for _, cases, _ in made for case in cases)
    _note_ids_that_recur(written, [(cases, line) for _, cases, line in made], findings)
    cases = (*(case for case, _ in written), *generated_cases)
    if cases and not any(case.weight for case in cases):
        findings.add(0, "every case has the weight 0, so that nothing would count")
    suite = Suite(
        id=fields.identifier("id"),
        title=fields.text("title"),
        version=fields.text("version"),
        cases=cases,
        description=fields.text("description"),
        license=fields.text("license"),
        system_prompt=fields.text("system_prompt") or None,
        sha256=_hash(content, generated_cases),
        path=str(path.absolute()),
        bundled=path.resolve().parent == (resources_folder() / "suites").resolve(),
        documents=documents,
        few_shot=few_shot,
        imported=read_imported(fields),
        generated=(*read_generated(fields, findings), *(record for record, _, _ in made)),
    )
    if findings.count:
        raise findings.error()
    return suite


def _parse(path: Path, text: str, findings: Findings) -> Node:
    try:
        root = parse_yaml(text)
    except YamlProblem as problem:
        findings.add(problem.line, problem.message)
        raise findings.error() from None
    if isinstance(root, Scalar) and root.value is None:
        raise UserError(f"{path} is empty.", remedy="A suite needs an id, a title and cases.")
    return root


def _check_version(fields: Fields, path: Path, findings: Findings) -> None:
    node = fields.node(VERSION_KEY)
    if node is None:
        message = f'it is no Touchstone suite: the key "{VERSION_KEY}: {FORMAT_VERSION}" is missing'
        findings.add(fields.line, message)
        return
    version = node.value if isinstance(node, Scalar) else None
    if version == FORMAT_VERSION and not isinstance(version, bool):
        return
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise UserError(
            f"{path}, line {node.line}: the suite has format version {version}, and this program"
            f" reads version {FORMAT_VERSION}.",
            remedy="Read it with a newer Touchstone.",
        )
    fields.wrong(VERSION_KEY, f"{FORMAT_VERSION}")


def _read_language(fields: Fields) -> str:
    return fields.text("language", "en")


def _read_nodes(
    fields: Fields, defaults: Defaults, attachable: Attachable, findings: Findings
) -> list[tuple[Case, int]]:
    language = _read_language(fields)
    fill = fields.flag("fill_variables") is not False
    return [
        (
            CaseReader(
                node, position, findings, defaults=defaults, attachable=attachable, fill=fill
            ).read(language),
            node.line,
        )
        for position, node in enumerate(fields.items("cases"), start=1)
    ]


def _read_entries(split: SplitFile) -> "_ReadCases":
    """Return what reads the cases of a large file; `YamlProblem` if it can't be taken apart."""

    def read_cases(
        fields: Fields, defaults: Defaults, attachable: Attachable, findings: Findings
    ) -> list[tuple[Case, int]]:
        if "cases" in fields:
            raise YamlProblem("there are cases in two places", 0)
        language = _read_language(fields)
        fill = fields.flag("fill_variables") is not False
        quick = QuickReader(
            defaults, language, attachable=attachable, fill=fill, indent=split.indent
        )
        cases: list[tuple[Case, int]] = []
        for position, (text, line) in enumerate(split.entries, start=1):
            try:
                case = quick.read(text)
            except NotPlain:
                tree = parse_yaml(text, line)
                node = tree.nodes[0] if isinstance(tree, Items) else tree
                reader = CaseReader(
                    node, position, findings, defaults=defaults, attachable=attachable, fill=fill
                )
                case = reader.read(language)
            cases.append((case, line))
        return cases

    return read_cases


@contextlib.contextmanager
def collector_resting() -> Iterator[None]:
    """Keep Python from looking for garbage again and again among what is being built."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _note_ids_that_recur(
    written: Sequence[tuple[Case, int]],
    made: Sequence[tuple[Sequence[Case], int]],
    findings: Findings,
) -> None:
    lines: dict[str, int] = {}
    for case, line in written:
        if case.id and case.id in lines:
            findings.add(line, f'case id "{case.id}" is already on line {lines[case.id]}')
        lines.setdefault(case.id, line)
    for cases, line in made:
        twice = next((case.id for case in cases if case.id in lines), None)
        if twice is not None:
            message = f'the generated case id "{twice}" is already on line {lines[twice]}'
            findings.add(line, f'{message}; give one of them a "prefix"')
        lines.update(dict.fromkeys((case.id for case in cases), line))


def _hash(content: bytes, generated: Sequence[Case]) -> str:
    """Another version of a generator makes another suite of the same file."""
    digest = hashlib.sha256(content)
    if generated:
        digest.update(msgspec.json.encode(generated))
    return digest.hexdigest()
