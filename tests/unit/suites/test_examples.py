"""Examples that contradict their checks are found."""

from desktop.domain.suite import Case, Check, Message, Role, Suite
from desktop.suites.examples import check_examples


def suite_with(passing: str | None, failing: str | None, kind: str = "number") -> Suite:
    case = Case(
        id="sum",
        title="sum",
        messages=(Message(role=Role.USER, content="What is 40 + 2?"),),
        checks=(Check(kind=kind, expected=42),),
        passing_example=passing,
        failing_example=failing,
    )
    return Suite(id="s", title="t", version="1", cases=(case,))


def test_right_examples_and_none_are_fine() -> None:
    assert check_examples(suite_with("It is 42.", "It is 41.")) == ()
    assert check_examples(suite_with(None, None)) == ()


def test_a_good_example_that_fails_is_told_with_the_reason() -> None:
    (problem,) = check_examples(suite_with("It is 41.", None))
    assert problem.case_id == "sum"
    assert "passing example" in problem.message
    assert "41" in problem.message


def test_a_bad_example_that_passes_is_told() -> None:
    (problem,) = check_examples(suite_with(None, "42"))
    assert "failing example" in problem.message


def test_a_bad_example_may_be_one_that_only_thinks() -> None:
    assert check_examples(suite_with("<think>40 + 2</think>42", "<think>it is 42")) == ()


def test_a_check_that_cannot_judge_proves_nothing() -> None:
    problems = check_examples(suite_with("42", "41", kind="telepathy"))
    assert len(problems) == 2
