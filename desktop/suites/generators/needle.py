"""A sentence hidden in a long text, at a chosen depth and length.

Easy: one sentence with the code of a cabinet. Medium: the code of a second cabinet stands
elsewhere, too. Hard: three further codes, and the one that is asked for was changed later in the
text, so that the newer counts. Lengths are given in tokens; how many words those are depends on
the tokeniser, `WORDS_PER_TOKEN` is what English text has with usual ones.
"""

from desktop.domain.suite import Check
from desktop.suites.generators.chance import Draws
from desktop.suites.generators.demands import demand_words, forbid_words, limit_words
from desktop.suites.generators.filler import write_paragraphs
from desktop.suites.generators.generator import Generator, Item, Option, Request
from desktop.suites.generators.vocabulary import COLOURS

WORDS_PER_TOKEN = 0.85
_TOKENS_BY_TIER = (300, 1200, 3500)
_LEAST_TOKENS, _MOST_TOKENS = 100, 100_000
_MOST_WORDS = 25
_DEPTHS = 11
_WHOLE = 100


def _insert(paragraphs: list[str], sentence: str, depth: int) -> None:
    """Put a sentence between sentences where `depth` percent of the paragraphs lie before it."""
    place = min(len(paragraphs) * depth // _WHOLE, len(paragraphs) - 1)
    sentences = paragraphs[place].split(". ")
    within = 0 if depth == 0 else len(sentences) if depth == _WHOLE else len(sentences) // 2
    if within == len(sentences):
        paragraphs[place] = f"{paragraphs[place]} {sentence}"
    else:
        bare = sentence.removesuffix(".")
        paragraphs[place] = ". ".join([*sentences[:within], bare, *sentences[within:]])


def _make(request: Request) -> Item | None:
    draws, level = request.draws, request.level
    tokens = int(request.options["tokens"]) or _TOKENS_BY_TIER[level]
    tokens = max(tokens, _LEAST_TOKENS)
    depth = int(request.options["depth"])
    depth = draws.below(_DEPTHS) * 10 if depth < 0 else depth
    paragraphs = write_paragraphs(draws, round(tokens * WORDS_PER_TOKEN))
    codes = [str(code) for code in draws.numbers(5, 1021, 9879)]
    colours = draws.sample(COLOURS, 4)
    wrong = _hide_others(draws, paragraphs, colours[1:], codes[1:4], level)
    right = codes[0]
    _insert(paragraphs, f"The code of the {colours[0]} cabinet is {right}.", depth)
    if level == len(_TOKENS_BY_TIER) - 1:
        # The old code comes first in the text, wherever the asked one lies.
        paragraphs[0] = (
            f"Until last week the code of the {colours[0]} cabinet was {codes[4]}. {paragraphs[0]}"
        )
        wrong = [codes[4], *wrong]
    failing = wrong[0] if wrong else str(int(right) + 1)
    text = "\n\n".join(paragraphs)
    return Item(
        title=f"A code in {tokens:,} tokens of text, {depth} % of the way down",
        prompt=f"Text:\n{text}\n\nQuestion: What is the code of the {colours[0]} cabinet now?"
        " Give only the code.",
        checks=(
            demand_words(right),
            *forbid_words(wrong),
            Check(kind="not", expected={"regex": rf"(?<!\d)(?!{right}(?!\d))\d{{4}}(?!\d)"}),
            limit_words(_MOST_WORDS),
        ),
        passing=f"The code is {right}.",
        failing=failing,
        tags=(f"depth {depth}", f"tokens {tokens}"),
        max_tokens=32,
    )


def _hide_others(
    draws: Draws, paragraphs: list[str], colours: list[str], codes: list[str], level: int
) -> list[str]:
    hidden = codes[: (0, 1, 3)[level]]
    for colour, code in zip(colours, hidden, strict=False):
        sentence = f"The code of the {colour} cabinet is {code}."
        _insert(paragraphs, sentence, draws.below(_DEPTHS) * 10)
    return hidden


GENERATOR = Generator(
    name="needle",
    version=1,
    title="Needle in a haystack",
    description="A code in a long text about nothing in particular, alone or among similar ones.",
    make_item=_make,
    options=(
        Option(
            name="tokens",
            description="About how long the text is, in tokens of English; 0 chooses by tier"
            f" ({', '.join(f'{t:,}' for t in _TOKENS_BY_TIER)}). Below 100 stands for 100.",
            default=0,
            least=0,
            most=_MOST_TOKENS,
        ),
        Option(
            name="depth",
            description="How much of the text comes before the sentence, in percent; -1 draws it.",
            default=-1,
            least=-1,
            most=_WHOLE,
        ),
    ),
)
