"""Text about nothing in particular, of any length, for hiding things in.

Sentences of a quiet office day, put together from parts. They hold no digits and none of the
words that questions ask about, so that nothing in them can be taken for an answer.
"""

from desktop.suites.generators.chance import Draws

_WHO = (
    "the caretaker", "a visitor from the coast", "the new colleague", "the librarian",
    "an old friend of the house", "the gardener", "somebody from the second floor",
    "the driver of the van", "the woman at the counter", "a retired teacher", "the night porter",
    "one of the trainees", "the painter", "a neighbour with a dog", "the cook",
)  # fmt: skip
_DID = (
    "looked out at the rain", "carried two boxes across the yard", "asked for a cup of tea",
    "forgot an umbrella on the stairs", "talked about the harvest", "waited for the bus",
    "repaired the handle of a door", "watered the plants by the entrance", "counted the chairs",
    "read the notice on the board twice", "opened all the windows", "told a long story",
    "swept the leaves from the path", "wrote a long letter home", "hummed an old tune",
    "looked for a lost glove", "sorted the newspapers of the week", "admired the clouds",
)  # fmt: skip
_WHEN = (
    "in the morning", "shortly before noon", "after lunch", "late in the afternoon",
    "while the bells were ringing", "when the post had come", "on the way to the station",
    "during the long break", "as the light began to fade", "before anybody else had arrived",
    "between two meetings", "when it had stopped raining",
)  # fmt: skip
_THEN = (
    "Nobody seemed to mind.", "It was quiet after that.", "The clock in the hall went on ticking.",
    "Some people laughed, others shook their heads.", "The smell of bread came from the kitchen.",
    "Outside, the traffic moved slowly.", "It had been like this for years.",
    "Nothing more was said about it.", "A door closed somewhere upstairs.",
    "The conversation turned to the weather.", "There was plenty of time.",
)  # fmt: skip
_SENTENCES_OF_PARAGRAPH = 7


def _write_sentence(draws: Draws) -> str:
    drawn = draws.below(len(_WHO) * len(_DID) * len(_WHEN) * 4)
    drawn, form = divmod(drawn, 4)
    drawn, who = divmod(drawn, len(_WHO))
    when, did = divmod(drawn, len(_DID))
    first, deed, time = _WHO[who], _DID[did], _WHEN[when]
    if form == 0:
        return _THEN[(who + did + when) % len(_THEN)]
    if form == 1:
        return f"{time[0].upper()}{time[1:]}, {first} {deed}."
    return f"{first[0].upper()}{first[1:]} {deed} {time}."


def write_paragraphs(draws: Draws, words: int) -> list[str]:
    """Return paragraphs of so many words together; the last sentence may exceed them."""
    paragraphs: list[str] = []
    sentences: list[str] = []
    written = 0
    before = ""
    while written < words:
        sentence = _write_sentence(draws)
        if sentence == before:
            continue
        before = sentence
        sentences.append(sentence)
        written += sentence.count(" ") + 1
        if len(sentences) == _SENTENCES_OF_PARAGRAPH:
            paragraphs.append(" ".join(sentences))
            sentences = []
    if sentences:
        paragraphs.append(" ".join(sentences))
    return paragraphs
