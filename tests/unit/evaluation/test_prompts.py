"""From cases to prompts: which system prompt, which limits, in what form."""

import hashlib

import msgspec

from desktop.domain.settings import RunSettings, Sampling
from desktop.domain.suite import Continuation, Document, FewShot, Message, Metric, Role, Suite
from desktop.evaluation.prompts import (
    hash_prompt,
    list_continuations,
    list_questions,
    make_conversation,
    make_prompt,
)
from desktop.inference.engine import RenderedPrompt, ThinkingFormat
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
    rendered = RenderedPrompt(text="text")
    assert make_prompt(first, rendered, run, templated=True).max_tokens == 5
    assert make_prompt(first, rendered, run, templated=True).stop == ("\n",)
    assert make_prompt(second, rendered, run, templated=False).max_tokens == run.settings.max_tokens


def test_a_plain_answer_ends_where_the_next_question_would_begin() -> None:
    suite = make_suite(1)
    (question,) = list_questions(make_run(suite), suite)
    prompt = make_prompt(question, RenderedPrompt(text="t"), make_run(suite), templated=False)
    assert "\nAnswer:" in prompt.stop


def test_limits_of_thinking_and_the_form_of_answers_reach_the_engine() -> None:
    suite = make_suite(1)
    bound = msgspec.structs.replace(suite.cases[0], json_schema={"type": "integer"})
    suite = msgspec.structs.replace(suite, cases=(bound,))
    settings = RunSettings(max_thinking_tokens=99, thinking_budget=7)
    run = msgspec.structs.replace(make_run(suite), settings=settings)
    thinking = ThinkingFormat(opening="<think>", closing="</think>")
    rendered = RenderedPrompt(text="a\ufdd0b", mask="\ufdd0", thinking=thinking)
    prompt = make_prompt(list_questions(run, suite)[0], rendered, run, templated=True)
    assert (prompt.max_thinking_tokens, prompt.thinking_budget) == (99, 7)
    assert prompt.thinking == thinking
    assert prompt.mask == "\ufdd0"
    assert prompt.grammar.startswith("root")


def suite_with_attachments() -> Suite:
    suite = make_suite(1)
    case = msgspec.structs.replace(suite.cases[0], documents=("b", "a"), few_shot="sums")
    shots = FewShot(
        id="sums",
        messages=(
            Message(role=Role.SYSTEM, content="Be exact."),
            Message(role=Role.USER, content="1 + 1?"),
            Message(role=Role.ASSISTANT, content="2"),
        ),
        text="Q: 1 + 1?\nA: 2\n\n",
    )
    documents = (Document(id="a", text="Apples. "), Document(id="b", title="Bees", text="Honey."))
    return msgspec.structs.replace(
        suite, cases=(case,), few_shot=(shots,), documents=documents, system_prompt="Suite."
    )


def test_worked_examples_and_documents_come_before_the_question() -> None:
    suite = suite_with_attachments()
    (case,) = suite.cases
    question = "[b] Bees\nHoney.\n\n[a]\nApples.\n\nQuestion 1?"
    assert make_conversation(case, suite, make_run(suite)).messages == (
        ("system", "Be exact."),
        ("user", "1 + 1?"),
        ("assistant", "2"),
        ("user", question),
    )
    plain = make_conversation(case, suite, make_run(suite), templated=False)
    assert plain.messages == (
        ("system", "Suite."),
        ("user", f"Q: 1 + 1?\nA: 2\n\n{question}"),
    )


def test_continuations_follow_worked_examples_and_documents() -> None:
    suite = suite_with_attachments()
    continuation = Continuation(context="The sky is", text=" blue", correct=True)
    case = msgspec.structs.replace(
        suite.cases[0], messages=(), checks=(), continuations=(continuation,), metric=Metric.GREEDY
    )
    (shown,) = list_continuations(case, suite)
    assert shown.context.startswith("Q: 1 + 1?\nA: 2\n\n[b] Bees\nHoney.\n\n[a]")
    assert shown.context.endswith("\n\nThe sky is")
    assert (shown.text, shown.correct) == (" blue", True)
    bare = msgspec.structs.replace(case, documents=(), few_shot="")
    assert list_continuations(bare, suite) == (continuation,)


def test_repeats_and_sampling_of_a_case_go_before_those_of_the_run() -> None:
    suite = make_suite(3)
    one, two, three = suite.cases
    likely = Continuation(context="", text="x", correct=True)
    warm = Sampling(temperature=0.8, seed=4)
    suite = msgspec.structs.replace(
        suite,
        cases=(
            msgspec.structs.replace(one, repeats=3, sampling=warm),
            two,
            msgspec.structs.replace(
                three, messages=(), checks=(), continuations=(likely,), metric=Metric.PERPLEXITY
            ),
        ),
    )
    run = make_run(suite, repeats=2)
    questions = list_questions(run, suite)
    asked = [(q.case.id, q.repeat) for q in questions]
    assert asked == [
        ("case-1", 0),
        ("case-2", 0),
        ("case-3", 0),
        ("case-1", 1),
        ("case-2", 1),
        ("case-1", 2),
    ]
    assert run.suite is not None
    assert run.suite.count_answers(run.settings.repeats) == len(questions)
    rendered = RenderedPrompt(text="text")
    assert make_prompt(questions[0], rendered, run, templated=True).sampling == warm
    again = make_prompt(questions[-1], rendered, run, templated=True).sampling
    assert (again.temperature, again.seed) == (0.8, 6)
    assert make_prompt(questions[1], rendered, run, templated=True).sampling.temperature == 0


def test_the_stored_hash_is_that_of_what_the_model_reads() -> None:
    masked = RenderedPrompt(text="say <\ufdd0|im_end|>", mask="\ufdd0")
    assert hash_prompt(masked) == hashlib.sha256(b"say <|im_end|>").hexdigest()
