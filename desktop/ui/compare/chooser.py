"""Choosing what is compared: whole evaluations by a menu, single runs by a list."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QMenu

from desktop.domain.base import Value
from desktop.domain.run import RunStatus, RunSummary
from desktop.ui.formatting import format_moment
from desktop.ui.widgets.buttons import link_button
from desktop.ui.widgets.card import Card
from desktop.ui.widgets.fields import CheckDelegate
from desktop.ui.widgets.labels import Label

_RECENT = 15
_ID = Qt.ItemDataRole.UserRole


class EvaluationEntry(Value, frozen=True, kw_only=True):
    """One evaluation as it is offered: what it is called, and its runs."""

    id: str
    text: str
    run_ids: tuple[str, ...]


def group_evaluations(summaries: Sequence[RunSummary]) -> tuple[EvaluationEntry, ...]:
    """Return evaluations, the newest first; those without anything to show are left out."""
    groups: dict[str, list[RunSummary]] = {}
    for summary in summaries:
        if summary.run.status is not RunStatus.QUEUED:
            groups.setdefault(summary.run.evaluation_id, []).append(summary)
    ordered = sorted(
        groups.items(), key=lambda g: max(s.run.created_at for s in g[1]), reverse=True
    )
    return tuple(
        EvaluationEntry(
            id=name, text=_describe(group), run_ids=tuple(s.run.id for s in reversed(group))
        )
        for name, group in ordered
    )


def _describe(group: Sequence[RunSummary]) -> str:
    titles = list(dict.fromkeys(s.run.suite.title for s in group if s.run.suite))
    names = list(dict.fromkeys(s.run.model.facts.name for s in group))
    when = format_moment(group[0].run.created_at)
    return f"{when}  ·  {', '.join(titles) or 'speed'}  ·  {', '.join(names)}"


def describe_run(summary: RunSummary) -> str:
    """Return a run as one line: model, suite or probe, when, how it went."""
    run = summary.run
    what = run.suite.title if run.suite else "speed"
    counts = f"{summary.counts.passed}/{summary.counts.scored}" if run.suite else ""
    name = run.name or ""
    parts = (
        run.model.facts.name,
        what,
        format_moment(run.created_at),
        counts,
        str(run.status),
        name,
    )
    return "  ·  ".join(part for part in parts if part)


class RunChooser(Card):
    """A list of runs with check marks; `chosen` follows a change after a moment."""

    chosen = Signal(object)

    def __init__(self) -> None:
        """Make the list, hidden until it is asked for."""
        super().__init__(margin=12)
        row = QHBoxLayout()
        row.addWidget(Label(self.tr("Runs in this comparison"), "strong"), 1)
        row.addWidget(link_button(self.tr("Close"), self.hide))
        self.body.addLayout(row)
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Runs in this comparison"))
        self.list.setMaximumHeight(190)
        self.list.setItemDelegate(CheckDelegate(self.list))
        self.body.addWidget(self.list)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(250)
        self._timer.timeout.connect(self._tell)
        self.list.itemChanged.connect(lambda _: self._timer.start())
        self.hide()

    def show_runs(self, summaries: Sequence[RunSummary], chosen: Sequence[str]) -> None:
        """Fill the list; what is chosen comes first."""
        self.list.blockSignals(True)
        self.list.clear()
        wanted = set(chosen)
        for summary in sorted(summaries, key=lambda s: s.run.id not in wanted):
            if summary.run.status is RunStatus.QUEUED:
                continue
            item = QListWidgetItem(describe_run(summary))
            item.setData(_ID, summary.run.id)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            inside = summary.run.id in wanted
            item.setCheckState(Qt.CheckState.Checked if inside else Qt.CheckState.Unchecked)
            self.list.addItem(item)
        self.list.blockSignals(False)

    def _tell(self) -> None:
        items = [self.list.item(row) for row in range(self.list.count())]
        checked = [i.data(_ID) for i in items if i.checkState() is Qt.CheckState.Checked]
        self.chosen.emit(tuple(checked))


def fill_menu(
    menu: QMenu, entries: Sequence[EvaluationEntry], present: Sequence[str]
) -> list[tuple[QAction, EvaluationEntry]]:
    """Put the latest evaluations into a menu, the one that is shown marked."""
    menu.clear()
    filled = []
    for entry in entries[:_RECENT]:
        action = menu.addAction(entry.text.replace("&", "&&"))
        action.setCheckable(True)
        action.setChecked(set(entry.run_ids) == set(present))
        filled.append((action, entry))
    return filled
