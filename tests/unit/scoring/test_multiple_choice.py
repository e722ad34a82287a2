"""What likelihoods decide, held against lm-evaluation-harness on made-up and real texts."""

import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.domain.answer import Likelihood
from desktop.domain.run import Outcome
from desktop.domain.suite import Continuation, Metric
from desktop.scoring.multiple_choice import judge_choice, relative_likelihoods

WORDS = ("no", "yes it is", "über alles", "日本語", "a longer choice with several words")


def choices(texts: Sequence[str], right: int = 0) -> tuple[Continuation, ...]:
    return tuple(
        Continuation(context="Question", text=f" {text}", correct=number == right)
        for number, text in enumerate(texts)
    )


def likelihoods(values: Sequence[float], tokens: int = 3) -> tuple[Likelihood, ...]:
    return tuple(Likelihood(log_probability=value, tokens=tokens) for value in values)


def test_the_likeliest_choice_is_taken_and_explained() -> None:
    choice = judge_choice(Metric.ACC, choices(["no", "yes"], 1), likelihoods([-2.5, -1.25]))
    assert (choice.text, choice.outcome, choice.score) == ("yes", Outcome.PASSED, 1.0)
    (score,) = choice.scores
    assert score.check == "acc"
    assert score.explanation == (
        "Likeliest of 2: “yes”, with a log-probability of -1.250, 1.250 above the best wrong one."
    )


def test_a_wrong_choice_names_the_right_one_and_the_margin() -> None:
    choice = judge_choice(Metric.ACC, choices(["no", "yes"], 0), likelihoods([-2.5, -1.25]))
    assert choice.outcome is Outcome.FAILED
    assert choice.scores[0].explanation.endswith("1.250 above the right one, “no”.")


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (Metric.ACC, "no"),  # -4 beats -6
        (Metric.ACC_NORM, "jaja"),  # -2 a character against -1.5
        (Metric.ACC_TOKEN_NORM, "no"),
    ],
)
def test_norms_divide_by_what_they_say(metric: Metric, expected: str) -> None:
    values = likelihoods([-4.0, -6.0])
    assert judge_choice(metric, choices(["no", "jaja"]), values).text == expected


def test_bytes_are_not_characters() -> None:
    values = relative_likelihoods(
        Metric.ACC_BYTES, choices(["日本", "ab"]), likelihoods([-6.0, -6.0])
    )
    assert values == (-1.0, -3.0)


def test_the_space_that_joins_is_no_part_of_a_choice() -> None:
    values = relative_likelihoods(Metric.ACC_NORM, choices(["abc"]), likelihoods([-6.0]))
    assert values == (-2.0,)


def test_of_equals_the_first_counts() -> None:
    assert judge_choice(Metric.ACC, choices(["a", "b"]), likelihoods([-1.0, -1.0])).text == "a"


def test_a_share_of_truth_is_a_score() -> None:
    values = likelihoods([math.log(0.2), math.log(0.1), math.log(0.1)])
    texts = (
        Continuation(context="", text=" a", correct=True),
        Continuation(context="", text=" b", correct=True),
        Continuation(context="", text=" c"),
    )
    choice = judge_choice(Metric.MC2, texts, values)
    assert choice.score == pytest.approx(0.75)
    assert choice.outcome is Outcome.PASSED


def test_likelihoods_that_are_tiny_have_a_share_too() -> None:
    choice = judge_choice(Metric.MC2, choices(["a", "b"]), likelihoods([-5000.0, -5000.0]))
    assert choice.score == pytest.approx(0.5)
    assert choice.outcome is Outcome.FAILED


def test_greedy_asks_whether_the_model_would_write_it() -> None:
    only = (Continuation(context="The end of the", text=" story", correct=True),)
    sure = (Likelihood(log_probability=-0.2, tokens=1, is_greedy=True),)
    assert judge_choice(Metric.GREEDY, only, sure).outcome is Outcome.PASSED
    unsure = (Likelihood(log_probability=-3.0, tokens=1),)
    choice = judge_choice(Metric.GREEDY, only, unsure)
    assert choice.outcome is Outcome.FAILED
    assert "“story” is not what the model would write" in choice.scores[0].explanation


def test_perplexity_passes_and_fails_nothing() -> None:
    """Four tokens, each with a probability of an eighth, for 12 bytes and 3 words."""
    text = (Continuation(context="", text="some of this", correct=True),)
    seen = (Likelihood(log_probability=-4 * math.log(8), tokens=4),)
    choice = judge_choice(Metric.PERPLEXITY, text, seen)
    assert (choice.outcome, choice.text) == (Outcome.MEASURED, "")
    assert not choice.outcome.is_judged
    told = choice.scores[0].explanation
    assert told == "Perplexity 8 over 4 tokens, 1 bits per byte, 4 bits per word."


def test_a_text_beyond_all_numbers_is_told_as_such() -> None:
    text = (Continuation(context="", text="", correct=True),)
    seen = (Likelihood(log_probability=-1e5, tokens=1),)
    told = judge_choice(Metric.PERPLEXITY, text, seen).scores[0].explanation
    assert told == "The perplexity over 1 tokens is no number."


@given(
    st.lists(st.tuples(st.text(), st.floats(-1e4, 0)), min_size=1, max_size=8),
    st.sampled_from([metric for metric in Metric if metric is not Metric.PERPLEXITY]),
)
def test_any_texts_are_decided(drawn: list[tuple[str, float]], metric: Metric) -> None:
    made = choices([text for text, _ in drawn])
    choice = judge_choice(metric, made, likelihoods([value for _, value in drawn]))
    assert choice.outcome in (Outcome.PASSED, Outcome.FAILED)
    assert 0 <= choice.score <= 1


def test_the_harness_decides_the_same() -> None:
    """Its own code for multiple choice, on 500 seeded sets of likelihoods."""
    task_api = pytest.importorskip("lm_eval.api.task")
    drawn = random.Random(5)  # noqa: S311 - seeded test data
    for _ in range(500):
        texts = [drawn.choice(WORDS) + str(drawn.randrange(1000)) for _ in range(4)]
        values = [round(drawn.uniform(-40, -1), 3) for _ in texts]
        gold = drawn.randrange(4)
        theirs = judge_by_harness(task_api, texts, values, gold)
        ours = {
            metric.value: judge_choice(metric, choices(texts, gold), likelihoods(values)).score
            for metric in (Metric.ACC, Metric.ACC_NORM, Metric.ACC_BYTES)
        }
        assert ours == {name: float(theirs[name]) for name in ours}


def judge_by_harness(
    task_api: object, texts: list[str], values: list[float], gold: int
) -> dict[str, float]:
    """Run `process_results` of a multiple-choice task that consists of nothing else."""
    task_class = task_api.ConfigurableTask  # type: ignore[attr-defined]
    task = task_class.__new__(task_class)
    task._config = type("Config", (), {"repeats": 1, "process_results": None})()
    task.OUTPUT_TYPE = "multiple_choice"
    task._metric_fn_list = dict.fromkeys(("acc", "acc_norm", "acc_bytes"))
    task.multiple_input = task.multiple_target = 0
    task.doc_to_choice = lambda _doc: texts
    task.doc_to_target = lambda _doc: gold
    found: dict[str, float] = task.process_results({}, [(value, False) for value in values])
    return found
