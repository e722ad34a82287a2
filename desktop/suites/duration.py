"""How long suites take, estimated before the start from a model's measured speed.

Tokens are counted from characters, since no tokeniser is at hand before a model is loaded: in
Latin script one is about 4 characters, in Arabic 2.5, and Chinese and Japanese signs are one each.
For the bundled suites that is within a third of what the sample models' tokenisers count.
How long answers are, nobody knows beforehand. So the estimate has two ends: answers as long as
the examples of the suite, and answers as long as is allowed.
"""

from collections.abc import Iterable

import regex

from desktop.domain.base import Value
from desktop.domain.suite import Case, Suite

_SIGNS = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]")
_DENSE = regex.compile(r"[\p{Arabic}\p{Hebrew}\p{Cyrillic}\p{Greek}\p{Devanagari}\p{Thai}]")
_CHARACTERS_PER_TOKEN = 4.0
_DENSE_PER_TOKEN = 2.5
# What a chat template adds to a prompt, some with a system prompt of their own.
_TEMPLATE_TOKENS = 30
# An answer without an example: a sentence.
_USUAL_ANSWER_TOKENS = 24
_END_TOKENS = 1


class Workload(Value, frozen=True, kw_only=True):
    """What suites ask of a model: tokens to read, and to write at least and at most."""

    cases: int
    prompt_tokens: int
    least_answer_tokens: int
    most_answer_tokens: int


class Duration(Value, frozen=True, kw_only=True):
    """An estimated time from `least_seconds` to `most_seconds`, without loading the model."""

    least_seconds: float
    most_seconds: float


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text has."""
    signs = len(_SIGNS.findall(text))
    dense = len(_DENSE.findall(text))
    others = len(text) - signs - dense
    return round(signs + dense / _DENSE_PER_TOKEN + others / _CHARACTERS_PER_TOKEN)


def measure_workload(
    suites: Iterable[Suite], *, max_tokens: int, repeats: int = 1, system_prompt: str = ""
) -> Workload:
    """Count what suites ask for; `max_tokens` limits answers of cases that set no limit."""
    cases = prompts = least = most = 0
    for suite in suites:
        documents = {document.id: estimate_tokens(document.text) for document in suite.documents}
        few_shot = {
            shot.id: sum(estimate_tokens(message.content) for message in shot.messages)
            for shot in suite.few_shot
        }
        system = estimate_tokens(system_prompt or suite.system_prompt or "")
        for case in suite.cases:
            times = case.repeats or repeats
            shared = system + few_shot.get(case.few_shot, 0)
            shared += sum(documents.get(name, 0) for name in case.documents)
            limit = case.max_tokens or max_tokens
            cases += times
            prompts += times * (shared + _count_prompt(case))
            least += times * _count_answer(case, limit)
            most += times * (0 if case.continuations else limit)
    return Workload(
        cases=cases, prompt_tokens=prompts, least_answer_tokens=least, most_answer_tokens=most
    )


def _count_prompt(case: Case) -> int:
    written = sum(estimate_tokens(message.content) for message in case.messages)
    read = sum(estimate_tokens(part.context + part.text) for part in case.continuations)
    return written + read + _TEMPLATE_TOKENS


def _count_answer(case: Case, limit: int) -> int:
    if case.continuations:
        return 0
    if case.passing_example is None:
        return min(limit, _USUAL_ANSWER_TOKENS)
    return min(limit, estimate_tokens(case.passing_example) + _END_TOKENS)


def estimate_duration(
    workload: Workload,
    *,
    prompt_tokens_per_second: float,
    generated_tokens_per_second: float,
) -> Duration:
    """Return how long a workload takes at these speeds, one case at a time.

    The speeds are those of a speed probe (pp512, tg128). Several cases at once are faster, long
    prompts slower, so this is a guide and no promise.
    """
    reading = workload.prompt_tokens / prompt_tokens_per_second
    return Duration(
        least_seconds=reading + workload.least_answer_tokens / generated_tokens_per_second,
        most_seconds=reading + workload.most_answer_tokens / generated_tokens_per_second,
    )
