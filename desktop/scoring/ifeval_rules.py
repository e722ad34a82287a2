"""IFEval's 25 types of instruction: what each demands of a response, as its scorer reads it.

After google-research's instruction_following_eval (Zhou et al. 2023), oddities included: a list
item may be an empty line after a star, a highlighted section in ** counts twice, a keyword is a
regular expression. Every rule takes the response and its arguments (the data set's `kwargs`) and
says whether it is followed. Where the original draws an argument at random because the data set
leaves it out or it makes no sense, there is nothing to hold anybody to: `ScorerFault`.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import regex

from desktop.scoring.clock import pattern_time
from desktop.scoring.detection import detect_language
from desktop.scoring.ifeval_english import count_capital_words, count_sentences
from desktop.scoring.kind import ScorerFault

Arguments = Mapping[str, Any]
Rule = Callable[[str, Arguments], bool]

LESS_THAN, AT_LEAST = "less than", "at least"
OPTIONS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
_PLAIN = re.compile(r"[\w\s'-]*")
_FENCES = ("```json", "```Json", "```JSON", "```")
_WORD_ENDS = frozenset(".,?!'\"")


def _number(arguments: Arguments, name: str) -> int:
    value = arguments.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ScorerFault(f'The instruction needs "{name}", a number, in its kwargs.')
    return int(value)


def _text(arguments: Arguments, name: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str) or not value:
        raise ScorerFault(f'The instruction needs "{name}", a text, in its kwargs.')
    return value


def _texts(arguments: Arguments, name: str) -> list[str]:
    value = arguments.get(name)
    if not isinstance(value, list | tuple) or not value:
        raise ScorerFault(f'The instruction needs "{name}", a list of texts, in its kwargs.')
    return [str(each) for each in value]


def _holds(count: int, arguments: Arguments, relation: str, limit: str) -> bool:
    wanted = arguments.get(relation)
    if wanted not in (LESS_THAN, AT_LEAST):
        raise ScorerFault(f'"{relation}" in kwargs must be "{LESS_THAN}" or "{AT_LEAST}".')
    most = _number(arguments, limit)
    return count < most if wanted == LESS_THAN else count >= most


def _count(pattern: str, text: str) -> int:
    """Count a pattern's places; one with signs of its own runs against the clock."""
    if _PLAIN.fullmatch(pattern.replace(r"\b", "").replace(r"\s?", "").replace(r"\d+", "")):
        return sum(1 for _ in re.finditer(pattern, text, re.IGNORECASE))
    return sum(1 for _ in _guarded(pattern, text, regex.IGNORECASE))


def _guarded(pattern: str, text: str, flags: int = 0) -> list[str]:
    try:
        with pattern_time() as seconds:
            return [m[0] for m in regex.finditer(pattern, text, flags, timeout=seconds)]
    except TimeoutError:
        raise ScorerFault(f"The keyword {pattern[:60]!r} took longer than 1 s.") from None
    except regex.error as error:
        raise ScorerFault(f"The keyword {pattern[:60]!r} is no valid pattern: {error}.") from None


def _is_english(text: str) -> bool:
    # Without a single letter to judge by, the original counts the instruction as followed.
    return detect_language(text) in ("en", None)


def _language(text: str, arguments: Arguments) -> bool:
    return detect_language(text) in (_text(arguments, "language"), None)


def _placeholders(text: str, arguments: Arguments) -> bool:
    count = 0
    for line in text.split("\n"):
        start = line.find("[")
        while start >= 0 and (end := line.find("]", start)) >= 0:
            count += 1
            start = line.find("[", end)
    return count >= _number(arguments, "num_placeholders")


def _bullets(text: str, arguments: Arguments) -> bool:
    lines = text.split("\n")
    stars = dashes = 0
    number = 0
    while number < len(lines):
        line = lines[number].lstrip()
        dashes += line.startswith("-")
        if line.startswith("*") and line[1:2] != "*":
            # A star alone on its line takes the next line with it: any sign may follow it.
            alone = len(line) == 1
            if not alone or number + 1 < len(lines):
                stars += 1
            if alone and number + 1 < len(lines):
                number += 1
                dashes += lines[number].lstrip().startswith("-")
        number += 1
    return stars + dashes == _number(arguments, "num_bullets")


def _options(text: str, _arguments: Arguments) -> bool:
    return any(option in text for option in OPTIONS)


def _highlights(text: str, arguments: Arguments) -> bool:
    single = (found.strip("*") for found in re.findall(r"\*[^\n*]*\*", text))
    double = (found[2:-2] for found in re.findall(r"\*\*[^\n*]*\*\*", text))
    count = sum(bool(found.strip()) for found in (*single, *double))
    return count >= _number(arguments, "num_highlights")


def _sections(text: str, arguments: Arguments) -> bool:
    word = _text(arguments, "section_spliter").strip()
    pattern = rf"\s?{word}\s?\d+\s?"
    if _PLAIN.fullmatch(word):
        count = sum(1 for _ in re.finditer(pattern, text))
    else:
        count = len(_guarded(pattern, text))
    return count >= _number(arguments, "num_sections")


def _paragraphs(text: str, arguments: Arguments) -> bool:
    parts = re.split(r"\s?\*\*\*\s?", text)
    if any(not part.strip() for part in parts[1:-1]):
        return False
    empty = sum(not part.strip() for part in {0: parts[0], len(parts) - 1: parts[-1]}.values())
    return len(parts) - empty == _number(arguments, "num_paragraphs")


def _postscript(text: str, arguments: Arguments) -> bool:
    marker = _text(arguments, "postscript_marker").strip()
    pattern = {"P.P.S": r"p\.\s?p\.\s?s", "P.S.": r"p\.\s?s\."}.get(marker)
    if pattern is not None:
        return re.search(pattern, text.lower()) is not None
    return bool(_guarded(marker.lower(), text.lower()))


def _keywords(text: str, arguments: Arguments) -> bool:
    return all(_count(keyword, text) for keyword in _texts(arguments, "keywords"))


def _keyword_frequency(text: str, arguments: Arguments) -> bool:
    count = _count(_text(arguments, "keyword").strip(), text)
    return _holds(count, arguments, "relation", "frequency")


def _forbidden(text: str, arguments: Arguments) -> bool:
    return not any(_count(rf"\b{word}\b", text) for word in _texts(arguments, "forbidden_words"))


def _words(text: str, arguments: Arguments) -> bool:
    return _holds(len(re.findall(r"\w+", text)), arguments, "relation", "num_words")


def _sentences(text: str, arguments: Arguments) -> bool:
    return _holds(count_sentences(text), arguments, "relation", "num_sentences")


def _json(text: str, _arguments: Arguments) -> bool:
    bare = text.strip()
    for fence in _FENCES:
        bare = bare.removeprefix(fence)
    try:
        json.loads(bare.removesuffix("```").strip())
    except (ValueError, RecursionError):
        return False
    return True


def _first_word(text: str, arguments: Arguments) -> bool:
    number = _number(arguments, "num_paragraphs")
    place = _number(arguments, "nth_paragraph")
    if not 0 < place <= number:
        raise ScorerFault('"nth_paragraph" in kwargs must be from 1 to "num_paragraphs".')
    parts = text.split("\n\n")
    count = sum(bool(part.strip()) for part in parts)
    paragraph = parts[place - 1].split() if place <= count else []
    if not paragraph:
        return False
    word = ""
    for sign in paragraph[0].lstrip("'").lstrip('"'):
        if sign in _WORD_ENDS:
            break
        word += sign.lower()
    return count == number and word == _text(arguments, "first_word").lower()


def _two_responses(text: str, _arguments: Arguments) -> bool:
    parts = text.split("******")
    if any(not part.strip() for part in parts[1:-1]):
        return False
    said = [part.strip() for part in parts if part.strip()]
    return len(said) == 2 and said[0] != said[1]  # noqa: PLR2004 - two were asked for


def _repeats_prompt(text: str, arguments: Arguments) -> bool:
    wanted = _text(arguments, "prompt_to_repeat").strip().lower()
    return text.strip().lower().startswith(wanted)


def _ends(text: str, arguments: Arguments) -> bool:
    wanted = _text(arguments, "end_phrase").strip().lower()
    return text.strip().strip('"').lower().endswith(wanted)


def _title(text: str, _arguments: Arguments) -> bool:
    for line in text.split("\n"):
        start, end = line.find("<<"), line.rfind(">>")
        if 0 <= start < end - 2 and line[start : end + 2].lstrip("<").rstrip(">").strip():
            return True
    return False


def _letters(text: str, arguments: Arguments) -> bool:
    letter = _text(arguments, "letter").lower()
    if len(letter) != 1 or not "a" <= letter <= "z":
        raise ScorerFault(f'"letter" in kwargs must be one of a to z, not {letter[:20]!r}.')
    return _holds(text.lower().count(letter), arguments, "let_relation", "let_frequency")


def _capitals(text: str, _arguments: Arguments) -> bool:
    return text.isupper() and _is_english(text)


def _lowercase(text: str, _arguments: Arguments) -> bool:
    return text.islower() and _is_english(text)


def _capital_words(text: str, arguments: Arguments) -> bool:
    return _holds(count_capital_words(text), arguments, "capital_relation", "capital_frequency")


def _no_comma(text: str, _arguments: Arguments) -> bool:
    return "," not in text


def _quotation(text: str, _arguments: Arguments) -> bool:
    bare = text.strip()
    return len(bare) > 1 and bare[0] == bare[-1] == '"'


RULES: Mapping[str, tuple[Rule, str]] = {
    "change_case:capital_word_frequency": (_capital_words, "words in capitals, as many as asked"),
    "change_case:english_capital": (_capitals, "English in capital letters only"),
    "change_case:english_lowercase": (_lowercase, "English in small letters only"),
    "combination:repeat_prompt": (_repeats_prompt, "the request repeated first"),
    "combination:two_responses": (_two_responses, "two different responses between ******"),
    "detectable_content:number_placeholders": (_placeholders, "enough [placeholders]"),
    "detectable_content:postscript": (_postscript, "a postscript"),
    "detectable_format:constrained_response": (_options, "one of the given options"),
    "detectable_format:json_format": (_json, "nothing but JSON"),
    "detectable_format:multiple_sections": (_sections, "enough numbered sections"),
    "detectable_format:number_bullet_lists": (_bullets, "exactly so many bullets"),
    "detectable_format:number_highlighted_sections": (_highlights, "enough *highlights*"),
    "detectable_format:title": (_title, "a <<title>>"),
    "keywords:existence": (_keywords, "all keywords"),
    "keywords:forbidden_words": (_forbidden, "none of the forbidden words"),
    "keywords:frequency": (_keyword_frequency, "a keyword as often as asked"),
    "keywords:letter_frequency": (_letters, "a letter as often as asked"),
    "language:response_language": (_language, "the language asked for"),
    "length_constraints:nth_paragraph_first_word": (_first_word, "a paragraph's first word"),
    "length_constraints:number_paragraphs": (_paragraphs, "so many paragraphs between ***"),
    "length_constraints:number_sentences": (_sentences, "as many sentences as asked"),
    "length_constraints:number_words": (_words, "as many words as asked"),
    "punctuation:no_comma": (_no_comma, "no comma"),
    "startend:end_checker": (_ends, "the phrase asked for at the end"),
    "startend:quotation": (_quotation, "double quotation marks around all of it"),
}
