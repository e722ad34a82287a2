"""Everyday sense by choice: HellaSwag, WinoGrande, PIQA, COPA, Social IQa."""

import re

from desktop.domain.suite import Continuation, Metric
from desktop.suites.importers.benchmark_layouts import HELLASWAG_TEXT, WINOGRANDE_TABLE
from desktop.suites.importers.item import Benchmark, Item, continuations_of, shorten_title
from desktop.suites.importers.layouts import JSON_LINES
from desktop.suites.importers.rows import Row

_BRACKETS = re.compile(r"\[.*?\]")
_COPA_WORDS = {"cause": "because", "effect": "therefore"}


def _clean(text: str) -> str:
    """Take WikiHow's marks out, in the order in which the harness does it."""
    text = text.strip().replace(" [title]", ". ")
    return _BRACKETS.sub("", text).replace("  ", " ")


def _build_hellaswag(row: Row) -> Item:
    endings = row.texts("endings", least=4, most=4, blank=True)
    gold = row.whole("label", 0, 3)
    if "ctx_a" not in row:
        # llama.cpp's text is cleaned already, and llama-perplexity counts per token.
        prompt, metric = row.text("ctx"), Metric.ACC_TOKEN_NORM
    else:
        context = f"{row.text('ctx_a', blank=True)} {row.text('ctx_b', blank=True).capitalize()}"
        prompt = _clean(f"{row.text('activity_label')}: {context}")
        endings = tuple(_clean(ending) for ending in endings)
        metric = Metric.ACC_NORM
    return Item(
        key=f"hellaswag-{row.word('ind')}" if "ind" in row else "",
        title=shorten_title(prompt),
        prompt=prompt,
        answer=endings[gold],
        continuations=continuations_of(prompt, endings, gold),
        metric=metric,
        tags=(row.text("split_type"),) if "split_type" in row else (),
    )


HELLASWAG = Benchmark(
    name="hellaswag",
    title="HellaSwag",
    source="https://github.com/rowanz/hellaswag",
    license="MIT",
    citation="Zellers et al. 2019, HellaSwag: Can a Machine Really Finish Your Sentence?"
    " arXiv:1905.07830",
    layouts=(JSON_LINES, HELLASWAG_TEXT),
    build=_build_hellaswag,
    headline="acc_norm; acc_token_norm for llama.cpp's text, as llama-perplexity counts",
    task="hellaswag",
)


def _build_winogrande(row: Row) -> Item:
    sentence = row.text("sentence")
    before, blank, after = sentence.partition("_")
    if not blank:
        raise row.problem('"sentence" has no gap: an underscore marks it')
    gold = row.whole("answer", 1, 2) - 1
    contexts = [before + row.text("option1"), before + row.text("option2")]
    text = after.strip()
    if not text:
        raise row.problem('nothing follows the gap of "sentence"')
    return Item(
        key=row.word("qID") if "qID" in row else "",
        title=shorten_title(sentence),
        prompt=contexts[gold],
        answer=text,
        continuations=tuple(
            Continuation(context=context, text=f" {text}", correct=place == gold)
            for place, context in enumerate(contexts)
        ),
        metric=Metric.ACC,
    )


WINOGRANDE = Benchmark(
    name="winogrande",
    title="WinoGrande",
    source="https://github.com/allenai/winogrande",
    license="CC BY 4.0",
    citation="Sakaguchi et al. 2019, WinoGrande. arXiv:1907.10641",
    layouts=(JSON_LINES, WINOGRANDE_TABLE),
    build=_build_winogrande,
    headline="acc",
    task="winogrande",
)


def _build_piqa(row: Row) -> Item:
    goal = row.text("goal")
    choices = (row.text("sol1", blank=True), row.text("sol2", blank=True))
    gold = row.whole("label", 0, 1)
    prompt = f"Question: {goal}\nAnswer:"
    return Item(
        key=row.word("id") if "id" in row else "",
        title=shorten_title(goal),
        prompt=prompt,
        answer=choices[gold],
        continuations=continuations_of(prompt, choices, gold),
        metric=Metric.ACC_NORM,
    )


PIQA = Benchmark(
    name="piqa",
    title="PIQA (Physical Interaction: Question Answering)",
    source="https://yonatanbisk.com/piqa/",
    license="AFL-3.0",
    citation="Bisk et al. 2020, PIQA: Reasoning about Physical Commonsense. arXiv:1911.11641",
    layouts=(JSON_LINES,),
    build=_build_piqa,
    headline="acc_norm",
    task="piqa",
)


def _build_copa(row: Row) -> Item:
    kind = row.text("question")
    if kind not in _COPA_WORDS:
        raise row.wrong("question", "cause or effect")
    choices = tuple(f" {t[0].lower()}{t[1:]}" for t in (row.text("choice1"), row.text("choice2")))
    gold = row.whole("label", 0, 1)
    premise = row.text("premise").strip()
    prompt = f"{premise[:-1]} {_COPA_WORDS[kind]}"
    return Item(
        key=f"copa-{row.word('idx')}" if "idx" in row else "",
        title=shorten_title(premise),
        prompt=prompt,
        answer=choices[gold],
        # The harness puts its own space before a choice that begins with one: two in all.
        continuations=continuations_of(prompt, choices, gold),
        metric=Metric.ACC,
        tags=(kind,),
    )


COPA = Benchmark(
    name="copa",
    title="COPA (Choice of Plausible Alternatives)",
    source="https://people.ict.usc.edu/~gordon/copa.html",
    license="BSD-2-Clause",
    citation="Roemmele et al. 2011, Choice of Plausible Alternatives. AAAI Spring Symposium",
    layouts=(JSON_LINES,),
    build=_build_copa,
    headline="acc",
    task="copa",
)


def _build_social_iqa(row: Row) -> Item:
    context, question = row.text("context"), row.text("question")
    choices = tuple(row.text(f"answer{letter}", blank=True) for letter in "ABC")
    gold = row.whole("label", 1, 3) - 1
    prompt = f"Q: {context} {question}\nA:"
    return Item(
        key="",
        title=shorten_title(f"{context} {question}"),
        prompt=prompt,
        answer=choices[gold],
        continuations=continuations_of(prompt, choices, gold),
        metric=Metric.ACC,
    )


SOCIAL_IQA = Benchmark(
    name="social_iqa",
    title="Social IQa",
    source="https://allenai.org/data/socialiqa",
    license="CC BY 4.0",
    citation="Sap et al. 2019, Social IQa: Commonsense Reasoning about Social Interactions."
    " arXiv:1904.09728",
    layouts=(JSON_LINES,),
    build=_build_social_iqa,
    headline="acc",
    task="social_iqa",
)

BENCHMARKS = (HELLASWAG, WINOGRANDE, PIQA, COPA, SOCIAL_IQA)
