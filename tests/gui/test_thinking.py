"""Models that think first: what is seen of it while it happens, and afterwards."""

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.domain.events import AnswerFinished, AnswerGrew, EvaluationFinished
from desktop.domain.run import Outcome, RunCounts
from desktop.ui.compare.screen import CompareScreen
from desktop.ui.compare.summary import ModelCard
from desktop.ui.compare.table import FIRST_MODEL_COLUMN
from desktop.ui.evaluate.screen import EvaluateScreen
from desktop.ui.history.details import RunPanel
from desktop.ui.history.wording import explain_passed
from desktop.ui.screen import ScreenId
from desktop.ui.widgets.disclosure import Disclosure
from desktop.ui.widgets.labels import Label
from desktop.ui.window import MainWindow
from desktop.worker.qt import QtEvents
from tests.gui.fakes import FakeOperations, FakeQueue
from tests.gui.samples import make_answers, make_case_id
from tests.gui.scenes import end_run
from tests.gui.test_larger_text import find_cut
from tests.gui.thinking_scenes import (
    CUT_OFF,
    THOUGHTS,
    add_thinking,
    make_thinking_comparison,
    play_thinking,
)


@pytest.fixture
def compare(window: MainWindow, operations: FakeOperations) -> CompareScreen:
    operations.comparison = make_thinking_comparison()
    window.resize(1440, 900)
    opened = window.open_screen(ScreenId.COMPARE)
    assert isinstance(opened, CompareScreen)
    QApplication.processEvents()
    return opened


@pytest.fixture
def evaluate(window: MainWindow) -> EvaluateScreen:
    opened = window.open_screen(ScreenId.EVALUATE)
    assert isinstance(opened, EvaluateScreen)
    opened._starting = True
    return opened


def choose(screen: CompareScreen, title: str) -> None:
    assert screen.comparison is not None
    titles = [case.title for case in screen.comparison.cases]
    screen.cases.table.setCurrentIndex(screen.cases.filter.index(titles.index(title), 0))
    QApplication.processEvents()


def read(screen: CompareScreen) -> str:
    return "\n".join(label.text() for label in screen.detail.findChildren(Label))


def read_row(screen: EvaluateScreen, title: str) -> tuple[str, str, str]:
    """Return state and text of an answer that is shown, and how its text looks."""
    rows = screen.running.answers._rows
    row = next(row for row in rows if row._title.text() == title)
    return row._verdict.text(), row._text.text(), str(row._text.property("role"))


# While it happens


def test_thinking_is_shown_apart_until_the_answer_begins(
    evaluate: EvaluateScreen, queue: FakeQueue, events: QtEvents
) -> None:
    run = play_thinking(queue)
    events.flush()
    state, text, look = read_row(evaluate, "17 % of 2,340")
    assert (state, look) == ("… thinking", "thinking")
    assert text.endswith("once more: it fits.")
    assert read_row(evaluate, "Classify the complaint") == ("… writing", "deliv", "dim")
    case_id = make_case_id("17 % of 2,340")
    queue.tell(AnswerGrew(run_id=run.id, case_id=case_id, text="397"))
    events.flush()
    assert read_row(evaluate, "17 % of 2,340") == ("… writing", "397", "dim")


def test_an_answer_cut_off_while_thinking_shows_where_it_was(
    evaluate: EvaluateScreen, queue: FakeQueue, events: QtEvents
) -> None:
    play_thinking(queue)
    events.flush()
    state, text, look = read_row(evaluate, CUT_OFF[-1])
    assert (state, look) == ("■ cut off", "thinking")
    assert text.startswith("…")
    assert text.endswith("once more: it fits.")
    row = next(r for r in evaluate.running.answers._rows if r._title.text() == CUT_OFF[-1])
    assert row._text.accessibleName().startswith("Thinking: … ")


def test_endless_thinking_does_not_fill_the_memory_of_the_window(
    window: MainWindow, evaluate: EvaluateScreen, queue: FakeQueue, events: QtEvents
) -> None:
    run = play_thinking(queue)
    case_id = make_case_id("17 % of 2,340")
    for _ in range(50):
        grown = AnswerGrew(run_id=run.id, case_id=case_id, text="hm " * 400, is_thinking=True)
        queue.tell(grown)
        events.flush()
    assert window.context is not None
    evaluation = window.context.monitor.current
    assert evaluation is not None
    assert max(len(line.thinking) for line in evaluation.answers) <= 1000
    assert read_row(evaluate, "17 % of 2,340")[1].endswith("hm hm")


def test_the_end_tells_how_many_were_cut_off(
    window: MainWindow, evaluate: EvaluateScreen, queue: FakeQueue, events: QtEvents
) -> None:
    run = play_thinking(queue)
    for answer in make_answers(run, 0)[5:]:
        queue.tell(AnswerFinished(run_id=run.id, answer=add_thinking(answer)))
    end_run(queue, run)
    events.flush()
    assert evaluate.running._grid is not None
    assert evaluate.running._grid._cells[run.id]._label.text() == ("✓ 30 of 36 correct, 3 cut off")
    queue.tell(EvaluationFinished(evaluation_id=run.evaluation_id))
    events.flush()
    (notice,) = window.notices.notices
    assert notice.text == "3 answers were cut off and count as not passed."


# Side by side


def test_thinking_is_closed_above_the_answer_and_opens_by_key(compare: CompareScreen) -> None:
    choose(compare, "Extract the invoice total")
    (thinking,) = compare.detail.findChildren(Disclosure)
    assert thinking.button.text() == "▸ Thinking, 112 tokens"
    assert thinking.button.accessibleName() == "Qwen3-1.7B: Thinking, 112 tokens, closed"
    assert THOUGHTS not in read(compare)
    assert "136 tokens, 112 of them thinking" in read(compare)
    thinking.button.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(thinking.button, Qt.Key.Key_Return)
    assert thinking.button.text() == "▾ Thinking, 112 tokens"
    assert thinking.button.accessibleName().endswith(", open")
    assert THOUGHTS in read(compare)
    shown = next(x for x in thinking.findChildren(Label) if x.text() == THOUGHTS)
    assert shown.isVisible()
    answer = next(x for x in compare.detail.findChildren(Label) if x.text().startswith('{"total"'))
    assert (
        shown.mapTo(compare, shown.rect().bottomLeft()).y()
        < answer.mapTo(compare, answer.rect().topLeft()).y()
    )
    QTest.keyClick(thinking.button, Qt.Key.Key_Space)
    assert not shown.isVisible()


def test_a_cut_off_answer_has_a_sign_and_words_of_its_own(compare: CompareScreen) -> None:
    choose(compare, CUT_OFF[-1])
    text = read(compare)
    assert "■ cut off: The model was still thinking at the longest thinking allowed" in text
    assert "4096 tokens, all of them thinking" in text
    row = compare.cases.table.currentIndex().row()
    index = compare.cases.filter.index(row, FIRST_MODEL_COLUMN)
    assert index.data() == "■ cut off"
    spoken = index.data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken.startswith(f"{CUT_OFF[-1]}, qwen3-1.7b: ■ cut off, The model was still thinking")


def test_cut_off_answers_sort_between_failed_ones_and_errors(compare: CompareScreen) -> None:
    compare.cases.table.sortByColumn(FIRST_MODEL_COLUMN, Qt.SortOrder.AscendingOrder)
    column = [compare.cases.filter.case_at(row).answers[0] for row in range(5)]
    assert [answer.outcome for answer in column if answer] == [
        Outcome.TRUNCATED,
        Outcome.TRUNCATED,
        Outcome.TRUNCATED,
        Outcome.FAILED,
        Outcome.FAILED,
    ]


def test_only_the_model_that_thinks_says_how_much(compare: CompareScreen) -> None:
    cards = compare.findChildren(ModelCard)
    lines = [[label.text() for label in card.findChildren(Label)] for card in cards]
    assert len(cards) == 3
    assert "444 tokens of thinking an answer · ■ 3 cut off" in lines[0]
    assert not any("thinking" in text for card in lines[1:] for text in card)


def test_nothing_of_it_is_cut_off_in_a_small_window(
    window: MainWindow, compare: CompareScreen
) -> None:
    window.resize(800, 600)
    choose(compare, CUT_OFF[-1])
    for thinking in compare.detail.findChildren(Disclosure):
        thinking.button.click()
    for _ in range(3):
        QApplication.processEvents()
    assert not find_cut(window)
    assert compare.detail._area.horizontalScrollBar().maximum() == 0


# Afterwards


def test_the_history_counts_cut_off_answers_among_the_failed(
    window: MainWindow, operations: FakeOperations
) -> None:
    del window
    summary = next(s for s in operations.summaries if s.run.suite is not None)
    counts = RunCounts(cases=36, passed=30, failed=6, truncated=3)
    summary = msgspec.structs.replace(summary, counts=counts, mean_thinking_tokens=444.2)
    assert "30 passed, 6 failed (3 of them cut off)" in explain_passed(summary)
    panel = RunPanel()
    panel.show_run(summary, writable=True)
    texts = [label.text() for label in panel.findChildren(Label)]
    assert "444 tokens an answer on average" in texts
