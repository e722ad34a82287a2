"""What is odd about a model's chat template, in words.

Codes are stable: `template_reaches_out`, `template_huge_work`, `template_address`,
`template_hidden_order`, `template_invisible`, `template_too_long`, `templates_too_many`,
`foreign_template`.
"""

from collections.abc import Iterator

from desktop.domain.language_model import ModelFacts, ModelWarning
from desktop.gguf.header import VOCABULARY_KEY, GgufHeader
from desktop.gguf.source import MARKS_LIMIT
from desktop.gguf.template_text import TEMPLATE_LIMIT, find_foreign_format, find_tricks

# Characters of all templates together, so that no file takes long to check.
_MOST_CHECKED = 2 * TEMPLATE_LIMIT

_SENTENCES = {
    "template_reaches_out": "{which} reaches for Python's insides or other files (“{found}”), "
    "which no conversation needs and attacks do; don't run this file unless you trust its origin.",
    "template_huge_work": "{which} computes with huge numbers or powers (“{found}”), which can "
    "stall the program before the model is asked; don't run this file unless you trust its origin.",
    "template_address": "{which} writes an internet address into every conversation (“{found}”), "
    "which the model may repeat as advice; read the template before you rely on its answers.",
    "template_hidden_order": "{which} tells the model what its user does not see (“{found}”), so "
    "that answers may not be its own; read the template before you rely on its answers.",
    "template_invisible": "{which} has signs that print as nothing or turn the direction of "
    "writing ({found}), behind which orders to the model can hide; read it where they "
    "show.",
    "template_too_long": "{which} has {found}, more than twice what any known one has; only its "
    "beginning was checked, so read it before you rely on the model's answers.",
}


def find_template_oddities(header: GgufHeader, facts: ModelFacts) -> Iterator[ModelWarning]:
    """Yield the warnings about all templates of a model, each code once."""
    told: set[str] = set()
    checked = 0
    templates = list(_list_templates(header))
    for number, (which, template) in enumerate(templates):
        if checked > _MOST_CHECKED:
            yield ModelWarning(
                code="templates_too_many",
                message=f"The file has {len(templates):,} chat templates, where known ones have up "
                f"to three; only the first {number:,} were checked, so read the others before you "
                "rely on the model's answers.",
            )
            break
        checked += min(len(template), TEMPLATE_LIMIT)
        for trick in find_tricks(template):
            if trick.code not in told:
                told.add(trick.code)
                sentence = _SENTENCES[trick.code].format(which=which, found=trick.found)
                yield ModelWarning(code=trick.code, message=sentence)
    yield from _tell_foreign(header, facts)


def _list_templates(header: GgufHeader) -> Iterator[tuple[str, str]]:
    prefix = "tokenizer.chat_template"
    for key, value in header.values.items():
        if isinstance(value, str) and value and (key == prefix or key.startswith(f"{prefix}.")):
            name = "".join(c for c in key.removeprefix(f"{prefix}.")[:40] if c.isprintable())
            yield ("The chat template" if key == prefix else f"The chat template “{name}”"), value


def _tell_foreign(header: GgufHeader, facts: ModelFacts) -> Iterator[ModelWarning]:
    """Compare the control tokens that the template writes with the vocabulary's."""
    listed = header.values.get(VOCABULARY_KEY)
    marks = header.marks
    if isinstance(listed, tuple):
        marks = frozenset(word for word in listed if isinstance(word, str))
    if not facts.chat_template or not facts.vocabulary_size or len(marks) >= MARKS_LIMIT:
        return
    family, tokens = find_foreign_format(facts.chat_template, marks)
    if family:
        yield ModelWarning(
            code="foreign_template",
            message=f"The chat template is written for {family}, but this vocabulary lacks its "
            f"control tokens ({', '.join(tokens)}): the model reads them as plain text and may "
            "answer badly or without end, so get a file with the model's own template.",
        )
