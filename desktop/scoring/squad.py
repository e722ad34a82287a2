"""`exact_match` and `token_f1`: SQuAD's two measures, after the official normalisation.

Lower case; ASCII punctuation and the articles a, an, the go; white space becomes one space. Then
the whole must be the same, or F1 is taken over the words in common, as the script of SQuAD 1.1
does. Of several references the best counts. (The script of SQuAD 2.0 differs on empty texts only,
and an empty answer passes nothing here.)
"""

import re
import string
from collections import Counter
from functools import lru_cache

from desktop.domain.suite import Check
from desktop.scoring.kind import CheckKind, Shape, Verdict, texts, verdict
from desktop.scoring.likeness import best_of, likeness_kind, shared_words
from desktop.scoring.plain_text import join, quote

_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


def normalise(text: str) -> str:
    """Return a text in SQuAD's normal form."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


@lru_cache(maxsize=4096)
def _words(reference: str) -> Counter[str]:
    return Counter(normalise(reference).split())


def token_f1(text: str, reference: str) -> float:
    """Return the F1 of the words of an answer and a reference, 0 to 1."""
    said = Counter(normalise(text).split())
    wanted = _words(reference)
    common = (said & wanted).total()
    if not common:
        return 0.0
    precision, recall = common / said.total(), common / wanted.total()
    return 2 * precision * recall / (precision + recall)


def _judge_exact(text: str, check: Check) -> Verdict:
    wanted = texts(check.expected)
    said = normalise(text)
    passed = any(said == normalise(each) for each in wanted)
    if passed:
        told = f"The answer is {quote(said)} after normalisation, as expected."
        return verdict(told, passed=True, spans=shared_words(text, wanted))
    told = f"Expected {join(wanted[:3], 'or')}; the answer is {quote(said)} after normalisation."
    return verdict(told, passed=False)


KINDS = (
    CheckKind(
        name="exact_match",
        expects=Shape.TEXTS,
        judge=_judge_exact,
        describe=lambda check: f"is {join(texts(check.expected)[:3], 'or')} as SQuAD compares",
        raw=True,
    ),
    likeness_kind(
        "token_f1", "F1 of the words", best_of(lambda text, wanted, _: token_f1(text, wanted))
    ),
)
