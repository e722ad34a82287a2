"""`declines`: the answer says that it cannot be known, and names none of the `forbidden` facts.

For questions whose document is silent. A refusal is recognised by a list of turns of phrase in
several languages; `phrases` adds those that a prompt asks for ("NOT STATED"). Without `forbidden`
an answer that declines and then invents would pass: name what a model would invent.
"""

import re

import regex

from desktop.domain.answer import Span
from desktop.domain.suite import Check
from desktop.scoring.kind import CheckKind, Shape, Verdict, texts, verdict
from desktop.scoring.plain_text import find, fold, join, quote

_SOURCE = (
    r"(?:text|document|letter|note|notes|notice|message|passage|report|record|form|policy|context"
    r"|e-?mail|memo|circular|information|source|leaflet|file|log|minutes|statement|contract"
    r"|invoice|table|list|schedule|article|summary|entry|page)"
)
_SAYING = (
    r"(?:states?|stated|says?|said|mentions?|mentioned|specif(?:y|ies|ied)|provided|given|tells?"
    r"|named|indicates?|indicated|known|disclosed?|available|clear|recorded|found|described"
    r"|reveal(?:s|ed)?|explain(?:s|ed)?|determined|enough\s+information|sufficient"
    r"|possible\s+to\s+(?:say|tell|know|determine|answer))"
)
_HOLDING = (
    r"(?:provides?|gives?|includes?|contains?|lists?|names?|describes?|discloses?|shows?|have)"
)
_FINDING = (
    r"(?:know|tell|say|answer|determine|find|see|confirm|provide|identify|establish|infer|give)"
)
_FOUND = r"(?:determined|answered|known|established|found|inferred|confirmed|identified|told|said)"
_NOT = r"(?:not|n't|never|nowhere|cannot)"
_ADVERB = r"(?:\s+(?:be|been|explicitly|directly|specifically|actually|clearly|even|have|any|yet))*"
_DOUBT = r"(?:do\s+not|don't|cannot|can't|could\s+not|couldn't|am\s+unable|are\s+unable)"
_MATTER = r"(?:information|mention|details?|data|indication|record|answer)"
_PHRASES = (
    rf"{_NOT}{_ADVERB}\s+{_SAYING}\b",
    rf"\bno\s+(?:\w+\s+){{0,4}}{_MATTER}\b",
    rf"\bno\s+(?:\w+\s+){{1,4}}(?:is|are|was|were)\s+{_SAYING}\b",
    rf"\b{_SOURCE}\s+(?:does|do|did)(?:\s+not|n't){_ADVERB}\s+{_HOLDING}\b",
    rf"\b{_SOURCE}\s+is\s+silent\b",
    rf"\b(?:i|we)\s+{_DOUBT}\s+(?:to\s+)?{_FINDING}\b",
    rf"\b(?:cannot|can't|can\s+not|could\s+not|couldn't)\s+be\s+{_FOUND}\b",
    rf"\b(?:unable|impossible|not\s+able)\s+to\s+{_FINDING}\b",
    r"\b(?:unknown|unspecified|undisclosed|unstated|not\s+applicable|not\s+sure|n/a)\b",
    r"\blacks?\s+(?:\w+\s+){0,3}information\b",
    r"\b(?:insufficient|not\s+enough)\s+(?:information|data|context)\b",
    # German, French, Spanish, Italian, Portuguese, Dutch
    r"\bnicht\s+(?:angegeben|genannt|erwähnt|enthalten|bekannt|ersichtlich|hervor|beantworten)\b",
    r"\bkeine\s+(?:\w+\s+)?(?:angaben?|informationen|auskunft)\b|\bunbekannt\b",
    r"\b(?:n'est|n'a)\s+(?:\w+\s+)?pas\s+(?:\w+\s+)?(?:précisée?|indiquée?|mentionnée?|connue?)\b",
    r"\bne\s+(?:le\s+)?(?:précise|mentionne|indique|dit|contient)\s+pas\b|\binconnue?\b",
    r"\bno\s+(?:se\s+)?(?:indica|menciona|especifica|dice|sabe|consta|figura|contiene)\b",
    r"\bnon\s+(?:è\s+|viene\s+)?(?:indicat[oa]|menzionat[oa]|specificat[oa]|not[oa]|dice|indica)\b",
    r"\bnão\s+(?:é\s+|foi\s+)?(?:\w+\s+)?(?:indica|menciona|informad[oa]|especificad[oa]|diz)\b",
    r"\bniet\s+(?:\w+\s+)?(?:vermeld|genoemd|bekend|gegeven|aangegeven)\b|\bonbekend\b",
)
# None of the phrases is without one of these; most answers are, and are told so much sooner.
_HINT = re.compile(
    r"n[o']t|\bnon?\b|never|nowhere|silent|unable|impossible|un(?:known|specified|disclosed|stated)"
    r"|n/a|lack|insufficient|nicht|kein|unbekannt|\bpas\b|inconnu|não|niet|onbekend",
    re.IGNORECASE,
)
_DECLINES = regex.compile("|".join(f"(?:{phrase})" for phrase in _PHRASES), regex.IGNORECASE)


def _judge(text: str, check: Check) -> Verdict:
    invented = {fact: find(text, fact) for fact in texts(check.options.get("forbidden"))}
    named = tuple(fact for fact, spans in invented.items() if spans)
    if named:
        spans = tuple(span for found in invented.values() for span in found)
        said = f"The answer should say that this is not known; it claims {join(named, 'and')}."
        return verdict(said, passed=False, spans=spans)
    own = tuple(
        span for phrase in texts(check.options.get("phrases")) for span in find(text, phrase)
    )
    folded = fold(text)
    general = _DECLINES.search(folded) if _HINT.search(folded) else None
    if own or general is not None:
        spans = own or (Span(start=general.start(), end=general.end()),) if general else own
        return verdict("The answer says that this is not known.", passed=True, spans=spans)
    said = f"The answer should say that this is not known; it says {quote(text, 60)}."
    return verdict(said, passed=False)


KIND = CheckKind(
    name="declines",
    expects=Shape.TRUE,
    judge=_judge,
    describe=lambda _check: "says that the answer is not known, and invents nothing",
    options={"forbidden": Shape.TEXTS, "phrases": Shape.TEXTS},
)
