"""The estimated time: from what is read and written, with two ends, and scripts told apart."""

import pytest

from desktop.domain.suite import Case, Check, Continuation, Document, FewShot, Message, Role, Suite
from desktop.suites.duration import (
    Workload,
    estimate_duration,
    estimate_tokens,
    measure_workload,
)


def make_case(prompt: str = "a" * 400, **more: object) -> Case:
    case = {
        "id": "c",
        "title": "c",
        "messages": (Message(role=Role.USER, content=prompt),),
        "checks": (Check(kind="equals", expected="x"),),
        **more,
    }
    return Case(**case)  # type: ignore[arg-type]


def make_suite(*cases: Case, **more: object) -> Suite:
    return Suite(id="s", title="s", version="1", cases=cases, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("The office opens at nine and closes at five.", 9, 13),
        ("图书馆星期一闭馆。", 8, 10),
        ("المكتبة مغلقة يوم الاثنين", 7, 12),
        ("", 0, 0),
    ],
)
def test_tokens_are_estimated_by_script(text: str, least: int, most: int) -> None:
    assert least <= estimate_tokens(text) <= most


def test_a_workload_has_prompts_and_answers_of_two_lengths() -> None:
    suite = make_suite(make_case(passing_example="a" * 40, max_tokens=64), make_case())
    work = measure_workload([suite], max_tokens=256)
    assert work.cases == 2
    assert work.prompt_tokens == 2 * (100 + 30)
    assert work.least_answer_tokens == 11 + 24
    assert work.most_answer_tokens == 64 + 256


def test_repeats_documents_and_examples_count() -> None:
    plain = measure_workload([make_suite(make_case())], max_tokens=100)
    thrice = measure_workload([make_suite(make_case())], max_tokens=100, repeats=3)
    own = measure_workload([make_suite(make_case(repeats=2))], max_tokens=100, repeats=3)
    assert thrice.prompt_tokens == 3 * plain.prompt_tokens
    assert own.cases == 2
    suite = make_suite(
        make_case(documents=("d",), few_shot="f"),
        documents=(Document(id="d", text="a" * 4000),),
        few_shot=(FewShot(id="f", messages=(Message(role=Role.USER, content="a" * 800),)),),
        system_prompt="a" * 40,
    )
    more = measure_workload([suite], max_tokens=100)
    assert more.prompt_tokens == plain.prompt_tokens + 1000 + 200 + 10


def test_what_likelihood_decides_is_only_read() -> None:
    parts = tuple(Continuation(context="a" * 40, text="b" * 40) for _ in range(4))
    work = measure_workload([make_suite(make_case(messages=(), continuations=parts))], max_tokens=9)
    assert work.prompt_tokens == 4 * 20 + 30
    assert work.most_answer_tokens == work.least_answer_tokens == 0


def test_time_is_reading_and_writing_at_the_measured_speeds() -> None:
    work = Workload(cases=1, prompt_tokens=1000, least_answer_tokens=50, most_answer_tokens=200)
    took = estimate_duration(work, prompt_tokens_per_second=500, generated_tokens_per_second=25)
    assert (took.least_seconds, took.most_seconds) == (4.0, 10.0)
