"""The History screen: all runs, what people say about them, and what can be done with them."""

from time import perf_counter

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from desktop.domain.events import RunFinished
from desktop.domain.run import RunCounts, RunStatus, RunSummary
from desktop.errors import EnvironmentFault, UserError
from desktop.ui.history.screen import HistoryScreen
from desktop.ui.history.wording import (
    describe_passed,
    explain_passed,
    share_passed,
    show_status,
)
from desktop.ui.screen import Context, ScreenId
from desktop.ui.widgets.facts import CopyFact
from desktop.ui.widgets.figure import Fact
from desktop.ui.widgets.pill import Tone
from desktop.ui.window import MainWindow
from desktop.worker.qt import QtEvents
from tests.gui.fakes import FakeOperations, FakeQueue

FIRST = "evaluation-1-model-qwen3-1.7b-starter"


def change_status(operations: FakeOperations, run_id: str, status: RunStatus) -> None:
    for position, summary in enumerate(operations.summaries):
        if summary.run.id == run_id:
            run = msgspec.structs.replace(summary.run, status=status)
            operations.summaries[position] = msgspec.structs.replace(summary, run=run)


@pytest.fixture
def context(window: MainWindow) -> Context:
    assert window.context is not None
    return window.context


@pytest.fixture
def screen(window: MainWindow) -> HistoryScreen:
    made = window.open_screen(ScreenId.HISTORY)
    assert isinstance(made, HistoryScreen)
    return made


def list_ids(screen: HistoryScreen) -> list[str]:
    return [summary.run.id for summary in screen.table.records.shown]


def read_cell(screen: HistoryScreen, run_id: str, title: str) -> str:
    columns = [column.title for column in screen.table.records.columns]
    row = list_ids(screen).index(run_id)
    return str(screen.table.records.index(row, columns.index(title)).data())


def choose(screen: HistoryScreen, *ids: str) -> None:
    screen.table.choose(ids)


def test_the_newest_run_comes_first(screen: HistoryScreen) -> None:
    moments = [summary.run.created_at for summary in screen.table.records.shown]
    assert moments == sorted(moments, reverse=True)
    assert screen.subtitle.text() == "12 runs"


def test_a_finished_run_shows_counts_and_share(
    screen: HistoryScreen, operations: FakeOperations
) -> None:
    position = next(i for i, s in enumerate(operations.summaries) if s.run.id == FIRST)
    operations.summaries[position] = msgspec.structs.replace(
        operations.summaries[position], counts=RunCounts(cases=36, passed=27, failed=9)
    )
    screen.reload()
    assert read_cell(screen, FIRST, "Passed") == "27 of 36"
    assert read_cell(screen, FIRST, "Share") == "75%"
    assert read_cell(screen, FIRST, "Suite or probe") == "Starter suite 1.0"


def test_a_probe_shows_a_rate_and_no_share(screen: HistoryScreen) -> None:
    probe = "evaluation-1-model-qwen3-1.7b-speed"
    assert read_cell(screen, probe, "Tokens/s") == "31.2"
    assert read_cell(screen, probe, "Share") == "–"  # noqa: RUF001 -- the sign for nothing


def test_a_part_of_a_suite_has_no_share(operations: FakeOperations) -> None:
    summary = operations.summaries[0]
    part = msgspec.structs.replace(
        summary,
        run=msgspec.structs.replace(summary.run, status=RunStatus.CANCELLED),
        counts=RunCounts(cases=10, passed=9, failed=1),
    )
    assert share_passed(part) is None
    assert describe_passed(part) == "9 of 10 so far"
    assert "26 not asked yet" in explain_passed(part)


def test_errors_do_not_count_and_mark_the_run(operations: FakeOperations) -> None:
    summary = msgspec.structs.replace(
        operations.summaries[0], counts=RunCounts(cases=36, passed=20, failed=10, errors=6)
    )
    assert share_passed(summary) == pytest.approx(20 / 30)
    assert "6 ended in an error and do not count" in explain_passed(summary)
    assert show_status(summary) == ("⚠ finished", Tone.WARNING)


@pytest.mark.parametrize("status", list(RunStatus))
def test_every_status_has_a_sign_beside_its_colour(
    operations: FakeOperations, status: RunStatus
) -> None:
    summary = operations.summaries[0]
    changed = msgspec.structs.replace(
        summary, run=msgspec.structs.replace(summary.run, status=status)
    )
    sign, _, word = show_status(changed)[0].partition(" ")
    assert sign
    assert word


def test_search_finds_models_and_tags(screen: HistoryScreen, operations: FakeOperations) -> None:
    operations.annotate_run(FIRST, tags=("board",))
    screen.reload()
    screen.search.setText("board")
    assert list_ids(screen) == [FIRST]
    screen.search.setText("gemma speed")
    assert len(list_ids(screen)) == 2


def test_the_status_filter_leaves_only_that_status(
    screen: HistoryScreen, operations: FakeOperations
) -> None:
    change_status(operations, FIRST, RunStatus.FAILED)
    screen.reload()
    screen.status.setCurrentIndex(screen.status.findData("failed"))
    assert list_ids(screen) == [FIRST]


def test_name_tags_and_note_are_kept_when_a_field_is_left(
    screen: HistoryScreen, operations: FakeOperations
) -> None:
    choose(screen, FIRST)
    form = screen.panel.form
    form.name.setText("Baseline")
    form.tags.setText("board,  board, q4 ,")
    form.note.setPlainText("before the new driver")
    QTest.keyClick(form.name, Qt.Key.Key_Return)
    kept = next(s.run for s in operations.summaries if s.run.id == FIRST)
    assert (kept.name, kept.tags, kept.note) == (
        "Baseline",
        ("board", "q4"),
        "before the new driver",
    )
    assert read_cell(screen, FIRST, "Name") == "Baseline"
    assert screen.table.current.run.id == FIRST


def test_what_is_typed_is_kept_when_another_run_is_chosen(
    screen: HistoryScreen, operations: FakeOperations
) -> None:
    choose(screen, FIRST)
    screen.panel.form.note.setPlainText("half a thought")
    choose(screen, "evaluation-0-model-qwen3-1.7b-starter")
    kept = next(s.run for s in operations.summaries if s.run.id == FIRST)
    assert kept.note == "half a thought"
    assert screen.panel.form.note.toPlainText() == ""


def test_a_reload_does_not_take_away_what_is_being_typed(
    screen: HistoryScreen, context: Context
) -> None:
    choose(screen, FIRST)
    screen.panel.form.note.setPlainText("half a tho")
    context.runs_changed.emit()
    assert screen.panel.form.note.toPlainText() == "half a tho"


def test_escape_takes_back_what_was_typed(
    screen: HistoryScreen, operations: FakeOperations
) -> None:
    choose(screen, FIRST)
    name = screen.panel.form.name.text()
    screen.panel.form.name.setText("a mistake")
    QTest.keyClick(screen.panel.form.name, Qt.Key.Key_Escape)
    screen.panel.form.keep()
    assert screen.panel.form.name.text() == name
    assert "annotate_run" not in operations.calls


def test_nothing_is_stored_when_nothing_was_changed(
    screen: HistoryScreen, operations: FakeOperations
) -> None:
    for run_id in list_ids(screen)[:4]:
        choose(screen, run_id)
    screen.deactivate()
    assert "annotate_run" not in operations.calls


def test_an_annotation_that_cannot_be_stored_is_told(
    window: MainWindow, screen: HistoryScreen, operations: FakeOperations
) -> None:
    operations.fail["annotate_run"] = EnvironmentFault("The disk is full.")
    choose(screen, FIRST)
    screen.panel.form.name.setText("Baseline")
    screen.panel.form.keep()
    assert window.notices.notices[0].title == "The disk is full."


def test_several_runs_are_deleted_and_come_back(window: MainWindow, screen: HistoryScreen) -> None:
    chosen = list_ids(screen)[2:5]
    choose(screen, *chosen)
    QTest.keyClick(screen.table, Qt.Key.Key_Delete)
    assert not set(chosen) & set(list_ids(screen))
    assert screen.table.current is not None
    notice = window.notices.notices[0]
    assert notice.title == "3 runs were deleted."
    assert notice.action is not None
    notice.action()
    assert set(chosen) <= set(list_ids(screen))
    assert {summary.run.id for summary in screen.table.chosen} == set(chosen)


def test_a_run_under_way_cannot_be_deleted(
    screen: HistoryScreen, operations: FakeOperations
) -> None:
    change_status(operations, FIRST, RunStatus.RUNNING)
    screen.reload()
    choose(screen, FIRST)
    assert not screen.delete_button.isEnabled()
    assert "cancel it first" in screen.delete_button.toolTip()
    QTest.keyClick(screen.table, Qt.Key.Key_Delete)
    assert "delete_runs" not in operations.calls


def test_a_refused_deletion_is_told_and_offers_no_undo(
    window: MainWindow, screen: HistoryScreen, operations: FakeOperations
) -> None:
    operations.fail["delete_runs"] = UserError("A run that is under way cannot be deleted.")
    choose(screen, FIRST)
    screen.delete_button.click()
    assert window.notices.notices[0].title == "A run that is under way cannot be deleted."
    assert window.notices.notices[0].action is None
    assert FIRST in list_ids(screen)


def test_compare_hands_the_chosen_runs_over(
    qtbot: QtBot, context: Context, screen: HistoryScreen
) -> None:
    ids = ("evaluation-1-model-gemma-3-270m-starter", FIRST)
    choose(screen, *ids)
    with qtbot.waitSignal(context.comparison_asked) as asked:
        screen.compare_button.click()
    assert set(asked.args[0]) == set(ids)


@pytest.mark.parametrize(
    ("status", "resumable"),
    [
        (RunStatus.INTERRUPTED, True),
        (RunStatus.CANCELLED, True),
        (RunStatus.QUEUED, True),
        (RunStatus.RUNNING, False),
        (RunStatus.FINISHED, False),
        (RunStatus.FAILED, False),
    ],
)
def test_only_runs_that_stopped_on_the_way_can_be_resumed(
    screen: HistoryScreen,
    operations: FakeOperations,
    queue: FakeQueue,
    status: RunStatus,
    resumable: bool,
) -> None:
    change_status(operations, FIRST, status)
    screen.reload()
    choose(screen, FIRST)
    assert screen.resume_button.isEnabled() is resumable
    screen.resume_button.click()
    assert [plan.title for plan in queue.plans] == (["resumed"] if resumable else [])


def test_the_panel_tells_what_a_run_was_made_with(
    screen: HistoryScreen, operations: FakeOperations
) -> None:
    change_status(operations, FIRST, RunStatus.FAILED)
    position = next(i for i, s in enumerate(operations.summaries) if s.run.id == FIRST)
    summary = operations.summaries[position]
    run = msgspec.structs.replace(summary.run, problem="The model file is gone.")
    operations.summaries[position] = msgspec.structs.replace(summary, run=run)
    screen.reload()
    choose(screen, FIRST)
    told = " ".join(fact.accessibleName() for fact in screen.panel.findChildren(Fact))
    assert "llama.cpp 0.3.36 0c1e570" in told
    assert "AMD EPYC 7B13" in told
    assert "the likeliest token each time" in told
    assert screen.panel.problem.text() == "The model file is gone."
    assert screen.panel.problem.isVisible()
    fact = next(f for f in screen.panel.findChildren(CopyFact) if f.text == FIRST)
    fact.button.click()
    assert QGuiApplication.clipboard().text() == FIRST


def test_an_empty_history_says_what_to_do(window: MainWindow, operations: FakeOperations) -> None:
    operations.summaries = []
    screen = window.open_screen(ScreenId.HISTORY)
    assert isinstance(screen, HistoryScreen)
    assert not screen.table.isVisible()
    assert not screen.compare_button.isVisible()


def test_a_history_that_cannot_be_read_can_be_tried_again(
    window: MainWindow, operations: FakeOperations
) -> None:
    operations.fail["list_runs"] = EnvironmentFault("The disk cannot be read.")
    screen = window.open_screen(ScreenId.HISTORY)
    assert isinstance(screen, HistoryScreen)
    assert not screen.table.isVisible()
    operations.fail.clear()
    screen.reload()
    assert screen.table.isVisible()


def test_read_only_shows_runs_but_changes_nothing(
    context: Context, screen: HistoryScreen, operations: FakeOperations
) -> None:
    operations.read_only_reason = "Another copy of Touchstone is writing."
    context.database = operations.describe_database()
    context.database_changed.emit()
    assert not screen.delete_button.isEnabled()
    assert not screen.panel.form.name.isEnabled()
    assert screen.compare_button.isEnabled()


def multiply(summaries: list[RunSummary], count: int) -> list[RunSummary]:
    made = []
    for number in range(count):
        summary = summaries[number % len(summaries)]
        run = msgspec.structs.replace(summary.run, id=f"{summary.run.id}-{number}")
        made.append(msgspec.structs.replace(summary, run=run))
    return made


def test_thousands_of_runs_are_searched_and_sorted_at_once(
    screen: HistoryScreen, operations: FakeOperations
) -> None:
    operations.summaries = multiply(operations.summaries, 5000)
    screen.reload()
    begun = perf_counter()
    screen.search.setText("gemma")
    screen.table.sort_by(0, Qt.SortOrder.AscendingOrder)
    screen.search.setText("")
    seconds = perf_counter() - begun
    assert len(list_ids(screen)) == 5000
    # Three rearrangements; a person notices a tenth of a second, and a busy machine gets grace.
    assert seconds < 1.5


def test_f2_leads_to_the_name(screen: HistoryScreen) -> None:
    choose(screen, FIRST)
    QTest.keyClick(screen.table, Qt.Key.Key_F2)
    assert screen.focusWidget() is screen.panel.form.name


def test_the_menu_offers_only_what_can_be_done(
    screen: HistoryScreen, operations: FakeOperations
) -> None:
    change_status(operations, FIRST, RunStatus.RUNNING)
    screen.reload()
    choose(screen, FIRST)
    enabled = {action.text(): action.isEnabled() for action in screen.table.actions()}
    assert enabled["Compare"]
    assert not enabled["Resume"]
    assert not enabled["Delete"]


def test_a_run_that_ends_is_shown_as_ended_at_once(
    screen: HistoryScreen, operations: FakeOperations, queue: FakeQueue, events: QtEvents
) -> None:
    change_status(operations, FIRST, RunStatus.RUNNING)
    screen.reload()
    assert read_cell(screen, FIRST, "Status") == "▸ running"
    change_status(operations, FIRST, RunStatus.FINISHED)
    run = next(s.run for s in operations.summaries if s.run.id == FIRST)
    queue.tell(RunFinished(run=run))
    events.flush()
    assert read_cell(screen, FIRST, "Status").endswith("finished")
