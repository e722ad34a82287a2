"""`all_of`, `any_of` and `not`: checks made of checks.

Their arguments are checks as the suite file has them: `all_of` scores the weighted mean, `any_of`
the best; `not` turns a verdict round. With `at_least` it is `all_of`'s mean that decides: from that
score on it passes, whatever failed. Judging, describing and parsing are handed in by the
registry, which knows every kind.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from desktop.domain.base import JsonValue
from desktop.domain.suite import Check
from desktop.scoring.kind import CheckKind, Shape, Verdict, verdict

# Three thirds are a whole: what a sum of shares loses in binary fractions is no failure.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Parts:
    """What combinators need of the registry."""

    parse: Callable[[Mapping[str, JsonValue]], Check]
    judge: Callable[[str, Check], Verdict]
    describe: Callable[[Check], str]

    def inner(self, check: Check) -> tuple[Check, ...]:
        """Return the checks within a check."""
        values = check.expected if isinstance(check.expected, list | tuple) else [check.expected]
        return tuple(self.parse(value) for value in values)


def mean(checks: tuple[Check, ...], verdicts: tuple[Verdict, ...]) -> float:
    """Return the weighted mean of scores; of weights that are all 0, the plain mean."""
    weights = [check.weight for check in checks]
    if not sum(weights):
        weights = [1.0] * len(checks)
    return sum(w * v.score for w, v in zip(weights, verdicts, strict=True)) / sum(weights)


def _all_of(parts: Parts) -> CheckKind:
    def judge(text: str, check: Check) -> Verdict:
        inner = parts.inner(check)
        verdicts = tuple(parts.judge(text, part) for part in inner)
        bad = [v for v in verdicts if not v.passed]
        told = bad or verdicts
        score, least = mean(inner, verdicts), check.options.get("at_least")
        words = " ".join(v.explanation for v in told)
        if least is not None:
            words = f"Mean score {score:.3f}; {float(least):g} is wanted. {words}"
        return verdict(
            words,
            passed=not bad if least is None else score >= float(least) - _ROUNDING,
            score=score,
            spans=tuple(span for v in told for span in v.spans),
        )

    def describe(check: Check) -> str:
        told = " and ".join(parts.describe(part) for part in parts.inner(check))
        least = check.options.get("at_least")
        return told if least is None else f"reaches a mean score of {float(least):g}: {told}"

    return CheckKind(
        name="all_of",
        expects=Shape.CHECKS,
        judge=judge,
        describe=describe,
        options={"at_least": Shape.SHARE},
    )


def _any_of(parts: Parts) -> CheckKind:
    def judge(text: str, check: Check) -> Verdict:
        verdicts = [parts.judge(text, part) for part in parts.inner(check)]
        good = [v for v in verdicts if v.passed]
        if good:
            return verdict(good[0].explanation, passed=True, spans=good[0].spans)
        return verdict(
            "None of the accepted forms. " + " ".join(v.explanation for v in verdicts),
            passed=False,
            score=max(v.score for v in verdicts),
        )

    def describe(check: Check) -> str:
        return ", or ".join(parts.describe(part) for part in parts.inner(check))

    return CheckKind(name="any_of", expects=Shape.CHECKS, judge=judge, describe=describe)


def _not(parts: Parts) -> CheckKind:
    def judge(text: str, check: Check) -> Verdict:
        (part,) = parts.inner(check)
        said = parts.judge(text, part)
        should = "should not be so, and is" if said.passed else "should not be so, and is not"
        explanation = f"This {should}: {parts.describe(part)}."
        return verdict(explanation, passed=not said.passed, spans=said.spans if said.passed else ())

    def describe(check: Check) -> str:
        (part,) = parts.inner(check)
        return f"not: {parts.describe(part)}"

    return CheckKind(name="not", expects=Shape.CHECK, judge=judge, describe=describe)


def make_combinators(parts: Parts) -> tuple[CheckKind, ...]:
    """Return the three combinators, bound to the registry's functions."""
    return (_all_of(parts), _any_of(parts), _not(parts))
