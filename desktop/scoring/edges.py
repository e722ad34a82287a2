"""`starts_with` and `ends_with`: how an answer begins or ends, wrapping and case aside."""

from desktop.domain.suite import Check
from desktop.scoring.kind import CheckKind, Shape, Verdict, flag, texts, verdict
from desktop.scoring.plain_text import fold, join, plain, quote, squeeze

_CLOSING = " \t\n.,;:!?…\"')"


def _normal(text: str, check: Check) -> str:
    line = squeeze(fold(text))
    return line if flag(check, "match_case") else line.casefold()


def _judge_start(text: str, check: Check) -> Verdict:
    said = plain(text)
    wanted = texts(check.expected)
    line = _normal(said, check)
    bare = line.lstrip("\"'(")
    passed = any(
        line.startswith(want) or bare.startswith(want)
        for want in (_normal(text, check) for text in wanted)
    )
    found = f"it begins with {quote(said, 40)}"
    return verdict(_sentence("begin", wanted, found, passed=passed), passed=passed)


def _judge_end(text: str, check: Check) -> Verdict:
    said = plain(text)
    wanted = texts(check.expected)
    line = _normal(said, check)
    passed = any(
        line.endswith(want) or line.rstrip(_CLOSING).endswith(want.rstrip(_CLOSING) or want)
        for want in (_normal(text, check) for text in wanted)
    )
    found = f"it ends with {quote('…' + said[-30:] if len(said) > 30 else said)}"  # noqa: PLR2004 - enough to recognise it
    return verdict(_sentence("end", wanted, found, passed=passed), passed=passed)


def _sentence(verb: str, wanted: tuple[str, ...], found: str, *, passed: bool) -> str:
    if passed:
        return f"The answer {verb}s with {join(wanted, 'or')}."
    return f"The answer should {verb} with {join(wanted, 'or')}; {found}."


START = CheckKind(
    name="starts_with",
    expects=Shape.TEXTS,
    judge=_judge_start,
    describe=lambda check: f"begins with {join(texts(check.expected), 'or')}",
    options={"match_case": Shape.FLAG},
)
END = CheckKind(
    name="ends_with",
    expects=Shape.TEXTS,
    judge=_judge_end,
    describe=lambda check: f"ends with {join(texts(check.expected), 'or')}",
    options={"match_case": Shape.FLAG},
)
