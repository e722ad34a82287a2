"""`equals`: the answer is this text, or one of these.

Case, punctuation at the ends and white space don't count unless `match_case`,
`match_punctuation` or `match_space` ask for it; wrapping never does (see `plain_text`).
"""

from desktop.domain.suite import Check
from desktop.scoring.kind import CheckKind, Shape, Verdict, flag, texts, verdict
from desktop.scoring.plain_text import fold, join, plain, quote, squeeze

_ENDS = " \t\n.,;:!?…\u3002\u3001\uff01\uff1f"


def _normal(text: str, check: Check) -> str:
    if not flag(check, "match_space"):
        text = squeeze(text)
    if not flag(check, "match_punctuation"):
        text = text.strip(_ENDS)
    return text if flag(check, "match_case") else text.casefold()


def _judge(text: str, check: Check) -> Verdict:
    said = plain(text)
    wanted = texts(check.expected)
    if any(_normal(said, check) == _normal(fold(want), check) for want in wanted):
        return verdict(f"The answer is {quote(said)}, as expected.", passed=True)
    return verdict(f"Expected {join(wanted, 'or')}; the answer is {quote(said)}.", passed=False)


def _describe(check: Check) -> str:
    return f"is exactly {join(texts(check.expected), 'or')}"


KIND = CheckKind(
    name="equals",
    expects=Shape.TEXTS,
    judge=_judge,
    describe=_describe,
    options={
        "match_case": Shape.FLAG,
        "match_punctuation": Shape.FLAG,
        "match_space": Shape.FLAG,
    },
)
