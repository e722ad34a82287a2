"""School and world knowledge by choice: ARC, OpenBookQA, CommonsenseQA, MMLU, Belebele."""

from collections.abc import Sequence

from desktop.domain.suite import Metric
from desktop.suites.importers.benchmark_layouts import MMLU_TABLE
from desktop.suites.importers.item import Benchmark, Item, continuations_of, shorten_title
from desktop.suites.importers.layouts import JSON_LINES
from desktop.suites.importers.rows import Row

_LETTERS = "ABCDE"


def find_choice(row: Row, labels: Sequence[str], key: str) -> int:
    """Return which of the labels the answer names; raises `UserError` if none."""
    answer = row.word(key)
    if answer not in labels:
        raise row.wrong(key, f"one of {', '.join(labels)}")
    return list(labels).index(answer)


def _read_choices(row: Row) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return labels and texts of `choices`, in the authors' form or that of the copies."""
    if isinstance(row.value("choices"), list):
        parts = row.parts("choices")
        labels = tuple(part.word("label") for part in parts)
        choices = tuple(part.text("text") for part in parts)
    else:
        part = row.part("choices")
        labels, choices = part.texts("label", least=2), part.texts("text", least=2)
    if len(labels) != len(choices) or len(set(labels)) != len(labels) or len(labels) < 2:  # noqa: PLR2004 - one is no choice
        raise row.problem('"choices" need as many labels as texts, all different')
    return labels, choices


def _build_arc(row: Row) -> Item:
    # The authors nest the question's parts; copies have them side by side.
    nested = row.part("question") if isinstance(row.value("question"), dict) else row
    question = nested.text(nested.first_of("stem", "question"))
    labels, choices = _read_choices(nested)
    gold = find_choice(row, labels, "answerKey")
    prompt = f"Question: {question}\nAnswer:"
    return Item(
        key=row.word("id") if "id" in row else "",
        title=shorten_title(question),
        prompt=prompt,
        answer=choices[gold],
        continuations=continuations_of(prompt, choices, gold),
        metric=Metric.ACC_NORM,
    )


ARC = Benchmark(
    name="arc",
    title="ARC (AI2 Reasoning Challenge)",
    source="https://allenai.org/data/arc",
    license="CC BY-SA 4.0",
    citation="Clark et al. 2018, Think you have Solved Question Answering? arXiv:1803.05457",
    layouts=(JSON_LINES,),
    build=_build_arc,
    headline="acc_norm",
    task="arc_easy",
    parts=("easy", "challenge"),
)


def _build_openbookqa(row: Row) -> Item:
    nested = row.part("question") if "question" in row else row
    question = nested.text(nested.first_of("stem", "question_stem"))
    labels, choices = _read_choices(nested)
    gold = find_choice(row, labels, "answerKey")
    return Item(
        key=f"openbookqa-{row.word('id')}" if "id" in row else "",
        title=shorten_title(question),
        prompt=question,
        answer=choices[gold],
        continuations=continuations_of(question, choices, gold),
        metric=Metric.ACC_NORM,
    )


OPENBOOKQA = Benchmark(
    name="openbookqa",
    title="OpenBookQA",
    source="https://allenai.org/data/open-book-qa",
    license="Apache-2.0",
    citation="Mihaylov et al. 2018, Can a Suit of Armor Conduct Electricity? arXiv:1809.02789",
    layouts=(JSON_LINES,),
    build=_build_openbookqa,
    headline="acc_norm",
    task="openbookqa",
)


def _build_commonsense_qa(row: Row) -> Item:
    nested = row.part("question") if isinstance(row.value("question"), dict) else row
    question = nested.text(nested.first_of("stem", "question"))
    labels, choices = _read_choices(nested)
    if len(choices) != len(_LETTERS):
        raise row.problem(f'"choices" must be {len(_LETTERS)}, not {len(choices)}')
    return _ask_for_letter(
        key=row.word("id") if "id" in row else "",
        question=question,
        prompt=f"Question: {question.strip()}\n{_list_choices(choices)}\nAnswer:",
        gold=find_choice(row, labels, "answerKey"),
        letters=_LETTERS,
    )


def _list_choices(choices: Sequence[str], mark: str = ".") -> str:
    return "\n".join(f"{a}{mark} {b}" for a, b in zip(_LETTERS, choices, strict=False))


def _ask_for_letter(
    *,
    key: str,
    question: str,
    prompt: str,
    gold: int,
    letters: str = _LETTERS[:4],
    description: str = "",
    shot_group: str = "",
    language: str = "en",
    tags: tuple[str, ...] = (),
    group: str = "",
) -> Item:
    return Item(
        key=key,
        title=shorten_title(question),
        description=description,
        prompt=prompt,
        answer=letters[gold],
        continuations=continuations_of(prompt, letters, gold),
        metric=Metric.ACC,
        shot_group=shot_group,
        language=language,
        tags=tags,
        group=group,
    )


COMMONSENSE_QA = Benchmark(
    name="commonsense_qa",
    title="CommonsenseQA",
    source="https://www.tau-nlp.org/commonsenseqa",
    license="MIT",
    citation="Talmor et al. 2019, CommonsenseQA. arXiv:1811.00937",
    layouts=(JSON_LINES,),
    build=_build_commonsense_qa,
    headline="acc",
    task="commonsense_qa",
)


def _build_mmlu(row: Row) -> Item:
    question = row.text("question")
    subject = row.text("subject")
    if "choices" in row:
        choices = row.texts("choices", least=4, most=4, blank=True)
    else:
        # Some choices of the authors' tables are numbers, and a few are blank.
        choices = tuple(row.text(letter, blank=True) for letter in _LETTERS[:4])
    about = subject.replace("_", " ")
    return _ask_for_letter(
        key="",
        question=question,
        description=f"The following are multiple choice questions (with answers) about {about}."
        "\n\n",
        prompt=f"{question.strip()}\n{_list_choices(choices)}\nAnswer:",
        gold=_find_mmlu_answer(row),
        shot_group=subject,
        tags=(subject,),
    )


def _find_mmlu_answer(row: Row) -> int:
    """Return the place of the answer: a letter in the authors' form, a number in copies."""
    if isinstance(row.value("answer"), int):
        return row.whole("answer", 0, 3)
    return find_choice(row, _LETTERS[:4], "answer")


MMLU = Benchmark(
    name="mmlu",
    title="MMLU (Massive Multitask Language Understanding)",
    source="https://github.com/hendrycks/test",
    license="MIT",
    citation="Hendrycks et al. 2021, Measuring Massive Multitask Language Understanding."
    " arXiv:2009.03300",
    layouts=(JSON_LINES, MMLU_TABLE),
    build=_build_mmlu,
    headline="acc",
    task="mmlu",
)

# Languages as suites name them; others keep their FLORES code.
_SHOWN = {"eng_Latn": "en", "deu_Latn": "de", "fra_Latn": "fr", "spa_Latn": "es"}


def _build_belebele(row: Row) -> Item:
    question = row.text("question")
    passage = row.text(row.first_of("flores_passage", "passage"))
    language = row.word(row.first_of("dialect", "lang"))
    if "choices" in row:
        choices = row.texts("choices", least=4, most=4)
        gold = row.whole("answer", 0, 3)
    else:
        choices = tuple(row.text(f"mc_answer{n}") for n in range(1, 5))
        gold = row.whole("correct_answer_num", 1, 4) - 1
    listed = _list_choices(choices, ":")
    page = row.word(row.first_of("link", "url", "id"))
    return _ask_for_letter(
        key=f"belebele-{language}-{row.word('id')}" if "id" in row else "",
        question=question,
        prompt=f"P: {passage}\nQ: {question.strip()}\n{listed}\nAnswer:",
        gold=gold,
        shot_group=language,
        language=_SHOWN.get(language, language),
        group=f"{language} {page}",
    )


BELEBELE = Benchmark(
    name="belebele",
    title="Belebele",
    source="https://github.com/facebookresearch/belebele",
    license="CC BY-SA 4.0",
    citation="Bandarkar et al. 2024, The Belebele Benchmark. arXiv:2308.16884",
    layouts=(JSON_LINES,),
    build=_build_belebele,
    headline="acc",
    task="belebele_eng_Latn",
)

BENCHMARKS = (ARC, OPENBOOKQA, COMMONSENSE_QA, MMLU, BELEBELE)
