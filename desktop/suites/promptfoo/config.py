"""promptfoo's configuration files as suites: every test with every prompt becomes a case."""

import hashlib
import itertools
import re
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as MappingOf
from pathlib import Path

import msgspec

from desktop.domain.base import JsonValue
from desktop.domain.suite import Case, Check, Message, Suite
from desktop.domain.suite_import import SuiteImport
from desktop.scoring.registry import KINDS
from desktop.suites.cases import MOST_REPEATS
from desktop.suites.promptfoo.assertions import AssertionReader, as_mapping
from desktop.suites.promptfoo.files import ProjectFiles, parse_tree
from desktop.suites.promptfoo.notices import Notices
from desktop.suites.promptfoo.prompts import (
    PromptReader,
    PromptTemplate,
    UnusablePrompt,
    fill_prompt,
)
from desktop.suites.promptfoo.template import Renderer, TemplateProblem
from desktop.suites.promptfoo.tests import PromptfooTest, TestReader
from desktop.suites.source import decode_utf8, read_bytes
from desktop.suites.yaml_tree import Mapping, Node, Scalar, to_value

MOST_BYTES = 50_000_000
MOST_CASES = 100_000
FORMAT = "promptfoo"
# By these a configuration is told from a suite of ours.
_MARKS = frozenset({"prompts", "tests", "providers", "targets", "scenarios", "defaultTest"})
_SILENT = frozenset({"$schema", "prompts", "tests", "scenarios", "defaultTest", "description"})
_REASONS: MappingOf[str, str] = {
    "providers": "providers are not used: models are chosen when the suite is run",
    "targets": "targets are not used: models are chosen when the suite is run",
    "nunjucksFilters": "filters of one's own are code, which is not run",
    "extensions": "extensions are code, which is not run",
    "derivedMetrics": "derived metrics are not computed",
    "env": "environment variables are not read",
    "redteam": "red-team plugins make their tests with a remote model, and are left out",
    "evaluateOptions": 'of "evaluateOptions" only "repeat" is used',
}
_TITLE = 60


def is_promptfoo(node: Node) -> bool:
    """Whether a document is a promptfoo configuration by its keys."""
    keys = {key.text for key, _ in node.pairs} if isinstance(node, Mapping) else set()
    return bool(keys & _MARKS) and not any(key.startswith("touchstone") for key in keys)


def read_promptfoo(path: Path) -> SuiteImport:
    """Return the suite of a configuration, perhaps without cases, and what it could not keep.

    Raises `UserError` where the configuration itself, or a file that it names, can't be read.
    """
    content = read_bytes(path, MOST_BYTES)
    root = parse_tree(path, decode_utf8(path, content))
    notices = Notices(path)
    return _ConfigReader(path, root, notices).read()


class _ConfigReader:
    def __init__(self, path: Path, root: Node, notices: Notices) -> None:
        pairs = root.pairs if isinstance(root, Mapping) else ()
        self._keys = {key.text: value for key, value in pairs}
        self._key_lines = {key.text: key.line for key, _ in pairs}
        self._path = path
        self._notices = notices
        self._files = ProjectFiles(path, notices)

    def read(self) -> SuiteImport:
        self._note_keys()
        prompts_node = self._keys.get("prompts")
        prompts: tuple[PromptTemplate, ...] = ()
        if prompts_node is not None:
            reader = PromptReader(self._path, self._files, self._notices)
            prompts = tuple(reader.read(prompts_node))
        if not prompts:
            self._notices.add(0, "there is no prompt that can be asked")
        tests = self._read_tests()
        cases = tuple(itertools.islice(self._make_cases(prompts, tests), MOST_CASES + 1))
        if len(cases) > MOST_CASES:
            self._notices.add(0, f"only the first {MOST_CASES:,} cases are taken")
            cases = cases[:MOST_CASES]
        digest = hashlib.sha256(msgspec.json.encode(cases)).hexdigest()
        title = self._text("description") or self._path.parent.name or self._path.stem
        suite = Suite(
            id=_make_id(self._path),
            title=title,
            version=digest[:8],
            cases=cases,
            sha256=digest,
            path=str(self._path.absolute()),
        )
        return SuiteImport(suite=suite, format=FORMAT, notices=self._notices.listed())

    def _note_keys(self) -> None:
        for key, line in self._key_lines.items():
            if key == "assertionTemplates" or key in _SILENT:
                continue
            reason = _REASONS.get(key, f'"{key}" is not used')
            if key == "evaluateOptions" and _only_repeats(self._keys[key]):
                continue
            self._notices.add(line, reason)

    def _text(self, key: str) -> str:
        node = self._keys.get(key)
        return node.text.strip() if isinstance(node, Scalar) else ""

    def _read_tests(self) -> tuple[PromptfooTest, ...]:
        reader = TestReader(self._path, self._files, self._notices)
        if "defaultTest" in self._keys:
            reader.set_default(self._keys["defaultTest"])
        tests: list[PromptfooTest] = []
        if "tests" in self._keys:
            tests += reader.read_all(self._keys["tests"])
        if "scenarios" in self._keys:
            tests += reader.read_scenarios(self._keys["scenarios"])
        if "tests" not in self._keys and "scenarios" not in self._keys:
            tests.append(reader.default)
        if not tests:
            # What every test would have had is told even so.
            self._make_maker().read_checks(reader.default, Renderer({}))
        return tuple(tests)

    def _make_maker(self) -> "_CaseMaker":
        node = self._keys.get("assertionTemplates")
        templates = to_value(node) if node is not None else {}
        return _CaseMaker(self._files, self._notices, templates, self._read_repeats())

    def _read_repeats(self) -> int | None:
        node = self._keys.get("evaluateOptions")
        options = to_value(node) if node is not None else {}
        repeats = options.get("repeat") if isinstance(options, dict) else None
        if isinstance(repeats, bool) or not isinstance(repeats, int):
            return None
        return repeats if 1 < repeats <= MOST_REPEATS else None

    def _make_cases(
        self, prompts: Sequence[PromptTemplate], tests: Sequence[PromptfooTest]
    ) -> Iterator[Case]:
        maker = self._make_maker()
        for position, test in enumerate(tests, start=1):
            chosen = [each for each in prompts if test.takes(each.names)]
            if not chosen and prompts:
                self._notices.add(test.line, "a test names no prompt that there is", test.source)
            sets = list(itertools.islice(test.variable_sets(), MOST_CASES))
            several = len(chosen) * len(sets) > 1
            for (number, variables), (place, prompt) in itertools.product(
                enumerate(sets, start=1), enumerate(chosen, start=1)
            ):
                name = f"test-{position}"
                group = name if several else ""
                name += f"-{number}" if len(sets) > 1 else ""
                name += f"-prompt-{place}" if len(chosen) > 1 else ""
                case = maker.make(name, test, variables, prompt)
                if case is not None:
                    yield msgspec.structs.replace(case, group=group)


class _CaseMaker:
    """Makes a case of one test, one set of its variables and one prompt."""

    def __init__(
        self, files: ProjectFiles, notices: Notices, templates: JsonValue, repeats: int | None
    ) -> None:
        self._files = files
        self._notices = notices
        self._templates = templates
        self._repeats = repeats

    def make(
        self,
        name: str,
        test: PromptfooTest,
        variables: MappingOf[str, JsonValue],
        prompt: PromptTemplate,
    ) -> Case | None:
        renderer = Renderer(variables)
        try:
            messages = fill_prompt(prompt, renderer)
            messages = _wrap(messages, renderer.render(test.prefix), renderer.render(test.suffix))
        except (UnusablePrompt, TemplateProblem) as problem:
            told = f'a prompt can\'t be asked, and "{name}" is left out: {problem.message}'
            self._notices.add(prompt.line, told, prompt.source)
            return None
        finally:
            for missing in sorted(renderer.missing):
                told = f'the variable "{missing}" is not given, and nothing stands in its place'
                self._notices.add(test.line, told, test.source)
        return Case(
            id=name,
            title=test.title or _shorten(messages[-1].content) or name,
            messages=messages,
            checks=self.read_checks(test, renderer),
            tags=test.tags,
            repeats=self._repeats,
        )

    def read_checks(self, test: PromptfooTest, renderer: Renderer) -> tuple[Check, ...]:
        """Return the checks of a test: at least one, a person's rating if need be."""
        reader = AssertionReader(renderer, self._files, self._notices, self._templates)
        asserted = () if test.is_transformed else test.assertions
        found = [reader.read(node, source) for node, source in asserted]
        checks = tuple(check for check in found if check is not None)
        if checks:
            return self._apply_threshold(test, checks) if test.threshold else checks
        self._notices.add(
            test.line, "a test has nothing left to check: a person rates its answers", test.source
        )
        return (Check(kind="rating", expected="Is the answer good?"),)

    def _apply_threshold(self, test: PromptfooTest, checks: tuple[Check, ...]) -> tuple[Check, ...]:
        """Return one check on the mean score, unless that would be another mean than promptfoo's.

        It would where an assertion was left out; and what a judge decides stands by itself.
        """
        whole = len(checks) == len(test.assertions)
        alone = any(KINDS[check.kind].decided_elsewhere for check in checks)
        least = _read_share(test.threshold)
        if least is None or not whole or alone:
            told = "the threshold of a test is not used: all of its checks have to pass"
            self._notices.add(test.line, told, test.source)
            return checks
        inner = [as_mapping(check) for check in checks]
        return (Check(kind="all_of", expected=inner, options={"at_least": least}),)


def _read_share(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number <= 1 else None


def _wrap(messages: tuple[Message, ...], prefix: str, suffix: str) -> tuple[Message, ...]:
    if not prefix and not suffix:
        return messages
    last = messages[-1]
    content = f"{prefix}{last.content}{suffix}"
    return (*messages[:-1], msgspec.structs.replace(last, content=content))


def _only_repeats(node: Node) -> bool:
    return isinstance(node, Mapping) and {key.text for key, _ in node.pairs} <= {"repeat"}


def _make_id(path: Path) -> str:
    name = path.stem.removeprefix("promptfooconfig").strip("._-")
    folder = path.absolute().parent.name
    raw = f"{folder}-{name}" if name else folder
    text = re.sub(r"[^A-Za-z0-9._-]+", "-", raw).strip("-._")
    return text[:100] or "promptfoo"


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _TITLE else line[: _TITLE - 1].rstrip() + "…"
