"""Answers that stand in a text: BoolQ by choice, SQuAD and XQuAD in words."""

from desktop.domain.suite import Check, Metric
from desktop.suites.importers.benchmark_layouts import SQUAD_JSON, XQUAD_JSON
from desktop.suites.importers.item import Benchmark, Item, continuations_of, shorten_title
from desktop.suites.importers.layouts import JSON_LINES
from desktop.suites.importers.rows import Row, content_key

_UNANSWERABLE = "unanswerable"
# Context, question and answer as lm-evaluation-harness says them in each language.
_XQUAD_WORDS = {
    "ar": ("سيا", "سؤال", "إجابة"),
    "de": ("Kontext", "Frage", "Antwort"),
    "el": ("Συμφραζόμενα", "Ερώτηση", "Απάντηση"),
    "en": ("Context", "Question", "Answer"),
    "es": ("Contexto", "Pregunta", "Respuesta"),
    "hi": ("प्रसंग", "सवाल", "उत्तर"),
    "ro": ("Context", "Întrebare", "Răspuns"),
    "ru": ("Контекст", "Вопрос", "Ответ"),
    "th": ("บริบท", "คำถาม", "คำตอบ"),
    "tr": ("Bağlam", "Soru", "Cevap"),
    "vi": ("Bối cảnh", "Câu hỏi", "Trả lời"),
    "zh": ("语境", "问题", "回答"),
}


def match_short_answer(answers: tuple[str, ...]) -> tuple[Check, ...]:
    """Return SQuAD's two measures: cases pass by exact match, and score F1 of the words."""
    expected = list(dict.fromkeys(answers))
    return (
        Check(kind="exact_match", expected=expected, weight=0.0),
        Check(kind="token_f1", expected=expected, options={"at_least": 0}),
    )


def _build_boolq(row: Row) -> Item:
    question, passage = row.text("question"), row.text("passage")
    gold = int(row.flag(row.first_of("label", "answer")))
    prompt = f"{passage}\nQuestion: {question}?\nAnswer:"
    choices = ("no", "yes")
    return Item(
        key=f"boolq-{row.word('idx')}" if "idx" in row else "",
        title=shorten_title(question),
        prompt=prompt,
        answer=choices[gold],
        continuations=continuations_of(prompt, choices, gold),
        metric=Metric.ACC,
        group=f"boolq {content_key(passage)}",
    )


BOOLQ = Benchmark(
    name="boolq",
    title="BoolQ",
    source="https://github.com/google-research-datasets/boolean-questions",
    license="CC BY-SA 3.0",
    citation="Clark et al. 2019, BoolQ: Exploring the Surprising Difficulty of Natural Yes/No"
    " Questions. arXiv:1905.10044",
    layouts=(JSON_LINES,),
    build=_build_boolq,
    headline="acc",
    task="boolq",
)


def _read_answers(row: Row) -> tuple[str, ...]:
    """Return the answers: the authors' parts with places, or a plain list of texts."""
    value = row.value("answers")
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return row.texts("answers", least=0)
    if isinstance(value, dict):
        return row.part("answers").texts("text", least=0)
    return tuple(part.text("text") for part in row.parts("answers"))


def _build_squad(row: Row) -> Item:
    context, question = row.text("context"), row.text("question")
    title = row.text("title", blank=True)
    answers = _read_answers(row)
    if not answers and not ("is_impossible" in row and row.flag("is_impossible")):
        raise row.problem('"answers" is empty, and the question is not marked as unanswerable')
    answers = answers or (_UNANSWERABLE,)
    return Item(
        key=row.word("id") if "id" in row else "",
        title=shorten_title(question),
        prompt=f"Title: {title}\n\nBackground: {context}\n\nQuestion: {question}\n\nAnswer:",
        answer=answers[0],
        checks=match_short_answer(answers),
        stop=("\n",),
        max_tokens=256,
        group=f"squad {content_key(context)}",
    )


SQUAD = Benchmark(
    name="squad",
    title="SQuAD (Stanford Question Answering Dataset)",
    source="https://rajpurkar.github.io/SQuAD-explorer/",
    license="CC BY-SA 4.0",
    citation="Rajpurkar et al. 2016, SQuAD: 100,000+ Questions for Machine Comprehension of Text."
    " arXiv:1606.05250",
    layouts=(SQUAD_JSON, JSON_LINES),
    build=_build_squad,
    headline="exact match; the mean score is F1",
    task="squadv2",
    deviations="The answer is written; the likelihood that the harness takes beside it for"
    " questions without an answer is left out.",
)


def _build_xquad(row: Row) -> Item:
    context, question = row.text("context"), row.text("question")
    language = row.text("lang")
    if language not in _XQUAD_WORDS:
        raise row.wrong("lang", f"one of {', '.join(_XQUAD_WORDS)}")
    about, asked, answered = _XQUAD_WORDS[language]
    answers = _read_answers(row)
    if not answers:
        raise row.problem('"answers" is empty')
    return Item(
        key=f"{language}-{row.word('id')}" if "id" in row else "",
        title=shorten_title(question),
        prompt=f"{about}: {context}\n\n{asked}: {question}\n\n{answered}:",
        answer=answers[0],
        checks=match_short_answer(answers[:1]),
        stop=("\n",),
        max_tokens=256,
        language=language,
        shot_group=language,
        group=f"xquad {content_key(context)}",
    )


XQUAD = Benchmark(
    name="xquad",
    title="XQuAD",
    source="https://github.com/google-deepmind/xquad",
    license="CC BY-SA 4.0",
    citation="Artetxe et al. 2020, On the Cross-lingual Transferability of Monolingual"
    " Representations. arXiv:1910.11856",
    layouts=(XQUAD_JSON, JSON_LINES),
    build=_build_xquad,
    headline="exact match; the mean score is F1",
    task="xquad_en",
)

BENCHMARKS = (BOOLQ, SQUAD, XQUAD)
