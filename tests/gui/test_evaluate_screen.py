from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.domain.events import EvaluationFinished
from desktop.domain.run import RunStatus
from desktop.errors import UserError
from desktop.settings.options import Options
from desktop.ui.evaluate.announcer import Announcer
from desktop.ui.evaluate.answers import shorten
from desktop.ui.evaluate.running import RunCell
from desktop.ui.evaluate.screen import EvaluateScreen
from desktop.ui.screen import ScreenId
from desktop.ui.widgets.labels import Label
from desktop.ui.window import MainWindow
from desktop.worker.awake import Awake
from desktop.worker.qt import QtEvents
from desktop.worker.running import InlineRunner, ignore
from tests.gui.fakes import FakeOperations, FakeQueue
from tests.gui.samples import make_models
from tests.gui.scenes import (
    begin_run,
    disturb,
    end_all,
    end_run,
    finish_answers,
    lose_engine,
    make_plan,
    play_half,
)

Result = TypeVar("Result")


def open_evaluate(window: MainWindow) -> EvaluateScreen:
    opened = window.open_screen(ScreenId.EVALUATE)
    assert isinstance(opened, EvaluateScreen)
    return opened


@pytest.fixture
def screen(window: MainWindow) -> EvaluateScreen:
    return open_evaluate(window)


def texts(screen: EvaluateScreen) -> str:
    QApplication.processEvents()  # new widgets are shown by the event loop
    return "\n".join(x.text() for x in screen.running.findChildren(Label) if x.isVisible())


def test_the_sample_models_are_one_click_away_on_first_start(
    window: MainWindow, operations: FakeOperations, queue: FakeQueue, events: QtEvents
) -> None:
    operations.models.clear()
    operations.summaries.clear()
    screen = open_evaluate(window)
    window.context.runs_changed.emit()  # type: ignore[union-attr]  # it is connected
    window.context.models_changed.emit()  # type: ignore[union-attr]  # as above
    assert screen.welcome.isVisible()
    screen.welcome.compare.click()
    plan = queue.plans[0]
    assert [p.model.facts.name for p in plan.runs if p.suite] == ["Gemma-3-270M", "SmolLM2-135M"]
    assert any(p.probe for p in plan.runs)
    events.flush()
    assert screen.running.isVisible()


def test_without_samples_a_folder_is_asked_for(
    window: MainWindow, operations: FakeOperations
) -> None:
    operations.models.clear()
    operations.summaries.clear()
    operations.samples = ()
    assert window.context is not None
    screen = open_evaluate(window)
    window.context.runs_changed.emit()
    window.context.models_changed.emit()
    assert screen.welcome.folder_first.isVisible()
    assert not screen.welcome.compare.isVisible()


class SlowRunner:
    """Keeps what it is asked until it is told to go on."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def run(
        self,
        operation: Callable[[], Result],
        on_success: Callable[[Result], None] = ignore,
        on_failure: Callable[[Exception], None] | None = None,
    ) -> None:
        self.waiting.append(lambda: InlineRunner().run(operation, on_success, on_failure))

    def go_on(self) -> None:
        waiting, self.waiting = self.waiting, []
        for job in waiting:
            job()


def test_nothing_is_offered_before_it_is_known_what_is_there(
    qtbot: QtBot, operations: FakeOperations, queue: FakeQueue, events: QtEvents
) -> None:
    operations.models.clear()
    operations.summaries.clear()
    window, runner = MainWindow(Options()), SlowRunner()
    qtbot.addWidget(window)
    window.show()
    window.connect_backend(operations, queue, runner, events)
    screen = open_evaluate(window)
    for _ in range(4):
        assert not screen.start.isVisible()
        offered = screen.welcome.compare.isVisible()
        assert not (offered and screen.welcome.folder_first.isVisible())
        runner.go_on()
    assert screen.welcome.compare.isVisible()


def test_what_is_chosen_is_planned_with_the_settings_in_the_form(
    screen: EvaluateScreen, operations: FakeOperations, queue: FakeQueue
) -> None:
    screen.setup.models.choose({make_models()[0].id, make_models()[2].id})
    screen.setup.suites.speed.box.setChecked(False)
    form = screen.setup.settings
    form.temperature.setValue(0.7)
    form.context.setValue(2048)
    form.system_prompt.setPlainText("Be brief.")
    screen.start.click()
    runs = queue.plans[0].runs
    assert [p.model.facts.name for p in runs] == ["Qwen3-1.7B", "SmolLM2-135M"]
    settings = runs[0].settings
    assert settings.sampling.temperature == pytest.approx(0.7)
    assert (settings.context_tokens, settings.threads) == (2048, None)
    assert settings.system_prompt == "Be brief."
    assert operations.options.run == settings


def test_nothing_chosen_cannot_be_begun_and_says_why(screen: EvaluateScreen) -> None:
    screen.setup.models.choose(set())
    assert not screen.start.isEnabled()
    assert screen.subtitle.text() == "Choose the models to evaluate."


def test_a_model_that_does_not_fit_is_marked_before_it_is_run(
    screen: EvaluateScreen, operations: FakeOperations
) -> None:
    operations.available_bytes = 700_000_000
    screen.setup.check_fits()
    pills = [line.fit.text() for line in screen.setup.models.lines.values()]
    assert pills[0].startswith("✕ needs 1.5 GB")
    assert pills[2] == "✓ fits"
    tip = screen.setup.models.lines[make_models()[0].id].fit.toolTip()
    assert "Counted for one case at a time" in tip


def test_a_plan_that_fails_is_told_and_can_be_tried_again(
    screen: EvaluateScreen, window: MainWindow, operations: FakeOperations
) -> None:
    operations.fail["plan_evaluation"] = UserError("The suite has no cases.")
    screen.start.click()
    assert window.notices.notices[0].title == "The suite has no cases."
    assert screen.start.isEnabled()


def test_progress_results_and_growing_answers_are_seen(
    screen: EvaluateScreen, queue: FakeQueue, events: QtEvents
) -> None:
    screen._starting = True
    play_half(queue)
    events.flush()
    seen = texts(screen)
    assert "✓ 31.2 tokens/s" in seen
    assert "✓ 30 of 36 correct" in seen
    assert "waits" in seen
    assert "RF18 5390 0754" in seen
    assert "… writing" in seen
    assert "51% done" in screen.subtitle.text()


def test_a_disturbance_and_a_lost_engine_are_told_in_words(
    screen: EvaluateScreen, queue: FakeQueue, events: QtEvents
) -> None:
    screen._starting = True
    runs = play_half(queue)
    disturb(queue, runs[1])
    lose_engine(queue, runs[4])
    events.flush()
    told = [(n.title, n.text, n.details) for n in screen.running.troubles.notices]
    assert told[1][0] == "One measurement was disturbed."
    assert "Other processes used 34%" in told[1][1]
    assert told[0][0] == "The engine was restarted during Gemma-3-270M."
    assert told[0][2] == "The engine process ended (signal 9)."


def test_many_disturbances_are_one_notice(
    screen: EvaluateScreen, queue: FakeQueue, events: QtEvents
) -> None:
    screen._starting = True
    runs = play_half(queue)
    for run in runs[:3]:
        disturb(queue, run)
    events.flush()
    notices = screen.running.troubles.notices
    assert [n.title for n in notices] == ["3 measurements were disturbed."]
    assert notices[0].details.count("Other processes") == 3


def test_cancel_ends_what_has_not_ended_and_nothing_else(
    screen: EvaluateScreen, queue: FakeQueue, events: QtEvents
) -> None:
    screen._starting = True
    runs = play_half(queue)
    events.flush()
    screen.cancel.click()
    assert queue.cancelled == [run.id for run in runs[4:]]


def test_pause_and_go_on(screen: EvaluateScreen, queue: FakeQueue, events: QtEvents) -> None:
    screen._starting = True
    play_half(queue)
    events.flush()
    screen.pause.click()
    events.flush()
    assert queue.is_paused
    assert screen.pause.text() == "Go on"
    screen.pause.click()
    events.flush()
    assert not queue.is_paused


def test_the_end_offers_the_comparison(
    window: MainWindow, screen: EvaluateScreen, queue: FakeQueue, events: QtEvents
) -> None:
    screen._starting = True
    runs = play_half(queue)
    end_all(queue, runs)
    events.flush()
    notice = window.notices.notices[0]
    assert notice.title == "Overnight plan is done."
    assert notice.action is not None
    notice.action()
    assert window.rail.chosen is ScreenId.COMPARE
    assert window.rail.status.isHidden()


def test_a_failed_run_makes_a_partial_end(
    window: MainWindow, screen: EvaluateScreen, queue: FakeQueue, events: QtEvents
) -> None:
    screen._starting = True
    runs = queue.submit(make_plan())
    for run in runs[:-1]:
        end_run(queue, run)
    end_run(queue, runs[-1], RunStatus.FAILED)
    queue.tell(EvaluationFinished(evaluation_id=runs[0].evaluation_id))
    events.flush()
    assert window.notices.notices[0].title == "Overnight plan is done in part."
    assert "1 of 9 runs" in window.notices.notices[0].text


def test_a_second_evaluation_waits_and_can_be_taken_back(
    screen: EvaluateScreen, queue: FakeQueue, events: QtEvents
) -> None:
    screen._starting = True
    play_half(queue)
    events.flush()
    screen.another.click()
    assert screen.setup.isVisible()
    screen.start.click()
    events.flush()
    assert screen.running.isVisible()
    waiting = screen.context.monitor.waiting
    assert len(waiting) == 1
    assert screen.running.waiting.isVisible()
    queue.cancelled.clear()
    buttons = screen.running.waiting.findChildren(type(screen.cancel))
    buttons[0].click()
    assert queue.cancelled == [s.run.id for s in waiting[0].runs]


def test_a_resumed_run_shows_no_count_that_would_be_too_low(
    screen: EvaluateScreen, queue: FakeQueue, events: QtEvents
) -> None:
    from desktop.domain.events import RunStarted  # noqa: PLC0415 -- only here

    run = begin_run(queue, play_half(queue)[5])
    queue.tell(RunStarted(run=run, answers_kept=20))
    finish_answers(queue, run, 2, 5)
    end_run(queue, run)
    events.flush()
    found = screen.context.monitor._find(run.id)
    assert found is not None
    cell = RunCell()
    cell.show_state(found[1], paused=False)
    assert cell._label.text() == "✓ done"


def test_dropped_folders_are_added_and_what_was_found_is_told(
    screen: EvaluateScreen, window: MainWindow, operations: FakeOperations
) -> None:
    screen.add_paths((Path("/models/new.gguf"),))
    assert any(m.facts.name == "new" for m in operations.models)
    notice = window.notices.notices[0]
    assert notice.title == "One model found."
    assert "broken.gguf" in notice.details
    assert any(line.model.facts.name == "new" for line in screen.setup.models.lines.values())


def test_long_answers_show_their_end_while_growing_and_their_beginning_after() -> None:
    text = "a" * 300 + "z"
    assert shorten(text, growing=True).endswith("z")
    assert shorten(text, growing=False).startswith("aaa")


class Remembering:
    def __init__(self) -> None:
        self.held = False

    def hold(self, reason: str) -> bool:
        del reason
        self.held = True
        return True

    def release(self) -> None:
        self.held = False


def test_the_machine_is_awake_while_it_works_and_not_while_paused(
    window: MainWindow, queue: FakeQueue, events: QtEvents
) -> None:
    assert window.context is not None
    blocker = Remembering()
    announcer = Announcer(window.context, window.rail.status, window, Awake(blocker))
    runs = play_half(queue)
    held = []
    for step in ("begun", "paused", "gone on", "ended"):
        if step == "paused":
            queue.pause()
        elif step == "gone on":
            queue.proceed()
        elif step == "ended":
            end_all(queue, runs)
        events.flush()
        held.append(blocker.held)
    assert held == [True, False, True, False]
    announcer.release()


def test_the_machine_is_sampled_only_while_it_is_looked_at(
    window: MainWindow, screen: EvaluateScreen, operations: FakeOperations, queue: FakeQueue,
    events: QtEvents,
) -> None:  # fmt: skip
    screen._starting = True
    play_half(queue)
    events.flush()
    assert "sample_load" in operations.calls
    assert screen.running.machine._timer.isActive()
    window.open_screen(ScreenId.COMPARE)
    QApplication.processEvents()
    assert not screen.running.machine._timer.isActive()


def test_options_start_the_form(window: MainWindow) -> None:
    assert window.context is not None
    assert open_evaluate(window).setup.settings.read_settings() == Options().run
