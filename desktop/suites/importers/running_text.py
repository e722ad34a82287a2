"""How well a model foresees text: LAMBADA's last words, WikiText's articles."""

import re

from desktop.domain.suite import Continuation, Metric
from desktop.suites.importers.benchmark_layouts import WIKITEXT_RAW
from desktop.suites.importers.item import Benchmark, Item, shorten_title
from desktop.suites.importers.layouts import JSON_LINES
from desktop.suites.importers.rows import Row


def _build_lambada(row: Row) -> Item:
    if "text" in row:  # as it was published
        before, space, last = row.text("text").rpartition(" ")
        if not space or not last:
            raise row.wrong("text", "several words, without a space at the end")
    else:
        before, last = row.text("context"), row.text("continuation").strip(" ")
    return Item(
        key="",
        title=shorten_title(before),
        prompt=before,
        # In an example the harness has two spaces here: its delimiter, and one of the target.
        answer=f" {last}",
        continuations=(Continuation(context=before, text=f" {last}", correct=True),),
        metric=Metric.GREEDY,
    )


LAMBADA = Benchmark(
    name="lambada",
    title="LAMBADA",
    source="https://zenodo.org/records/2630551",
    license="CC BY 4.0",
    citation="Paperno et al. 2016, The LAMBADA dataset. arXiv:1606.06031; OpenAI's text, 2019",
    layouts=(JSON_LINES,),
    build=_build_lambada,
    headline="the last word is what greedy decoding would write",
    task="lambada_openai",
)

# WikiText puts spaces around punctuation; in this order the harness takes them out.
_SPACED = (
    (" @-@ ", "-"),
    (" @,@ ", ","),
    (" @.@ ", "."),
    *((f" {mark} ", f"{mark} ") for mark in (":", ";", ".", "!", "?", ",")),
)
_ENCLOSED = (
    (re.compile(r"\(\s*([^)]*?)\s*\)"), r"(\1)"),
    (re.compile(r"\[\s*([^\]]*?)\s*\]"), r"[\1]"),
    (re.compile(r"{\s*([^}]*?)\s*}"), r"{\1}"),
    (re.compile(r'"\s*([^"]*?)\s*"'), r'"\1"'),
    (re.compile(r"'\s*([^']*?)\s*'"), r"'\1'"),
)
_REST = (
    ("= = = =", "===="),
    ("= = =", "==="),
    ("= =", "=="),
    (" \N{DEGREE SIGN} ", "\N{DEGREE SIGN}"),
    (" \n", "\n"),
    ("\n ", "\n"),
    (" N ", " 1 "),
    (" 's", "'s"),
)


def join_words(page: str) -> str:
    """Return an article as people write it, the same way as lm-evaluation-harness."""
    text = page.replace("s '", "s'")
    text = re.sub(r"/' [0-9]/", r"/'[0-9]/", text)
    for spaced, joined in _SPACED:
        text = text.replace(spaced, joined)
    for pattern, replacement in _ENCLOSED:
        text = pattern.sub(replacement, text)
    for spaced, joined in _REST:
        text = text.replace(spaced, joined)
    return text


def _build_wikitext(row: Row) -> Item:
    page = row.text("page")
    text = join_words(page)
    return Item(
        key="",
        title=shorten_title(page.lstrip().partition("\n")[0].strip(" =")) or "article",
        prompt="",
        answer=text,
        continuations=(Continuation(context="", text=text, correct=True),),
        metric=Metric.PERPLEXITY,
    )


WIKITEXT = Benchmark(
    name="wikitext",
    title="WikiText-2",
    source="https://huggingface.co/datasets/Salesforce/wikitext",
    license="CC BY-SA 3.0",
    citation="Merity et al. 2016, Pointer Sentinel Mixture Models. arXiv:1609.07843",
    layouts=(WIKITEXT_RAW, JSON_LINES),
    build=_build_wikitext,
    headline="perplexity; nothing passes or fails",
    task="wikitext",
    takes_shots=False,
)

BENCHMARKS = (LAMBADA, WIKITEXT)
