"""The History screen: every run ever made, what people say about it, and what to do with it."""

from collections.abc import Sequence
from functools import partial

import msgspec
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.domain.events import EvaluationQueued, RunEvent, RunFinished, RunStarted
from desktop.domain.run import Run, RunStatus, RunSummary
from desktop.ui.history.annotations import Annotation
from desktop.ui.history.columns import WHEN, make_columns
from desktop.ui.history.details import RunPanel
from desktop.ui.history.wording import RESUMABLE, describe_for_search, name_run, name_status
from desktop.ui.screen import Context, Screen, ScreenId
from desktop.ui.widgets.buttons import plain_button, primary_button
from desktop.ui.widgets.card import Card
from desktop.ui.widgets.empty import EmptyState
from desktop.ui.widgets.fields import ComboBox
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.notices import Notice
from desktop.ui.widgets.records import RecordTable
from desktop.ui.widgets.search import SearchField, match_words
from desktop.ui.widgets.split import DetailSplit

_SPLIT = "history"
_EMPTY, _LIST, _FAILURE = 1, 2, 3


class HistoryScreen(Screen):
    """All runs, the newest first."""

    def __init__(self, context: Context) -> None:
        """Make the screen; runs are loaded when it comes to the front."""
        super().__init__(context, QCoreApplication.translate("history", "History"))
        self._stale = True
        self._row = 0
        self._wanted: tuple[str, ...] = ()
        self.table = RecordTable(
            make_columns(),
            lambda summary: str(summary.run.id),
            name=self.tr("Runs"),
            nothing_found=self.tr("No run matches. Empty the search, or choose another status."),
        )
        self.panel = RunPanel()
        self.search = SearchField(self.tr("Search runs"))
        self.search.bind(self)
        self.status = ComboBox()
        self.compare_button = primary_button(self.tr("Compare"), self._compare)
        self.resume_button = plain_button(self.tr("Resume"), self._resume)
        self.delete_button = plain_button(self.tr("Delete"), self._delete)
        for button in (self.delete_button, self.resume_button, self.compare_button):
            self.add_action(button)
        self._stack = QStackedWidget()
        self._stack.addWidget(QWidget())  # until runs are known, nothing is claimed
        self._stack.addWidget(self._make_empty())
        self._stack.addWidget(self._make_list())
        self._stack.addWidget(self._make_failure())
        self.body.addWidget(self._stack, 1)
        self._connect()
        self._show_state()

    def _make_empty(self) -> QWidget:
        self._first_step = primary_button(
            self.tr("Evaluate models"), lambda: self.context.open_screen(ScreenId.EVALUATE)
        )
        return EmptyState(
            self.tr("No runs yet"),
            self.tr("Every evaluation is kept here, finished or not. Start one, and look back."),
            (self._first_step,),
        )

    def _make_failure(self) -> QWidget:
        return EmptyState(
            self.tr("The runs could not be read"),
            self.tr("The notice above says why. Nothing was changed."),
            (plain_button(self.tr("Try again"), self.reload),),
        )

    def _make_list(self) -> QWidget:
        self.status.setAccessibleName(self.tr("Status"))
        self.status.addItem(self.tr("Every status"), None)
        for status in RunStatus:
            self.status.addItem(name_status(status).capitalize(), str(status))
        self._count = Label("", "label")
        row = QHBoxLayout()
        row.setSpacing(10)
        self.search.setMaximumWidth(340)
        row.addWidget(self.search, 3)
        row.addWidget(self.status)
        row.addWidget(self._count)
        row.addStretch(1)
        card = Card(margin=6)
        card.body.addWidget(self.table)
        self.split = DetailSplit(card, self.panel)
        self.split.restore(self.context.options.splitter_sizes.get(_SPLIT, ()))
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(row)
        column.addWidget(self.split, 1)
        return page

    def _connect(self) -> None:
        self.table.sort_by(WHEN, Qt.SortOrder.DescendingOrder)
        self.table.choice_changed.connect(self._show_choice)
        self.table.opened.connect(self._compare)
        self.table.delete_pressed.connect(self._delete)
        self.table.offer(self.tr("Compare"), self._compare)
        self._resume_action = self.table.offer(self.tr("Resume"), self._resume)
        self.table.offer(self.tr("Rename"), self._rename)
        self.table.offer(self.tr("Copy the run's id"), self._copy_ids)
        self._delete_action = self.table.offer(self.tr("Delete"), self._delete)
        self.search.textChanged.connect(lambda _: self._filter())
        self.status.currentIndexChanged.connect(lambda _: self._filter())
        self.panel.form.changed.connect(self._annotate)
        self.context.runs_changed.connect(self._mark_stale)
        self.context.events.happened.connect(self._follow)
        self.context.database_changed.connect(self._show_state)

    # Loading

    def activate(self) -> None:
        """Load runs if they may have changed."""
        if self._stale:
            self.reload()

    def deactivate(self) -> None:
        """Keep what was typed, and the widths of the panes."""
        self.panel.form.keep()
        shares = self.split.shares
        if self.context.options.splitter_sizes.get(_SPLIT) != shares:
            self.context.change_options(
                lambda now: msgspec.structs.replace(
                    now, splitter_sizes={**now.splitter_sizes, _SPLIT: shares}
                )
            )

    def _follow(self, event: RunEvent) -> None:
        if isinstance(event, EvaluationQueued | RunStarted | RunFinished):
            self._mark_stale()

    def _mark_stale(self) -> None:
        self._stale = True
        if self.isVisible():
            self.reload()

    def focus_first(self) -> None:
        """Give the keyboard to the list; while it loads, the screen keeps it."""
        ways = (self.table, self._first_step)
        next((way for way in ways if way.isVisible()), self).setFocus()

    def reload(self) -> None:
        """Load runs anew."""
        self._stale = False
        self.run(self.context.operations.list_runs, self._take_runs, self._give_up)

    def _give_up(self, failure: Exception) -> None:
        self._stale = True
        if not self.table.records.records:
            self._stack.setCurrentIndex(_FAILURE)
        self._show_state()
        self.context.show_failure(failure)

    def _take_runs(self, summaries: Sequence[RunSummary]) -> None:
        self.table.show_records(summaries)
        shown = self.table.records.shown
        if self._wanted:
            self.table.choose(self._wanted)
            self._wanted = ()
        elif shown and not self.table.chosen:
            self.table.choose([shown[min(self._row, len(shown) - 1)].run.id])
        self._stack.setCurrentIndex(_LIST if summaries else _EMPTY)
        if summaries and self.isAncestorOf(self.focusWidget()) and not self._typing:
            self.table.setFocus()
        self.settle_focus()
        self._show_state()

    @property
    def _typing(self) -> bool:
        """Whether a field has the keyboard, which a reload must not take away."""
        return isinstance(self.focusWidget(), QLineEdit | QPlainTextEdit)

    # What is shown

    def _filter(self) -> None:
        text = self.search.text()
        status = self.status.currentData()
        found = match_words(text, describe_for_search) if text.strip() else None
        if found is None and status is None:
            self.table.filter(None)
        else:
            self.table.filter(
                lambda s: (status is None or s.run.status == status) and (not found or found(s))
            )
        self._show_state()

    def _show_state(self) -> None:
        total = len(self.table.records.records)
        shown = len(self.table.records.shown)
        words = self.tr("1 run") if total == 1 else self.tr("{0} runs")
        self.show_title(self.tr("History"), words.format(total) if total else "")
        self._count.setText(self.tr("{0} of {1}").format(shown, total) if shown < total else "")
        for button in (self.delete_button, self.resume_button, self.compare_button):
            button.setVisible(total > 0)
        self._show_choice()

    def _show_choice(self) -> None:
        chosen: list[RunSummary] = self.table.chosen
        writable = not self.context.read_only
        under_way = any(s.run.status is RunStatus.RUNNING for s in chosen)
        self.compare_button.setEnabled(bool(chosen))
        self.compare_button.setText(_count(self.tr("Compare"), len(chosen)))
        self.compare_button.setToolTip(self.tr("Show the chosen runs side by side (Return)"))
        resumable = self._list_resumable()
        self.resume_button.setEnabled(bool(resumable) and writable)
        self.resume_button.setToolTip(
            self.tr("Go on where the chosen runs stopped")
            if resumable
            else self.tr("Runs that were interrupted, cancelled or still wait can be resumed")
        )
        self.delete_button.setEnabled(bool(chosen) and writable and not under_way)
        self.delete_button.setToolTip(
            self.tr("A run that is under way can't be deleted; cancel it first")
            if under_way
            else self.tr("Delete the chosen runs; this can be undone (Delete)")
        )
        self._resume_action.setEnabled(self.resume_button.isEnabled())
        self._delete_action.setEnabled(self.delete_button.isEnabled())
        self.panel.show_run(self.table.current, writable=writable)

    def _list_resumable(self) -> tuple[Run, ...]:
        """Return the chosen runs that can go on and do not wait or run at this moment."""
        busy = {
            state.run.id
            for evaluation in self.context.monitor.evaluations
            if not evaluation.finished
            for state in evaluation.runs
            if not state.ended
        }
        return tuple(
            s.run for s in self.table.chosen if s.run.status in RESUMABLE and s.run.id not in busy
        )

    # Doing

    def _compare(self) -> None:
        chosen = self.table.chosen
        if chosen:
            self.context.show_comparison([summary.run.id for summary in chosen])

    def _resume(self) -> None:
        runs = self._list_resumable()
        if runs and not self.context.read_only:
            self.context.queue.resume_runs(runs)
            self.context.await_evaluation()

    def _delete(self) -> None:
        if not self.delete_button.isEnabled():
            return
        chosen: list[RunSummary] = self.table.chosen
        ids = tuple(summary.run.id for summary in chosen)
        self._row = min(index.row() for index in self.table.selectionModel().selectedRows())
        title = (
            self.tr("The run {0} was deleted.").format(name_run(chosen[0].run))
            if len(chosen) == 1
            else self.tr("{0} runs were deleted.").format(len(chosen))
        )

        def tell(_: object) -> None:
            self.context.runs_changed.emit()
            self.context.show_notice(
                Notice(
                    title=title,
                    text=self.tr("It can be undone until Touchstone is closed."),
                    action_text=self.tr("Undo"),
                    action=partial(self._restore, ids),
                    key="runs-deleted-" + ids[0],
                )
            )

        self.run(lambda: self.context.operations.delete_runs(ids), tell)

    def _restore(self, ids: tuple[str, ...]) -> None:
        def tell(_: object) -> None:
            self._wanted = ids
            self.context.runs_changed.emit()

        self.run(lambda: self.context.operations.restore_runs(ids), tell)

    def _annotate(self, annotation: Annotation) -> None:
        operations = self.context.operations
        self.run(
            lambda: operations.annotate_run(
                annotation.run_id, name=annotation.name, note=annotation.note, tags=annotation.tags
            ),
            self._take_annotated,
        )

    def _take_annotated(self, run: Run) -> None:
        self.table.show_records(
            msgspec.structs.replace(s, run=run) if s.run.id == run.id else s
            for s in self.table.records.records
        )
        # Others follow; this list has what is new already.
        self.context.runs_changed.disconnect(self._mark_stale)
        self.context.runs_changed.emit()
        self.context.runs_changed.connect(self._mark_stale)

    def list_keys(self) -> tuple[tuple[str, str], ...]:
        """Return this screen's keys."""
        return (
            ("Ctrl+F", self.tr("search")),
            (self.tr("Alt+1 … 9"), self.tr("sort by a column")),
            ("F2", self.tr("rename")),
            (self.tr("Return"), self.tr("compare")),
            (self.tr("Delete"), self.tr("delete")),
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Lead to the name on F2."""
        if event.key() == Qt.Key.Key_F2:
            self._rename()
            return
        super().keyPressEvent(event)

    def _rename(self) -> None:
        if self.table.current is not None:
            self.panel.form.name.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.panel.form.name.selectAll()

    def _copy_ids(self) -> None:
        ids = [summary.run.id for summary in self.table.chosen]
        QGuiApplication.clipboard().setText("\n".join(ids))


def _count(text: str, count: int) -> str:
    return f"{text} ({count})" if count > 1 else text
