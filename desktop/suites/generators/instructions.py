"""Instructions whose keeping can be counted: how often, how long, which words, which form.

Easy: one demand on a single word or sentence. Medium: two demands. Hard: four demands on a short
text. A passing answer is built along with the demands, so none of them excludes another.
"""

from desktop.domain.base import Value
from desktop.domain.suite import Check
from desktop.suites.generators.chance import Draws
from desktop.suites.generators.generator import Generator, Item, Request
from desktop.suites.generators.vocabulary import WORDS

_TIMES = {2: "two", 3: "three", 4: "four", 5: "five"}


class _Topic(Value, frozen=True, kw_only=True):
    """What to write about: words that show it, and sentences without commas or digits."""

    name: str
    signs: tuple[str, ...]
    sentences: tuple[str, ...]


_TOPICS = (
    _Topic(
        name="a library",
        signs=("library", "librarian", "book", "books", "shelf", "shelves", "read", "reading"),
        sentences=(
            "The library keeps thousands of books for everybody.",
            "People read quietly at the long tables.",
            "The librarian helps them to find the right shelf.",
            "Books may be taken home for a month.",
        ),
    ),
    _Topic(
        name="a railway station",
        signs=("station", "train", "trains", "railway", "platform", "travellers", "passengers"),
        sentences=(
            "The station lies in the middle of the town.",
            "A train leaves every few minutes.",
            "Travellers wait on the platform with their bags.",
            "The railway brings people to work.",
        ),
    ),
    _Topic(
        name="a vegetable garden",
        signs=("garden", "vegetable", "vegetables", "soil", "plants", "grow", "tomatoes"),
        sentences=(
            "The garden needs sun and water.",
            "Vegetables grow well in loose soil.",
            "The gardener plants beans in early summer.",
            "Ripe tomatoes taste best on the same day.",
        ),
    ),
    _Topic(
        name="the weather in winter",
        signs=("winter", "snow", "cold", "ice", "frost", "weather", "temperature", "temperatures"),
        sentences=(
            "The weather in winter is cold and dark.",
            "Snow covers the fields for weeks.",
            "Ice makes the roads slippery.",
            "People stay inside and wait for the sun.",
        ),
    ),
)


def _say_words(words: list[str]) -> str:
    return ", ".join(f'"{word}"' for word in words[:-1]) + f' and "{words[-1]}"'


def _repeat(draws: Draws) -> Item:
    word, times = draws.choose(WORDS), draws.between(2, 5)
    pattern = rf"\W*(?:{word}\W+){{{times - 1}}}{word}\W*"
    return Item(
        title=f"A word {_TIMES[times]} times",
        prompt=f'Task: Write the word "{word}" {_TIMES[times]} times, and nothing else.',
        checks=(Check(kind="regex", expected=pattern, options={"whole": True}),),
        passing=" ".join([word] * times),
        failing=" ".join([word] * (times + 1)),
    )


def _capitals(draws: Draws) -> Item:
    word = draws.choose(WORDS)
    return Item(
        title="A word in capital letters",
        prompt=f'Task: Write the word "{word}" in capital letters.',
        checks=(
            Check(kind="contains", expected=[word.upper()], options={"match_case": True}),
            Check(kind="word_count", expected={"max": 7}),
        ),
        passing=word.upper(),
        failing=word,
    )


def _only(draws: Draws) -> Item:
    word = draws.choose(WORDS)
    return Item(
        title="One word and nothing else",
        prompt=f'Task: Answer with the word "{word}" and nothing else.',
        checks=(Check(kind="equals", expected=word),),
        passing=word,
        failing=f'Here is the word you asked for: "{word}".',
    )


def _first_word(draws: Draws) -> Item:
    topic = draws.choose(_TOPICS)
    start = draws.choose(("Today", "Usually", "Here", "Often"))
    sentence = topic.sentences[0]
    return Item(
        title=f'One sentence that begins with "{start}"',
        prompt=f'Task: Write one sentence about {topic.name}. Begin with the word "{start}".',
        checks=(
            Check(kind="starts_with", expected=start),
            Check(kind="sentence_count", expected=1),
            Check(kind="word_count", expected={"min": 4, "max": 40}),
        ),
        passing=f"{start} {sentence[0].lower()}{sentence[1:]}",
        failing=sentence,
    )


def _bullets(draws: Draws) -> Item:
    words = draws.sample(WORDS, draws.between(3, 5))
    return Item(
        title=f"A list of {_TIMES[len(words)]} given words",
        prompt=f"Task: Write the words {_say_words(words)} as a list: each on a line of its own,"
        " every line beginning with a hyphen, and nothing else.",
        checks=(
            Check(kind="bullet_count", expected=len(words)),
            Check(kind="line_count", expected=len(words)),
            Check(kind="not", expected={"regex": r"^\s*[^\s\u2013-]"}),
            Check(kind="contains", expected=words, options={"whole_words": True}),
        ),
        passing="\n".join(f"- {word}" for word in words),
        failing=", ".join(words),
        max_tokens=64,
    )


def _semicolons(draws: Draws) -> Item:
    words = draws.sample(WORDS, 3)
    pattern = r"\W*" + r"\s*;\s*".join(word.upper() for word in words) + r"\W*"
    return Item(
        title="Capital letters and semicolons",
        prompt=f"Task: Write the words {_say_words(words)} in capital letters on one line,"
        " separated by semicolons, and nothing else.",
        checks=(
            Check(kind="regex", expected=pattern, options={"whole": True, "match_case": True}),
        ),
        passing="; ".join(word.upper() for word in words),
        failing=", ".join(word.upper() for word in words),
    )


def _two_words(draws: Draws) -> Item:
    words = draws.sample(WORDS, 2)
    return Item(
        title="One sentence with two given words",
        prompt=f"Task: Write exactly one sentence that contains the words {_say_words(words)}."
        " It must have at least six words and no comma.",
        checks=(
            Check(kind="sentence_count", expected=1),
            Check(kind="contains", expected=words),
            Check(kind="word_count", expected={"min": 6, "max": 60}),
            Check(kind="not_contains", expected=[",", "exactly one sentence"]),
        ),
        passing=f"They found the {words[0]} behind the old {words[1]} yesterday.",
        failing=f"They found the {words[0]}. It lay behind the old {words[1]} all day.",
        max_tokens=64,
    )


def _short_text(draws: Draws) -> Item:
    topic, count = draws.choose(_TOPICS), draws.between(2, 4)
    word, closing = draws.choose(WORDS), draws.choose(("That is all.", "So it goes.", "Enough."))
    body = [f"{topic.sentences[0][:-1]} and an old {word}.", *topic.sentences[1:count]]
    lower = draws.below(2) == 0
    form = " Use small letters only." if lower else " Do not use any comma."
    passing = " ".join([*body, closing])
    form_check = (
        Check(kind="lowercase", expected=True)
        if lower
        else Check(kind="not_contains", expected=[","])
    )
    return Item(
        title=f"{count + 1} sentences with four demands",
        prompt=f"Task: Write exactly {_TIMES[count + 1]} sentences about {topic.name}. Use the word"
        f' "{word}" in one of them. The last sentence must be "{_shape(closing, lower=lower)}"'
        f"{form}",
        checks=(
            Check(kind="sentence_count", expected=count + 1),
            Check(kind="contains", expected=word),
            Check(kind="contains_any", expected=list(topic.signs), options={"whole_words": True}),
            Check(kind="ends_with", expected=closing),
            form_check,
        ),
        passing=_shape(passing, lower=lower),
        failing=_shape(passing.removesuffix(closing).strip(), lower=lower),
        max_tokens=128,
    )


def _shape(text: str, *, lower: bool) -> str:
    return text.lower() if lower else text


def _capital_lines(draws: Draws) -> Item:
    words = draws.sample(WORDS, 4)
    order = sorted(words)
    return Item(
        title="Four words numbered, sorted and in capital letters",
        prompt=f"Task: Write the words {_say_words(words)} in alphabetical order and in capital"
        ' letters, each on a line of its own, numbered "1)", "2)" and so on, and nothing else.',
        checks=(
            Check(
                kind="regex",
                expected=r"\s*".join(
                    rf"{place}\) *\**{word.upper()}\**" for place, word in enumerate(order, 1)
                ),
                options={"whole": True, "match_case": True},
            ),
            Check(kind="line_count", expected=4),
        ),
        passing="\n".join(f"{place}) {word.upper()}" for place, word in enumerate(order, 1)),
        failing="\n".join(f"{place}) {word}" for place, word in enumerate(order, 1)),
        max_tokens=64,
    )


_BY_TIER = (
    (_repeat, _capitals, _only, _first_word),
    (_bullets, _semicolons, _two_words),
    (_short_text, _capital_lines),
)


def _make(request: Request) -> Item | None:
    return request.draws.choose(_BY_TIER[request.level])(request.draws)


GENERATOR = Generator(
    name="instructions",
    version=1,
    title="Instructions that can be checked",
    description="Short writing tasks with one to four demands on words, form and length.",
    make_item=_make,
)
