"""promptfoo's assertions as checks; what has none is named in a notice.

promptfoo compares texts to the letter where our checks forgive case: that is asked for here. Its
weights are kept; one of 0 means that a measure is only recorded, and such an assertion is left
out. Measures of time and cost, code, and whatever needs an embedding or a remote model have no
check.
"""

import re
from collections.abc import Callable
from collections.abc import Mapping as MappingOf
from pathlib import Path

import msgspec

from desktop.domain.base import JsonValue
from desktop.domain.suite import Check
from desktop.scoring.registry import KINDS
from desktop.suites.promptfoo.files import PREFIX, ProjectFiles
from desktop.suites.promptfoo.notices import Notices
from desktop.suites.promptfoo.template import Renderer, TemplateProblem, as_text
from desktop.suites.yaml_tree import Node, is_finite, to_value

_CODE = frozenset({"javascript", "python", "ruby", "webhook"})
_MODEL_GRADED = frozenset(
    {
        *("answer-relevance", "context-faithfulness", "context-recall", "context-relevance"),
        *("conversation-relevance", "factuality", "g-eval"),
        *("model-graded-factuality", "moderation", "pi", "select-best", "max-score", "classifier"),
        *("similar", "similar:cosine", "similar:dot", "similar:euclidean", "search-rubric"),
    }
)
_MEASURED = frozenset({"latency", "cost", "perplexity", "perplexity-score", "finish-reason"})
_REMOTE = frozenset(
    {
        *("is-valid-openai-tools-call", "is-valid-openai-function-call", "is-valid-function-call"),
        *("tool-call-f1", "guardrails", "trace-span-count", "trace-span-duration"),
        *("trace-error-spans", "contains-sql", "is-sql", "contains-xml", "is-xml", "is-html"),
        *("contains-html", "gleu", "meteor", "levenshtein"),
    }
)
_MEASURED_ELSEWHERE = frozenset({"rouge-n", "bleu"})
_RUBRICS = frozenset({"llm-rubric", "agent-rubric", "model-graded-closedqa"})
# Keys that change nothing about whether an answer is good.
_KNOWN_KEYS = frozenset({"type", "value", "threshold", "weight", "metric", "assert", "description"})
_EXPECTED = re.compile(r"(not-)?([a-z][a-z0-9:-]*?)(?:\(([\d.]+)\))?:\s*(.*)", re.DOTALL)
_BARE_TYPES = frozenset({"is-json", "contains-json", "is-refusal"})
_SHORT_TYPES = {"grade": "llm-rubric", "fn": "javascript", "eval": "javascript"}


class Unsupported(Exception):
    """An assertion has no check; `message` says why."""

    def __init__(self, message: str) -> None:
        """Keep the middle of the sentence."""
        super().__init__(message)
        self.message = message


class AssertionReader:
    """Reads the assertions of one test with its variables filled in."""

    def __init__(
        self, renderer: Renderer, files: ProjectFiles, notices: Notices, templates: JsonValue
    ) -> None:
        """Take what values may refer to; `templates` are the file's `assertionTemplates`."""
        self._renderer = renderer
        self._files = files
        self._notices = notices
        self._templates = templates if isinstance(templates, dict) else {}

    def read(self, node: Node, source: Path) -> Check | None:
        """Return one assertion as a check, `None` after a notice."""
        value = to_value(node)
        if isinstance(value, str):
            value = parse_expected(value)
        if isinstance(value, dict) and isinstance(value.get("$ref"), str):
            name = value["$ref"].rpartition("/")[2]
            value = self._templates.get(name)
        if not isinstance(value, dict) or not isinstance(value.get("type"), str):
            self._notices.add(node.line, "an assertion has no type, and is left out", source)
            return None
        return self._read_value(value, node.line, source)

    def _read_value(self, value: dict[str, JsonValue], line: int, source: Path) -> Check | None:
        name = value["type"]
        try:
            check = self._convert(value)
        except Unsupported as problem:
            self._notices.add(line, f'the assertion "{name}" {problem.message}', source)
            return None
        for key in value.keys() - _KNOWN_KEYS:
            message = f'"{key}" of the assertion "{name}" is not used'
            self._notices.add(line, message, source)
        if name.removeprefix("not-") in _MEASURED_ELSEWHERE:
            message = f'the assertion "{name}" is measured as its reference implementation does'
            self._notices.add(line, f"{message}, and promptfoo may differ", source)
        if "metric" in value:
            self._notices.add(line, "names of metrics are not kept", source)
        return check

    def _convert(self, value: dict[str, JsonValue]) -> Check:
        name = str(value["type"])
        weight = value.get("weight", 1)
        if isinstance(weight, bool) or not isinstance(weight, int | float) or weight < 0:
            raise Unsupported(f"has a weight that is no number, {weight}")
        if weight == 0 and name != "assert-set":
            raise Unsupported("has the weight 0, only records a measure, and is left out")
        if "transform" in value:
            raise Unsupported("changes answers by code before it looks at them, and is left out")
        negated = name.startswith("not-")
        base = name.removeprefix("not-")
        _refuse(base)
        if base == "assert-set":
            check = self._read_set(value)
        else:
            convert = _CONVERSIONS.get(base)
            if convert is None:
                raise Unsupported("is not known, and is left out")
            check = convert(self._fill(value.get("value")), value)
        if negated and KINDS[check.kind].decided_elsewhere:
            raise Unsupported("turns a judge's verdict round, and is left out")
        if negated:
            check = Check(kind="not", expected=as_mapping(check))
        check = Check(
            kind=check.kind, expected=check.expected, options=check.options, weight=float(weight)
        )
        _validate(check)
        return check

    def _read_set(self, value: dict[str, JsonValue]) -> Check:
        parts = value.get("assert")
        if not isinstance(parts, list) or not parts:
            raise Unsupported("has no assertions in it")
        inner = [self._convert(part) for part in parts if isinstance(part, dict) and "type" in part]
        if len(inner) != len(parts):
            raise Unsupported("holds something that is no assertion")
        options: dict[str, JsonValue] = {}
        if "threshold" in value:
            options["at_least"] = _threshold(value, 1.0)
            if not 0 <= options["at_least"] <= 1:
                raise Unsupported("has a threshold that is not from 0 to 1")
        return Check(
            kind="all_of", expected=[as_mapping(check) for check in inner], options=options
        )

    def _fill(self, value: JsonValue) -> JsonValue:
        try:
            if isinstance(value, str):
                return self._fill_text(value)
            if isinstance(value, list):
                return [self._fill(item) for item in value]
        except TemplateProblem as problem:
            raise Unsupported(f"can't be filled in: {problem.message}") from None
        return value

    def _fill_text(self, text: str) -> JsonValue:
        if not text.startswith(PREFIX):
            return self._renderer.render(text)
        found = self._files.find(text, 0, self._notices.path)
        if not found or found[0].is_code:
            raise Unsupported(f"needs {text}, which is not read")
        path = found[0].path
        if path.suffix in {".json", ".yaml", ".yml"}:
            return to_value(self._files.tree(path))
        return self._files.text(path).strip()


def parse_expected(text: str) -> dict[str, JsonValue]:
    """Return an expectation written in one text, as CSV files have it: `contains: word`."""
    text = text.strip()
    if text.removeprefix("not-") in _BARE_TYPES:
        return {"type": text}
    found = _EXPECTED.fullmatch(text)
    name = _SHORT_TYPES.get(found[2], found[2]) if found else ""
    if found is None or not (name in _CONVERSIONS or _is_known(name)):
        return {"type": "equals", "value": text}
    value: JsonValue = found[4].strip()
    if name.endswith(("-any", "-all")):
        value = [part.strip().replace("\\,", ",") for part in re.split(r"(?<!\\),", found[4])]
    read: dict[str, JsonValue] = {"type": f"{found[1] or ''}{name}", "value": value}
    if found[3]:
        read["threshold"] = float(found[3]) if found[3].count(".") < 2 else 0  # noqa: PLR2004 - a number has one point
    return read


def _is_known(name: str) -> bool:
    return name in _CODE | _MODEL_GRADED | _MEASURED | _REMOTE | _RUBRICS


def _refuse(base: str) -> None:
    if base in _CODE:
        raise Unsupported("is code, which is not run")
    if base in _MODEL_GRADED:
        raise Unsupported("needs another model to grade, and is left out")
    if base in _MEASURED:
        raise Unsupported("is a matter of measuring, not of the answer, and is left out")
    if base in _REMOTE:
        raise Unsupported("has no counterpart here, and is left out")


def as_mapping(check: Check) -> dict[str, JsonValue]:
    """Return a check as it stands within another."""
    weight = {} if check.weight == 1 else {"weight": check.weight}
    return {check.kind: check.expected, **check.options, **weight}


def _validate(check: Check) -> None:
    kind = KINDS.get(check.kind)
    if kind is None:
        raise Unsupported(f'has no counterpart here ("{check.kind}"), and is left out')
    if not is_finite([check.expected, check.options]):
        raise Unsupported("holds a number beyond all numbers")
    fault = kind.find_fault(check)
    if fault:
        raise Unsupported(f"can't be used: {fault}")


def _text(value: JsonValue) -> str:
    text = as_text(value)
    if not text:
        raise Unsupported("has no value")
    return text


def _texts(value: JsonValue) -> list[str]:
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list) or not value:
        raise Unsupported("needs a list of texts")
    return [_text(item).strip() for item in value]


def _plain(kind: str, *, match_case: bool) -> "Conversion":
    options: dict[str, JsonValue] = {"match_case": True} if match_case else {}
    return lambda value, _whole: Check(kind=kind, expected=_text(value), options=options)


def _several(kind: str, *, match_case: bool) -> "Conversion":
    options: dict[str, JsonValue] = {"match_case": True} if match_case else {}
    return lambda value, _whole: Check(kind=kind, expected=_texts(value), options=options)


def _equals(value: JsonValue, _whole: MappingOf[str, JsonValue]) -> Check:
    if isinstance(value, dict):
        return Check(kind="json", expected=value, options={"only_keys": True, "alone": True})
    options: dict[str, JsonValue] = {"match_case": True, "match_punctuation": True}
    return Check(kind="equals", expected=_text(value), options=options)


def _is_json(value: JsonValue, _whole: MappingOf[str, JsonValue]) -> Check:
    schema = value
    if isinstance(value, str):
        try:
            schema = msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise Unsupported("has a schema that is no JSON") from None
    return Check(kind="json_schema", expected=True if schema is None else schema)


def _is_json_alone(value: JsonValue, whole: MappingOf[str, JsonValue]) -> Check:
    found = _is_json(value, whole)
    return Check(kind=found.kind, expected=found.expected, options={"alone": True})


def _threshold(whole: MappingOf[str, JsonValue], usual: float) -> float:
    threshold = whole.get("threshold", usual)
    if isinstance(threshold, bool) or not isinstance(threshold, int | float):
        raise Unsupported("has a threshold that is no number")
    return float(threshold)


def _rouge(value: JsonValue, whole: MappingOf[str, JsonValue]) -> Check:
    options: dict[str, JsonValue] = {"variant": "rouge1", "at_least": _threshold(whole, 0.75)}
    return Check(kind="rouge", expected=_text(value), options=options)


def _bleu(value: JsonValue, whole: MappingOf[str, JsonValue]) -> Check:
    options: dict[str, JsonValue] = {"at_least": _threshold(whole, 0.5)}
    return Check(kind="bleu", expected=_text(value), options=options)


def _word_count(value: JsonValue, _whole: MappingOf[str, JsonValue]) -> Check:
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole and not (isinstance(value, dict) and value and value.keys() <= {"min", "max"}):
        raise Unsupported("needs a number of words, or min and max")
    return Check(kind="word_count", expected=value)


def _rubric(value: JsonValue, _whole: MappingOf[str, JsonValue]) -> Check:
    return Check(kind="judge", expected=_text(value))


def _refusal(_value: JsonValue, _whole: MappingOf[str, JsonValue]) -> Check:
    return Check(kind="refuses", expected=True)


Conversion = Callable[[JsonValue, MappingOf[str, JsonValue]], Check]
_CONVERSIONS: MappingOf[str, Conversion] = {
    "equals": _equals,
    "contains": _plain("contains", match_case=True),
    "icontains": _plain("contains", match_case=False),
    "contains-any": _several("contains_any", match_case=True),
    "icontains-any": _several("contains_any", match_case=False),
    "contains-all": _several("contains_all", match_case=True),
    "icontains-all": _several("contains_all", match_case=False),
    "starts-with": _plain("starts_with", match_case=True),
    "regex": _plain("regex", match_case=True),
    "is-json": _is_json_alone,
    "contains-json": _is_json,
    "is-refusal": _refusal,
    "word-count": _word_count,
    "rouge-n": _rouge,
    "bleu": _bleu,
    **dict.fromkeys(_RUBRICS, _rubric),
}
