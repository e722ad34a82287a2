"""From cases to prompts: which system prompt, how much context."""

import msgspec

from desktop.domain.settings import RunSettings
from desktop.domain.suite import Message, Role
from desktop.evaluation.prompts import (
    bound_prompt_tokens,
    list_questions,
    longest_answer,
    make_conversation,
    make_prompt,
)
from desktop.inference.engine import choose_context
from tests.unit.evaluation.bench import make_run, make_suite


def test_a_case_with_a_system_prompt_of_its_own_keeps_it() -> None:
    suite = msgspec.structs.replace(make_suite(1), system_prompt="Suite.")
    case = msgspec.structs.replace(
        suite.cases[0],
        messages=(
            Message(role=Role.SYSTEM, content="Case."),
            Message(role=Role.USER, content="Q?"),
        ),
    )
    run = make_run(suite, system_prompt="Run.")
    assert make_conversation(case, suite, run).messages == (("system", "Case."), ("user", "Q?"))
    plain = make_conversation(suite.cases[0], suite, run)
    assert plain.messages[0] == ("system", "Run.")
    assert make_conversation(suite.cases[0], suite, make_run(suite)).messages[0] == (
        "system",
        "Suite.",
    )


def test_an_empty_system_prompt_of_the_run_means_none() -> None:
    suite = msgspec.structs.replace(make_suite(1), system_prompt="Suite.")
    conversation = make_conversation(suite.cases[0], suite, make_run(suite, system_prompt=""))
    assert conversation.messages == (("user", "Question 1?"),)


def test_the_whole_suite_comes_before_its_repeats() -> None:
    suite = make_suite(2)
    questions = list_questions(make_run(suite, repeats=2), suite)
    assert [(q.case.id, q.repeat) for q in questions] == [
        ("case-1", 0),
        ("case-2", 0),
        ("case-1", 1),
        ("case-2", 1),
    ]
    assert len({q.key for q in questions}) == 4


def test_limits_of_a_case_go_before_those_of_the_run() -> None:
    suite = make_suite(2)
    short = msgspec.structs.replace(suite.cases[0], max_tokens=5, stop=("\n",))
    suite = msgspec.structs.replace(suite, cases=(short, suite.cases[1]))
    run = make_run(suite)
    first, second = list_questions(run, suite)
    assert make_prompt(first, "text", run, templated=True).max_tokens == 5
    assert make_prompt(first, "text", run, templated=True).stop == ("\n",)
    assert make_prompt(second, "text", run, templated=False).max_tokens == run.settings.max_tokens
    assert longest_answer(suite, run) == run.settings.max_tokens


def test_the_context_holds_the_longest_prompt_and_answer() -> None:
    suite = make_suite(1)
    long = msgspec.structs.replace(
        suite.cases[0], messages=(Message(role=Role.USER, content="word " * 600),)
    )
    suite = msgspec.structs.replace(suite, cases=(long,))
    bound = bound_prompt_tokens(suite, make_run(suite))
    assert bound >= 3000
    assert choose_context(RunSettings(), bound + 256, 0) >= bound + 256
    assert choose_context(RunSettings(), bound + 256, 0) % 256 == 0


def test_the_context_is_never_beyond_what_the_model_was_made_for_unless_asked() -> None:
    assert choose_context(RunSettings(), 100_000, 2048) == 2048
    assert choose_context(RunSettings(context_tokens=4096), 100_000, 2048) == 4096
    assert choose_context(RunSettings(), 10, 2048) == 512
