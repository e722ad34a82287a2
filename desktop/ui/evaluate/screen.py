"""The Evaluate screen: welcome, preparing, and the evaluation under way."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QPushButton, QStackedWidget, QWidget

from desktop.domain.language_model import LanguageModel
from desktop.domain.run import EvaluationPlan, Run
from desktop.domain.suite import Suite
from desktop.errors import UserError
from desktop.ui.evaluate.monitor import EvaluationState
from desktop.ui.evaluate.running import RunningView, cancel_evaluation
from desktop.ui.evaluate.setup import SetupView
from desktop.ui.evaluate.welcome import Welcome
from desktop.ui.formatting import format_duration, format_number
from desktop.ui.screen import Context, Screen
from desktop.ui.widgets.buttons import plain_button, primary_button
from desktop.ui.widgets.notices import Notice
from desktop.ui.widgets.pill import Tone
from desktop.worker.operations import ScanResult

_SOON = 10  # seconds; below, tenths of what is left would flicker


class EvaluateScreen(Screen):
    """Shows what is under way; otherwise what could be begun."""

    def __init__(self, context: Context) -> None:
        """Make the screen; `activate` loads library and suites."""
        super().__init__(context, "")
        self.setAccessibleName(self.tr("Evaluate"))
        self.show_title(self.tr("Evaluate"))
        self._samples: tuple[LanguageModel, ...] = ()
        self._shown: EvaluationState | None = None
        # What was asked last, and what a run of it could show.
        self._foreseen: tuple[tuple[tuple[str, ...], int], str] = (((), 0), "")
        self._wanted: set[str] | None = None
        self._library_known = False
        self._has_runs: bool | None = None
        self._samples_known = False
        self._starting = False
        self._make_actions()
        self.welcome = Welcome()
        self.setup = SetupView(context)
        self.running = RunningView(context)
        self._pages = QStackedWidget()
        self._nothing_yet = QWidget()
        for page in (self._nothing_yet, self.welcome, self.setup, self.running):
            self._pages.addWidget(page)
        self.body.addWidget(self._pages, 1)
        self.setAcceptDrops(True)
        self._connect()
        self._show_page()

    def _make_actions(self) -> None:
        self.another = plain_button(self.tr("New evaluation"), self._prepare)
        self.back = plain_button(self.tr("Back to progress"), self._show_current)
        self.cancel = plain_button(self.tr("Cancel"), self._cancel)
        self.pause = primary_button(self.tr("Pause"), self._toggle_pause)
        self.compare = primary_button(self.tr("Compare"), self._compare)
        self.start = primary_button(self.tr("Evaluate"), self.begin)
        for button in (
            self.another,
            self.back,
            self.cancel,
            self.pause,
            self.compare,
            self.start,
        ):
            self.add_action(button)

    def _connect(self) -> None:
        self.welcome.sample_asked.connect(self.begin_with_samples)
        self.welcome.folder_asked.connect(self.setup.ask_folder)
        self.setup.sample_asked.connect(self.begin_with_samples)
        self.setup.paths_chosen.connect(self.add_paths)
        self.setup.changed.connect(self._refresh_header)
        context = self.context
        context.models_changed.connect(self._load_models)
        context.suites_changed.connect(self._load_suites)
        context.runs_changed.connect(self._load_runs)
        context.speed_probe_asked.connect(self._choose_speed)
        context.evaluation_awaited.connect(self._await)
        context.database_changed.connect(self._refresh_header)
        context.monitor.changed.connect(self._refresh_running)

    # Coming and going

    def activate(self) -> None:
        """Load library, suites and runs; show what is under way."""
        if self._shown is not None and self._shown.finished:
            self._shown = None
        if self.context.monitor.current is not None and self._wanted is None:
            self._shown = self.context.monitor.current
        self._load_runs()
        self._load_models()
        self._load_suites()
        self._show_page()

    def focus_first(self) -> None:
        """Give the keyboard to the button that goes on."""
        welcome = self.welcome
        buttons = (welcome.compare, welcome.folder_first, self.start, self.pause, self.compare)
        next((b for b in buttons if b.isVisible() and b.isEnabled()), self).setFocus()

    def list_keys(self) -> tuple[tuple[str, str], ...]:
        """Return the keys of this screen."""
        return (("Space", self.tr("choose or leave out")),)

    def choose_models(self, ids: tuple[str, ...]) -> None:
        """Prepare an evaluation of these models."""
        self._wanted = set(ids)
        self._shown = None
        self._load_models()
        self._show_page()

    def _await(self) -> None:
        self._starting = True
        self._refresh_running()

    def _choose_speed(self) -> None:
        self._shown = None
        self.setup.suites.speed.box.setChecked(True)
        self._show_page()

    # Loading

    def _load_runs(self) -> None:
        self.run(self.context.operations.list_runs, self._take_runs)

    def _take_runs(self, runs: tuple[object, ...]) -> None:
        self._has_runs = bool(runs)
        if not runs:
            self.run(self.context.operations.find_sample_models, self._take_samples)
        else:
            self.setup.show_offer(())
            self._show_page()

    def _take_samples(self, samples: tuple[LanguageModel, ...]) -> None:
        self._samples = samples
        self._samples_known = True
        self.welcome.show_offer(samples)
        self.setup.show_offer(samples)
        self._show_page()

    def _load_models(self) -> None:
        self.run(self.context.operations.list_models, self._take_models)

    def _take_models(self, models: tuple[LanguageModel, ...]) -> None:
        known = tuple(line.model for line in self.setup.models.lines.values())
        self._library_known = True
        if models != known:
            self.setup.show_models(models)
        else:
            self.setup.check_fits()
        if self._wanted is not None and models:
            self.setup.models.choose(self._wanted)
            self._wanted = None
        self._show_page()

    def _load_suites(self) -> None:
        self.run(self.context.operations.list_suites, self._take_suites)

    def _take_suites(self, suites: tuple[Suite, ...]) -> None:
        self.setup.show_suites(suites)
        self._refresh_header()

    # Pages and header

    def _show_page(self) -> None:
        before = self.focusWidget()
        if self._shown is not None:
            self._pages.setCurrentWidget(self.running)
            self.running.refresh(self._shown)
        elif not self._is_loaded():
            self._pages.setCurrentWidget(self._nothing_yet)
        elif self._is_first_start():
            self._pages.setCurrentWidget(self.welcome)
        else:
            self._pages.setCurrentWidget(self.setup)
        self._refresh_header()
        if isinstance(before, QPushButton) and not before.isVisible():
            self.focus_first()

    def _is_loaded(self) -> bool:
        """Tell whether it is known what to offer; until then nothing is, for a blink."""
        return self._library_known and (bool(self._has_runs) or self._samples_known)

    def _is_first_start(self) -> bool:
        """Tell whether there is nothing to choose from, or only the samples and no run yet."""
        own = set(self.setup.models.lines) - {model.id for model in self._samples}
        dismissed = self.context.options.sample_offer_dismissed
        return not own and not self._has_runs and not (dismissed and self.setup.models.lines)

    def _refresh_header(self) -> None:
        before = self.focusWidget()
        self._show_actions()
        if before in {self.pause, self.start, self.compare} and not before.isVisible():
            self.focus_first()  # what the keyboard was on has made room for what comes next
        self.settle_focus()

    def _show_actions(self) -> None:
        page = self._pages.currentWidget()
        current = self.context.monitor.current
        under_way = self._shown is not None and not self._shown.finished
        self.start.setVisible(page is self.setup)
        self.back.setVisible(page is not self.running and current is not None)
        self.another.setVisible(page is self.running)
        self.cancel.setVisible(under_way)
        self.pause.setVisible(under_way)
        self.compare.setVisible(page is self.running and not under_way)
        if self._shown is not None:
            self._describe_running(self._shown)
        elif page is not self.setup:
            self.show_title(self.tr("Welcome") if page is self.welcome else self.tr("Evaluate"))
        else:
            self._describe_setup()

    def _describe_setup(self) -> None:
        models, suites = self.setup.models.chosen, self.setup.suites.chosen
        speed = self.setup.suites.with_speed
        problem = ""
        if self.context.read_only and self.context.database is not None:
            problem = self.context.database.read_only_reason
        elif not models:
            problem = self.tr("Choose the models to evaluate.")
        elif not suites and not speed:
            problem = self.tr("Choose a suite, or the speed probe.")
        else:
            problem = self.setup.settings.problem
        self.start.setEnabled(not problem and not self._starting)
        self.start.setToolTip(problem)
        text = problem or describe_scope(len(models), len(suites), speed=speed)
        if not problem:
            cases = sum(len(s.cases) for s in suites) * len(models)
            cases *= self.setup.settings.read_settings().repeats
            if cases:
                text += " · " + self.tr("{0} answers").format(cases)
                text += self._foresee(suites, len(models))
        self.show_title(self.tr("Evaluate"), text)

    def _foresee(self, suites: Sequence[Suite], models: int) -> str:
        """Return what such a run could show, or nothing until that has been worked out."""
        asked = (tuple(suite.sha256 for suite in suites), models)
        if self._foreseen[0] != asked:
            self._foreseen = (asked, "")
            self.run(
                lambda: self.context.operations.foresee(suites, models),
                lambda said: self._take_foresight(asked, said),
            )
        said = self._foreseen[1]
        return f" · {said}" if said else ""

    def _take_foresight(self, asked: tuple[tuple[str, ...], int], said: str) -> None:
        if self._foreseen == (asked, ""):
            self._foreseen = (asked, said)
            if said and self._shown is None and self._pages.currentWidget() is self.setup:
                self._describe_setup()

    def _describe_running(self, evaluation: EvaluationState) -> None:
        suites = {s.run.suite.sha256 for s in evaluation.runs if s.run.suite}
        speed = any(s.run.probe for s in evaluation.runs)
        scope = describe_scope(len(evaluation.models), len(suites), speed=speed)
        if evaluation.finished:
            state = self.tr("cancelled") if evaluation.cancelled else self.tr("done")
        else:
            state = self.tr("{0}% done").format(format_number(100 * evaluation.share))
            paused = self.context.monitor.paused
            left = describe_time_left(evaluation.seconds)
            state = f"{state}, " + self.tr("paused") if paused else f"{state}{left and ', '}{left}"
            self.pause.setText(self.tr("Go on") if paused else self.tr("Pause"))
        kept = self.tr("results are kept as they come")
        self.show_title(evaluation.title or self.tr("Evaluation"), f"{scope} · {state} · {kept}")

    def _refresh_running(self) -> None:
        current = self.context.monitor.current
        follows = self._shown is not None and self._shown.finished and current is not None
        if follows or (self._starting and current is not None):
            self._starting = False
            self._shown = current
            self._show_page()
        elif self._shown is not None and self.isVisible():
            self.running.refresh(self._shown)
        self._refresh_header()

    def _prepare(self) -> None:
        self._shown = None
        self._show_page()

    def _show_current(self) -> None:
        self._shown = self.context.monitor.current
        self._show_page()

    # Deeds

    def begin(self) -> None:
        """Plan what is chosen and put it into the queue."""
        settings = self.setup.settings.read_settings()
        models, suites = self.setup.models.chosen, self.setup.suites.chosen
        speed = self.setup.suites.with_speed
        self.context.change_options(lambda now: msgspec.structs.replace(now, run=settings))
        operations, queue = self.context.operations, self.context.queue

        def submit() -> tuple[EvaluationPlan, tuple[Run, ...]]:
            plan = operations.plan_evaluation(models, suites, speed=speed, settings=settings)
            return plan, queue.submit(plan)

        self._starting = True
        self._refresh_header()
        self.run(submit, self._tell_queued, self._tell_not_begun)

    def begin_with_samples(self) -> None:
        """Evaluate the two sample models on the first suite, with the speed probe."""
        operations, queue = self.context.operations, self.context.queue
        samples, settings = self._samples, self.setup.settings.read_settings()

        def submit() -> tuple[EvaluationPlan, tuple[Run, ...]]:
            suites = operations.list_suites()[:1]
            if not suites:
                raise UserError("The bundled suite is missing.", remedy="Install Touchstone again.")
            plan = operations.plan_evaluation(samples, suites, speed=True, settings=settings)
            return plan, queue.submit(plan)

        self._starting = True
        for button in (self.welcome.compare, self.start):
            button.setEnabled(False)
        self.run(submit, self._tell_queued, self._tell_not_begun)

    def _tell_queued(self, queued: tuple[EvaluationPlan, tuple[Run, ...]]) -> None:
        plan, _ = queued
        self.welcome.compare.setEnabled(True)
        current = self.context.monitor.current
        if current is not None and current.id != plan.id and current.under_way:
            self._starting = False
            self._shown = current
            self._show_page()
            self.context.show_notice(
                Notice(
                    title=self.tr("{0} waits its turn.").format(plan.title),
                    tone=Tone.ACCENT,
                    seconds=8,
                )
            )

    def _tell_not_begun(self, failure: Exception) -> None:
        self._starting = False
        self.welcome.compare.setEnabled(True)
        self._refresh_header()
        self.context.show_failure(failure)

    def _cancel(self) -> None:
        if self._shown is not None:
            cancel_evaluation(self.context, self._shown)

    def _toggle_pause(self) -> None:
        if self.context.monitor.paused:
            self.context.queue.proceed()
        else:
            self.context.queue.pause()

    def _compare(self) -> None:
        if self._shown is not None:
            self.context.clear_notice(f"ended-{self._shown.id}")
            self.context.show_comparison([state.run.id for state in self._shown.runs])

    # Adding by drag and drop

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders of this machine."""
        urls = event.mimeData().urls()
        if urls and all(url.isLocalFile() for url in urls):
            event.acceptProposedAction()
            self.welcome.show_hot(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Take the highlight back."""
        super().dragLeaveEvent(event)
        self.welcome.show_hot(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Add what was dropped."""
        self.welcome.show_hot(False)
        event.acceptProposedAction()
        self.add_paths(tuple(Path(url.toLocalFile()) for url in event.mimeData().urls()))

    def add_paths(self, paths: tuple[Path, ...]) -> None:
        """Add files and folders to the library and tell what was found."""
        self.run(lambda: self.context.operations.add_paths(paths), self._tell_found)

    def _tell_found(self, result: ScanResult) -> None:
        self.context.models_changed.emit()
        found, bad = len(result.models), result.problems
        title = (
            self.tr("One model found.")
            if found == 1
            else self.tr("{0} models found.").format(found)
            if found
            else self.tr("No model found there.")
        )
        text = self.tr("{0} files could not be read.").format(len(bad)) if bad else ""
        details = "\n".join(f"{problem.path}: {problem.message}" for problem in bad)
        tone = Tone.WARNING if bad or not found else Tone.GOOD
        self.context.show_notice(
            Notice(title=title, text=text, details=details, tone=tone, key="found")
        )


def describe_time_left(seconds: tuple[float, float] | None) -> str:
    """Return what is left of how long, such as about 3 min left of 5 min; empty when unknown."""
    if seconds is None:
        return ""
    left, whole = seconds
    if left < _SOON:
        return QCoreApplication.translate("EvaluateScreen", "a few seconds left")
    text = QCoreApplication.translate("EvaluateScreen", "about {0} left of {1}")
    return text.format(format_duration(left), format_duration(whole))


def describe_scope(models: int, suites: int, *, speed: bool) -> str:
    """Return how much is asked of how many, such as 3 models by 2 suites and the speed probe."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("EvaluateScreen", text)

    text = tr("1 model") if models == 1 else tr("{0} models").format(models)
    parts = []
    if suites:
        parts.append(tr("1 suite") if suites == 1 else tr("{0} suites").format(suites))
    if speed:
        parts.append(tr("speed probe"))
    return f"{text} × {' + '.join(parts)}"  # noqa: RUF001 -- the sign of multiplication
