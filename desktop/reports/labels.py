"""Headings, column titles and fixed sentences of the PDF, beside `wording` for the rest."""

from types import MappingProxyType

LABELS = MappingProxyType(
    {
        "answers": "Answers side by side",
        "bar": "The dot is the share of cases passed; the bar is where that share is likely to "
        "lie on other cases of this kind (95% interval).",
        "case": "Case",
        "cases": "Cases",
        "difference": "Difference, points",
        "error": "error, not counted",
        "failed": "failed",
        "first": "First",
        "footer": "Made with Touchstone on the machine where the models ran. "
        "No data left the machine.",
        "how_sure": "How sure?",
        "limits": "What this does not say",
        "matrix": "Every case",
        "measured": "How it was measured.",
        "memory": "peak memory",
        "model": "Model",
        "only_first": "Only first",
        "only_second": "Only second",
        "p": "p",
        "pairs": "Two by two",
        "pairs_note": "Only cases that both models answered. The middle columns count cases that "
        "one alone passed. Differences are first minus second, in percentage points, with their "
        "95% interval below. p is corrected for the number of pairs; from 0.05 down a difference "
        "counts as more than chance.",
        "passed": "passed",
        "property": "What",
        "rate": "Tokens per second",
        "repetitions": "Repetitions",
        "replaced": "\N{WHITE SQUARE} stands for a character that no font of this system can "
        "show. The CSV and JSON files have the characters themselves.",
        "result": "Result",
        "second": "Second",
        "sources": "What was run",
        "speeds": "Speed",
        "speeds_note": "Mean and standard deviation of the repetitions. pp is the reading of a "
        "prompt of so many tokens, tg the generation of so many, as llama-bench defines them.",
        "tag": "Kind",
        "tags": "Quality by kind of case",
        "tags_note": "Share of cases passed with its 95% interval. A case may be of several "
        "kinds. Kinds have few cases each and were not tested against each other: read wide "
        "intervals as a hint at most.",
        "test": "Test",
        "truncated": "cut off by a limit, not passed",
        "unanswered": "no answer yet",
        "valid": "Valid",
        "value": "Value",
    }
)
