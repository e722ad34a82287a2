"""`language`: the answer is in this language, or one of these (ISO 639-1 codes, zh for both forms).

langdetect decides from twenty letters on; the first 500 signs count. A shorter answer is only
held to the script, because nobody can tell "Ja." apart. What it can't do: dialects, mixed texts,
close relatives (see `detection`).
"""

import unicodedata

from desktop.domain.suite import Check
from desktop.scoring.detection import detect_language, list_languages
from desktop.scoring.kind import CheckKind, Shape, Verdict, texts, verdict
from desktop.scoring.plain_text import join, plain, quote

_FEWEST_LETTERS = 20
_MOST_SIGNS = 500
_SCRIPTS = {
    **dict.fromkeys(("ru", "uk", "bg", "mk"), ("CYRILLIC",)),
    **dict.fromkeys(("ar", "fa", "ur"), ("ARABIC",)),
    **dict.fromkeys(("hi", "mr", "ne"), ("DEVANAGARI",)),
    **dict.fromkeys(("zh", "zh-cn", "zh-tw"), ("CJK",)),
    "bn": ("BENGALI",),
    "el": ("GREEK",),
    "gu": ("GUJARATI",),
    "he": ("HEBREW",),
    "ja": ("CJK", "HIRAGANA", "KATAKANA"),
    "kn": ("KANNADA",),
    "ko": ("HANGUL", "CJK"),
    "ml": ("MALAYALAM",),
    "pa": ("GURMUKHI",),
    "ta": ("TAMIL",),
    "te": ("TELUGU",),
    "th": ("THAI",),
}
_LATIN = ("LATIN",)


def _in_script(letters: list[str], code: str) -> bool:
    scripts = _SCRIPTS.get(code, _LATIN)
    fitting = sum(unicodedata.name(letter, "").startswith(scripts) for letter in letters)
    return 2 * fitting > len(letters)


def _judge(text: str, check: Check) -> Verdict:
    wanted = texts(check.expected)
    said = plain(text[: 2 * _MOST_SIGNS])[:_MOST_SIGNS]
    letters = [sign for sign in said if unicodedata.category(sign)[0] in "LM"]
    if len(letters) < _FEWEST_LETTERS:
        passed = bool(letters) and any(_in_script(letters, code) for code in wanted)
        fits = "fits" if passed else "does not fit"
        told = f"{quote(said, 40)} is too short to tell its language; its script {fits}."
        return verdict(told, passed=passed)
    found = detect_language(said)
    passed = found in wanted or (str(found).startswith("zh") and "zh" in wanted)
    told = f"The answer is in the language {found or 'unknown'}"
    return verdict(
        f"{told}, as wanted." if passed else f"{told}; wanted is {join(wanted, 'or')}.",
        passed=passed,
    )


def _find_fault(check: Check) -> str:
    known = (*list_languages(), "zh")
    unknown = [code for code in texts(check.expected) if code not in known]
    if unknown:
        return f"language {quote(unknown[0])} is not among {', '.join(sorted(known))}"
    return ""


KIND = CheckKind(
    name="language",
    expects=Shape.TEXTS,
    judge=_judge,
    describe=lambda check: f"is in the language {join(texts(check.expected), 'or')}",
    find_fault=_find_fault,
)
