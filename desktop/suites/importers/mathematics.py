"""Word problems whose answer is a number: GSM8K, MGSM, SVAMP."""

import re

from desktop.domain.suite import Check
from desktop.suites.importers.benchmark_layouts import MGSM_TABLE
from desktop.suites.importers.item import Benchmark, Item, shorten_title
from desktop.suites.importers.layouts import JSON_LINES, JSON_LIST
from desktop.suites.importers.rows import Row

_FINAL = re.compile(r"#### (-?[0-9.,]+)")
_NUMBER = re.compile(r"-?\d[\d,]{0,14}(?:\.\d{1,9})?")
_ENDS = ("</s>", "<|im_end|>")
# What stands before a question and after it, as lm-evaluation-harness says it in each language.
_MGSM_WORDS = {
    "bn": ("প্রশ্ন: ", "Answer:"),
    "de": ("Frage: ", "Antwort:"),
    "en": ("Question: ", "Answer:"),
    "es": ("Pregunta: ", "Respuesta:"),
    "fr": ("Question : ", "Réponse :"),
    "ja": ("問題： ", "Answer:"),  # noqa: RUF001 - the harness has this colon
    "ru": ("Задача: ", "Answer:"),
    "sw": ("Swali: ", "Answer:"),
    "te": ("ప్రశ్న: ", "Answer:"),
    "th": ("โจทย์: ", "Answer:"),
    "zh": ("问题： ", "Answer:"),  # noqa: RUF001 - the harness has this colon
}


def _build_gsm8k(row: Row) -> Item:
    question, answer = row.text("question"), row.text("answer")
    final = _FINAL.search(answer)
    if final is None:
        raise row.problem('"answer" must end with #### and the number')
    return Item(
        key="",
        title=shorten_title(question),
        prompt=f"Question: {question}\nAnswer:",
        answer=answer,
        checks=(Check(kind="gsm8k", expected=final[1]),),
        stop=("Question:", *_ENDS),
        max_tokens=256,
    )


GSM8K = Benchmark(
    name="gsm8k",
    title="GSM8K (Grade School Math)",
    source="https://github.com/openai/grade-school-math",
    license="MIT",
    citation="Cobbe et al. 2021, Training Verifiers to Solve Math Word Problems. arXiv:2110.14168",
    layouts=(JSON_LINES,),
    build=_build_gsm8k,
    headline="exact match of the last number (flexible-extract)",
    task="gsm8k",
    shots=5,
)


def _build_mgsm(row: Row) -> Item:
    language = row.text("lang")
    if language not in _MGSM_WORDS:
        raise row.wrong("lang", f"one of {', '.join(_MGSM_WORDS)}")
    question, answer = row.text("question"), row.word("answer")
    if not _NUMBER.fullmatch(answer):
        raise row.wrong("answer", "a number")
    asked, answered = _MGSM_WORDS[language]
    return Item(
        key=f"mgsm-{language}-{row.word('id')}" if "id" in row else "",
        title=shorten_title(question),
        prompt=f"{asked}{question}\n{answered}",
        answer=answer,
        delimiter="",
        checks=(Check(kind="gsm8k", expected=answer),),
        stop=(asked.rstrip(" "), *_ENDS),
        max_tokens=256,
        language=language,
        shot_group=language,
    )


MGSM = Benchmark(
    name="mgsm",
    title="MGSM (Multilingual Grade School Math)",
    source="https://github.com/google-research/url-nlp/tree/main/mgsm",
    license="CC BY 4.0",
    citation="Shi et al. 2022, Language Models are Multilingual Chain-of-Thought Reasoners."
    " arXiv:2210.03057",
    layouts=(JSON_LINES, MGSM_TABLE),
    build=_build_mgsm,
    headline="exact match of the last number (flexible-extract)",
    task="mgsm_direct_en",
)


def _build_svamp(row: Row) -> Item:
    if "Body" in row:  # the authors' form
        body = row.text("Body").strip()
        question = f"{body}{'' if body.endswith(('.', '?', ',')) else '.'} {row.text('Question')}"
        answer = row.value("Answer")
        key = row.word("ID") if "ID" in row else ""
    else:
        question, answer, key = row.text("context"), row.value("answer"), ""
    if isinstance(answer, bool) or not _NUMBER.fullmatch(f"{answer}".strip()):
        raise row.problem(f"the answer must be a number, not {answer!r:.40}")
    value = float(f"{answer}".replace(",", ""))
    number = int(value) if value.is_integer() else value
    return Item(
        key=key,
        title=shorten_title(question),
        prompt=f"Question: {question}\nAnswer:",
        answer=f"{number}",
        checks=(Check(kind="number", expected=number),),
        stop=("Question:", *_ENDS),
        max_tokens=256,
    )


SVAMP = Benchmark(
    name="svamp",
    title="SVAMP (Simple Variations on Arithmetic Math Word Problems)",
    source="https://github.com/arkilpatel/SVAMP",
    license="MIT",
    citation="Patel et al. 2021, Are NLP Models really able to Solve Simple Math Word Problems?"
    " arXiv:2103.07191",
    layouts=(JSON_LINES, JSON_LIST),
    build=_build_svamp,
    headline="the last number is right",
    deviations="lm-evaluation-harness has no such task; the layout is that of GSM8K.",
)

BENCHMARKS = (GSM8K, MGSM, SVAMP)
