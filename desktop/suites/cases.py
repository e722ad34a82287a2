"""Reading the cases of a suite file, with the defaults that hold where a case says nothing."""

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence

import msgspec

from desktop.domain.base import JsonValue
from desktop.domain.settings import Sampling
from desktop.domain.suite import Case, Check, Continuation, Message, Metric, Role
from desktop.suites.attachments import note_unknown, read_messages
from desktop.suites.checks import read_check
from desktop.suites.constraints import CONSTRAINT_KEYS, Constraint, read_constraint
from desktop.suites.fields import Fields
from desktop.suites.findings import Findings
from desktop.suites.likelihood import read_continuations, read_metric
from desktop.suites.variables import Filler, read_variables
from desktop.suites.yaml_tree import Mapping, Node, Scalar, is_finite, to_value

DIFFICULTIES = ("easy", "medium", "hard")
# What a case takes from the defaults as it stands there, its own variables filled in.
_TEMPLATE_KEYS = ("prompt", "messages", "checks")
_SHARED_KEYS = (
    *("vars", "max_tokens", "stop", "tags", "language", "difficulty", *CONSTRAINT_KEYS),
    *("metric", "few_shot", "documents", "weight", "repeats", "sampling", "group"),
)
DEFAULT_KEYS = (*_TEMPLATE_KEYS, *_SHARED_KEYS)
CASE_KEYS = ("id", "title", *DEFAULT_KEYS, "context", "continuations", "examples", "source_row")
EXAMPLE_KEYS = ("pass", "fail")
# Least and most of each; the seed has 32 bits, as llama.cpp's has.
SAMPLING_LIMITS: MappingOf[str, tuple[float, float]] = {
    "temperature": (0, 100),
    "top_k": (0, 1_000_000),
    "top_p": (0, 1),
    "min_p": (0, 1),
    "repeat_penalty": (0.01, 100),
    "seed": (0, 2**32 - 1),
}
MOST_REPEATS = 1000
MOST_WEIGHT = 1_000_000


class Attachable:
    """The ids of documents and few-shot examples that a suite has."""

    def __init__(self, documents: Sequence[str] = (), few_shot: Sequence[str] = ()) -> None:
        """Keep them for the cases that name some."""
        self.documents = documents
        self.few_shot = few_shot


class Defaults:
    """What holds for every case that says nothing else."""

    def __init__(self, node: Node | None, findings: Findings, attachable: Attachable) -> None:
        """Read the shared values; texts with variables are left to the cases."""
        fields = Fields(node, '"defaults"', DEFAULT_KEYS, findings) if node else None
        self.max_tokens = fields.tokens("max_tokens") if fields else None
        self.stop = fields.texts("stop") if fields else ()
        self.tags = fields.texts("tags") if fields else ()
        self.language = fields.text("language") if fields else ""
        self.difficulty = read_difficulty(fields) if fields else ""
        self.constraint = (read_constraint(fields, findings) if fields else None) or Constraint()
        self.metric = read_metric(fields) if fields else None
        self.few_shot = fields.text("few_shot") if fields else ""
        self.documents = fields.texts("documents") if fields else ()
        weight = fields.number("weight", 0, MOST_WEIGHT) if fields else None
        self.weight = 1.0 if weight is None else weight
        self.repeats = fields.whole("repeats", 1, MOST_REPEATS) if fields else None
        self.sampling = _read_sampling(fields, findings) if fields else None
        self.group = fields.text("group") if fields else ""
        self.variables = read_variables(node, '"defaults"', findings) if node else {}
        self.templates = {
            key: template
            for key in _TEMPLATE_KEYS
            if fields and (template := fields.node(key)) is not None
        }
        if fields and all(key in fields for key in ("prompt", "messages")):
            message = f'{fields.where} has both "prompt" and "messages"; one of them is enough'
            findings.add(fields.key_line("prompt"), message)
        if fields and self.few_shot:
            note_unknown("few_shot", [self.few_shot], attachable.few_shot, fields, findings)
        if fields:
            note_unknown("documents", self.documents, attachable.documents, fields, findings)

    def apply(self, case: Case) -> Case:
        """Return a generated case with what it leaves open."""
        by_likelihood = bool(case.continuations)
        return msgspec.structs.replace(
            case,
            tags=tuple(dict.fromkeys((*self.tags, *case.tags))),
            difficulty=case.difficulty or self.difficulty,
            max_tokens=case.max_tokens or self.max_tokens,
            stop=case.stop or self.stop,
            repeats=case.repeats or self.repeats,
            sampling=case.sampling or self.sampling,
            few_shot=case.few_shot or self.few_shot,
            group=case.group or self.group,
            metric=case.metric or (self.metric if by_likelihood else None),
            weight=self.weight if case.weight == 1 else case.weight,
        )

    def complete(self, case: Mapping) -> Mapping:
        """Return a case with the prompt, messages and checks that it takes from here."""
        keys = {key.text for key, _ in case.pairs}
        taken = set(self.templates)
        if keys & {"prompt", "messages", "continuations"}:
            taken -= {"prompt", "messages"}
        if keys & {"checks", "continuations"}:
            taken.discard("checks")
        if not taken:
            return case
        added = tuple(
            (Scalar(text=key, plain=True, line=node.line), node)
            for key, node in self.templates.items()
            if key in taken
        )
        pairs = (*case.pairs, *added)
        return Mapping(pairs=pairs, line=case.line, size=case.size, depth=case.depth)


def read_difficulty(fields: Fields) -> str:
    """Return one of the three tiers, or an empty text."""
    return fields.choice("difficulty", {word: word for word in DIFFICULTIES}) or ""


class CaseReader:
    """Reads one case; `position` names it until its id is known."""

    def __init__(
        self,
        node: Node,
        position: int,
        findings: Findings,
        *,
        defaults: Defaults,
        attachable: Attachable,
        fill: bool,
    ) -> None:
        """Complete the case with the defaults and fill its variables in."""
        self._findings = findings
        self._defaults = defaults
        self._attachable = attachable
        where = _name_case(node, position)
        if isinstance(node, Mapping):
            node = defaults.complete(node)
            if fill:
                own = read_variables(node, where, findings)
                node = Filler({**defaults.variables, **own}, where, findings).fill_case(node)
        self._fields = Fields(node, where, CASE_KEYS, findings)

    def read(self, language: str) -> Case:
        """Return the case, usable also after findings."""
        fields, defaults = self._fields, self._defaults
        fields.require("id")
        case_id = fields.identifier("id")
        passing, failing = self._examples()
        by_likelihood = "continuations" in fields
        metric = read_metric(fields) or (defaults.metric if by_likelihood else None)
        constraint = read_constraint(fields, self._findings)
        constraint = constraint or (Constraint() if by_likelihood else defaults.constraint)
        weight = fields.number("weight", 0, MOST_WEIGHT)
        return Case(
            id=case_id,
            title=fields.text("title", case_id),
            messages=() if by_likelihood else self._messages(),
            checks=() if by_likelihood else self._checks(),
            continuations=self._continuations(metric),
            metric=metric,
            tags=tuple(dict.fromkeys((*defaults.tags, *fields.texts("tags")))),
            language=fields.text("language", defaults.language or language),
            difficulty=read_difficulty(fields) or defaults.difficulty,
            max_tokens=fields.tokens("max_tokens") or defaults.max_tokens,
            stop=fields.texts("stop") or defaults.stop,
            grammar=constraint.grammar,
            json_schema=constraint.json_schema,
            source_row=self._source_row(),
            passing_example=passing,
            failing_example=failing,
            few_shot=self._few_shot(),
            documents=self._documents(),
            weight=defaults.weight if weight is None else weight,
            repeats=fields.whole("repeats", 1, MOST_REPEATS) or defaults.repeats,
            sampling=_read_sampling(fields, self._findings) or defaults.sampling,
            group=fields.text("group", defaults.group),
        )

    def _messages(self) -> tuple[Message, ...]:
        fields = self._fields
        if "prompt" in fields and "messages" in fields:
            message = f'{fields.where} has both "prompt" and "messages"; one of them is enough'
            self._findings.add(fields.line, message)
            return ()
        if "prompt" not in fields and "messages" not in fields:
            self._findings.missing_key(fields.line, 'prompt" or "messages', fields.where)
            return ()
        if "prompt" in fields:
            return (Message(role=Role.USER, content=fields.text("prompt")),)
        messages = read_messages(fields, self._findings)
        if messages and messages[-1].role is not Role.USER:
            line = fields.key_line("messages")
            self._findings.add(line, f'"messages" of {fields.where} must end with the role user')
        return messages

    def _checks(self) -> tuple[Check, ...]:
        fields = self._fields
        fields.require("checks")
        nodes = fields.items("checks")
        for key in ("context", "metric"):
            if key in fields:
                message = f'"{key}" in {fields.where} needs "continuations", between which likeli'
                self._findings.add(fields.key_line(key), f"{message}hood decides")
        found = (read_check(node, fields.where, self._findings) for node in nodes)
        return tuple(check for check in found if check is not None)

    def _continuations(self, metric: Metric | None) -> tuple[Continuation, ...]:
        if "continuations" not in self._fields:
            return ()
        return read_continuations(self._fields, metric, self._findings)

    def _few_shot(self) -> str:
        if "few_shot" not in self._fields:
            return self._defaults.few_shot
        name = self._fields.text("few_shot")
        known = self._attachable.few_shot
        note_unknown("few_shot", [name], known, self._fields, self._findings)
        return name

    def _documents(self) -> tuple[str, ...]:
        if "documents" not in self._fields:
            return self._defaults.documents
        names = self._fields.texts("documents")
        known = self._attachable.documents
        note_unknown("documents", names, known, self._fields, self._findings)
        return names

    def _source_row(self) -> JsonValue:
        node = self._fields.node("source_row")
        value = None if node is None else to_value(node)
        if not is_finite(value):
            self._fields.wrong("source_row", "values that can be kept, without infinite numbers")
            return None
        return value

    def _examples(self) -> tuple[str | None, str | None]:
        node = self._fields.node("examples")
        if node is None:
            return None, None
        where = f'"examples" of {self._fields.where}'
        fields = Fields(node, where, EXAMPLE_KEYS, self._findings)
        return fields.text("pass") or None, fields.text("fail") or None


def _read_sampling(fields: Fields, findings: Findings) -> Sampling | None:
    node = fields.node("sampling")
    if node is None:
        return None
    where = f'"sampling" of {fields.where}'
    entry = Fields(node, where, tuple(SAMPLING_LIMITS), findings)
    usual = Sampling()

    def number(key: str) -> float:
        value = entry.number(key, *SAMPLING_LIMITS[key])
        return float(getattr(usual, key)) if value is None else value

    def whole(key: str) -> int:
        low, high = SAMPLING_LIMITS[key]
        value = entry.whole(key, int(low), int(high))
        return int(getattr(usual, key)) if value is None else value

    return Sampling(
        temperature=number("temperature"),
        top_k=whole("top_k"),
        top_p=number("top_p"),
        min_p=number("min_p"),
        repeat_penalty=number("repeat_penalty"),
        seed=whole("seed"),
    )


def _name_case(node: Node, position: int) -> str:
    if not isinstance(node, Scalar):
        for key, value in getattr(node, "pairs", ()):
            if key.text == "id" and isinstance(value, Scalar) and value.text:
                return f'case "{value.text[:60]}"'
    return f"case {position}"
