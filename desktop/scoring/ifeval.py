"""`ifeval`: one instruction of IFEval, by its id and the data set's `kwargs`.

`strict` is the response as it is. `loose` is followed if any of eight variants is: with and
without the first line, the last line, and the signs of emphasis. Strict decides unless `loose` is
set; the explanation tells both. A case with several instructions has as many checks: all passed
is IFEval's prompt level, their share its instruction level.
"""

from collections.abc import Mapping
from typing import Any

from desktop.domain.base import Value
from desktop.domain.suite import Check
from desktop.scoring.ifeval_rules import RULES
from desktop.scoring.kind import CheckKind, Shape, Verdict, flag, verdict


class Following(Value, frozen=True, kw_only=True):
    """Whether a response follows an instruction."""

    strict: bool
    loose: bool


def judge_instruction(
    response: str, instruction: str, arguments: Mapping[str, Any] | None = None
) -> Following:
    """Return both verdicts; raises `ScorerFault` for arguments that hold nobody to anything."""
    rule, _ = RULES[instruction]
    given = arguments or {}
    strict = bool(response.strip()) and rule(response, given)
    variants = (variant for variant in loose_variants(response) if variant.strip())
    return Following(strict=strict, loose=strict or any(rule(each, given) for each in variants))


def loose_variants(response: str) -> tuple[str, ...]:
    """Return the seven variants that are not the response itself."""
    lines = response.split("\n")
    kept = [response] + ["\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1])]
    return tuple(dict.fromkeys((*kept[1:], *(text.replace("*", "") for text in kept))))


def _judge(text: str, check: Check) -> Verdict:
    instruction = str(check.expected)
    found = judge_instruction(text, instruction, check.options.get("kwargs"))
    told = "followed" if found.strict else "not followed"
    if found.loose and not found.strict:
        told += " as the answer stands, but with its first or last line or its emphasis taken off"
    wanted = RULES[instruction][1]
    said = f"{instruction} wants {wanted}: {told}."
    return verdict(said, passed=found.loose if flag(check, "loose") else found.strict)


def _describe(check: Check) -> str:
    return f"has {RULES[str(check.expected)][1]} (IFEval's {check.expected})"


def _find_fault(check: Check) -> str:
    if check.expected in RULES:
        return ""
    return f'ifeval knows no instruction "{check.expected}"; it knows {", ".join(RULES)}'


KIND = CheckKind(
    name="ifeval",
    expects=Shape.TEXT,
    judge=_judge,
    describe=_describe,
    options={"kwargs": Shape.FIELDS, "loose": Shape.FLAG},
    find_fault=_find_fault,
    raw=True,
    most_characters=200_000,
)
