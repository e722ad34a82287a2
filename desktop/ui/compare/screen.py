"""The Compare screen: the sentence, the figures, the evidence case by case."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop.domain.comparison import ComparedPair, Comparison
from desktop.domain.run import EngineFacts, RunSummary
from desktop.ui.compare.cases import CasesPanel
from desktop.ui.compare.chooser import RunChooser, fill_menu, group_evaluations
from desktop.ui.compare.detail import CaseDetail
from desktop.ui.compare.pair_detail import PairDetail
from desktop.ui.compare.pairs import PairsPanel
from desktop.ui.compare.summary import HeadlineCard, Summary
from desktop.ui.formatting import format_bytes, format_date
from desktop.ui.screen import Context, Screen, ScreenId, scrolled
from desktop.ui.theme import GAP
from desktop.ui.widgets.buttons import plain_button, primary_button
from desktop.ui.widgets.empty import EmptyState
from desktop.ui.widgets.notices import Notice
from desktop.ui.widgets.pill import Tone

_LEAST_HEIGHT = 240


class CompareScreen(Screen):
    """Shows the latest evaluation, or the runs that were asked for."""

    def __init__(self, context: Context) -> None:
        """Make the screen; `activate` loads what is to be compared."""
        super().__init__(context, "")
        self.show_title(self.tr("Compare"))
        self._summaries: tuple[RunSummary, ...] = ()
        self._run_ids: tuple[str, ...] = ()
        self._pinned = False
        self.comparison: Comparison | None = None
        self._stale = True
        self._known = False
        self._add_actions()
        self.headline = HeadlineCard()
        self.summary = Summary()
        self.chooser = RunChooser()
        self.chooser.chosen.connect(self._choose)
        self.cases = CasesPanel()
        self.detail = CaseDetail()
        self.cases.case_changed = self._show_row
        self.pairs = PairsPanel()
        self.pair_detail = PairDetail()
        self.pairs.pair_changed = self._show_pair
        self._pages = QStackedWidget()
        self._empty = self._make_empty()
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self._lay_out())
        self.body.addWidget(self._pages, 1)
        context.runs_changed.connect(self._mark_stale)
        for keys, step in (("D", 1), ("Shift+D", -1)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda by=step: self.cases.go_to_disagreement(by))

    def _add_actions(self) -> None:
        self._runs = plain_button(self.tr("Runs ▾"))
        self._runs_menu = QMenu(self)
        self._runs_menu.aboutToShow.connect(self._fill_runs_menu)
        self._runs.setMenu(self._runs_menu)
        self._export = plain_button(self.tr("Export ▾"))
        menu = QMenu(self)
        menu.addAction(self.tr("Export CSV…")).triggered.connect(self._ask_csv)
        menu.addAction(self.tr("Export JSON…")).triggered.connect(self._ask_json)
        self._export.setMenu(menu)
        self._save = primary_button(self.tr("Save PDF"), self._ask_pdf)
        for button in (self._runs, self._export, self._save):
            self.add_action(button)

    def _lay_out(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP + 2)
        for part in (self.chooser, self.headline, self.summary):
            column.addWidget(part)
        column.addWidget(self._make_switch())
        self._lists, self._details = QStackedWidget(), QStackedWidget()
        for stack, parts in (
            (self._lists, (self.cases, self.pairs)),
            (self._details, (self.detail, self.pair_detail)),
        ):
            for panel in parts:
                stack.addWidget(panel)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(GAP + 2)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self._lists)
        self.splitter.addWidget(self._details)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        self._details.setMinimumWidth(200)
        kept = self.context.options.splitter_sizes.get("compare")
        self.splitter.setSizes(list(kept or (600, 400)))
        column.addWidget(self.splitter, 1)
        for part in (self.headline, self.chooser):
            part.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.splitter.setMinimumHeight(_LEAST_HEIGHT)
        return scrolled(page)

    def _make_switch(self) -> QWidget:
        """Make the two buttons that choose between cases and pairs."""
        self.switch = QWidget()
        row = QHBoxLayout(self.switch)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        group = QButtonGroup(self)
        self.views: tuple[QPushButton, ...] = tuple(
            plain_button(text) for text in (self.tr("Cases"), self.tr("Pairs"))
        )
        for place, button in enumerate(self.views):
            button.setProperty("kind", "nav")
            button.setCheckable(True)
            group.addButton(button, place)
            row.addWidget(button)
        row.addStretch(1)
        self.views[0].setChecked(True)
        group.idToggled.connect(lambda place, on: self._show_view(place) if on else None)
        return self.switch

    def _show_view(self, place: int) -> None:
        self._lists.setCurrentIndex(place)
        self._details.setCurrentIndex(place)

    def _make_empty(self) -> EmptyState:
        self._go = primary_button(
            self.tr("Evaluate models"), lambda: self.context.open_screen(ScreenId.EVALUATE)
        )
        return EmptyState(
            self.tr("Nothing to compare yet"),
            self.tr("Evaluate two models on a suite; their answers then stand here side by side."),
            (self._go,),
        )

    # Loading

    def activate(self) -> None:
        """Load again if anything may have changed."""
        if self._stale or self.comparison is None or self.context.monitor.current is not None:
            self.reload()

    def focus_first(self) -> None:
        """Give the keyboard to the cases, or to the way to get some."""
        if self.comparison is not None:
            self.cases.table.setFocus()
        elif self._known:
            self._go.setFocus()
        else:
            self.setFocus()

    def deactivate(self) -> None:
        """Keep how the room is shared."""
        sizes = tuple(self.splitter.sizes())
        if all(sizes):
            self.context.change_options(
                lambda now: msgspec.structs.replace(
                    now, splitter_sizes=now.splitter_sizes | {"compare": sizes}
                )
            )

    def list_keys(self) -> tuple[tuple[str, str], ...]:
        """Return the keys of this screen."""
        return (
            ("↑ ↓", self.tr("next case")),
            ("D", self.tr("next disagreement")),
            ("Shift+D", self.tr("previous disagreement")),
        )

    def _mark_stale(self) -> None:
        self._stale = True
        if self.isVisible():
            self.reload()

    def show_runs(self, run_ids: tuple[str, ...]) -> None:
        """Compare these runs from now on."""
        self._run_ids = run_ids
        self._pinned = True
        self.reload()

    def reload(self) -> None:
        """Load the list of runs, then the comparison."""
        self._stale = False
        self.run(self.context.operations.list_runs, self._take_runs)

    def _take_runs(self, summaries: tuple[RunSummary, ...]) -> None:
        self._summaries = summaries
        self._known = True
        known = {s.run.id for s in summaries}
        kept = tuple(i for i in self._run_ids if i in known)
        if not (self._pinned and kept):
            entries = group_evaluations(summaries)
            kept = entries[0].run_ids if entries else ()
            self._pinned = False
        self._run_ids = kept
        if not kept:
            self._show_empty()
            return
        self.chooser.show_runs(summaries, kept)
        self.run(lambda: self.context.operations.compare_runs(kept), self._take_comparison)

    def _show_empty(self) -> None:
        self.comparison = None
        self.show_title(self.tr("Compare"))
        self._pages.setCurrentIndex(0)
        for button in (self._runs, self._export, self._save):
            button.hide()
        self.settle_focus()

    def _take_comparison(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self._pages.setCurrentIndex(1)
        for button in (self._runs, self._export, self._save):
            button.show()
        self.show_title(comparison.title, self._describe(comparison))
        self.headline.show_comparison(comparison)
        self.summary.show_models(comparison.models)
        self.cases.show_comparison(comparison)
        self.pairs.show_comparison(comparison)
        several = any(pair.cases for pair in comparison.pairs)
        self.switch.setVisible(several)
        if not several:
            self.views[0].setChecked(True)
        self.settle_focus()

    def _describe(self, comparison: Comparison) -> str:
        count = len(comparison.cases)
        noun = self.tr("case") if count == 1 else self.tr("cases")
        parts = [f"{count} {noun}"]
        parts.append(format_date(comparison.created_at))
        if len(comparison.machines) == 1:
            machine = comparison.machines[0]
            gpu = machine.gpus[0].name if machine.gpus else self.tr("no GPU")
            text = self.tr("{0} cores, {1}, {2}")
            cores = machine.processor.usable_cores
            parts.append(text.format(cores, format_bytes(machine.memory_bytes), gpu))
        elif comparison.machines:
            parts.append(self.tr("{0} machines").format(len(comparison.machines)))
        engines = {_name_engine(engine) for engine in comparison.engines}
        parts += sorted(engines)
        return " · ".join(parts)

    def _show_row(self, row: int) -> None:
        if self.comparison is None or row < 0:
            self.detail.show_nothing()
        else:
            self.detail.show_case(self.cases.filter.case_at(row), self.comparison.models)

    def _show_pair(self, pair: ComparedPair | None, asks_first: bool) -> None:
        if self.comparison is None or pair is None:
            self.pair_detail.show_nothing()
        else:
            self.pair_detail.show_pair(pair, self.comparison.models, asks_first=asks_first)

    # Choosing

    def _fill_runs_menu(self) -> None:
        entries = group_evaluations(self._summaries)
        for action, entry in fill_menu(self._runs_menu, entries, self._run_ids):
            action.triggered.connect(lambda _=False, ids=entry.run_ids: self.show_runs(ids))
        self._runs_menu.addSeparator()
        choose = self._runs_menu.addAction(self.tr("Add or remove runs…"))
        choose.triggered.connect(self._open_chooser)

    def _open_chooser(self) -> None:
        self.chooser.show()
        self.chooser.list.setFocus()

    def _choose(self, run_ids: tuple[str, ...]) -> None:
        if run_ids:
            self.show_runs(run_ids)

    # Saving

    def _ask_pdf(self) -> None:
        self._ask("pdf", "PDF (*.pdf)", self.save_pdf)

    def _ask_csv(self) -> None:
        self._ask("csv", "CSV (*.csv)", self.save_csv)

    def _ask_json(self) -> None:
        self._ask("json", "JSON (*.json)", self.save_json)

    def _ask(self, ending: str, kinds: str, save: Callable[[Path], None]) -> None:
        name = "".join(c if c.isalnum() else "-" for c in self.title.text().lower())
        suggested = str(Path.home() / f"{'-'.join(filter(None, name.split('-')))}.{ending}")
        chosen, _ = QFileDialog.getSaveFileName(self, self.tr("Save"), suggested, kinds)
        if chosen:
            path = Path(chosen)
            save(path if path.suffix else path.with_suffix(f".{ending}"))

    def save_pdf(self, path: Path) -> None:
        """Write the comparison as a PDF."""
        self._write(self.context.operations.export_pdf, path)

    def save_csv(self, path: Path) -> None:
        """Write the comparison as CSV."""
        self._write(self.context.operations.export_csv, path)

    def save_json(self, path: Path) -> None:
        """Write the comparison as JSON."""
        self._write(self.context.operations.export_json, path)

    def _write(self, export: Callable[[Comparison, Path], None], path: Path) -> None:
        comparison = self.comparison
        if comparison is None:
            return
        self._save.setEnabled(False)
        self.run(
            lambda: export(comparison, path), lambda _: self._tell_saved(path), self._tell_unsaved
        )

    def _tell_saved(self, path: Path) -> None:
        self._save.setEnabled(True)
        self.context.show_notice(
            Notice(
                title=self.tr("Saved {0}.").format(path.name),
                text=str(path.parent),
                tone=Tone.GOOD,
                action_text=self.tr("Open"),
                action=lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))),
                key="saved",
                seconds=20,
            )
        )

    def _tell_unsaved(self, failure: Exception) -> None:
        self._save.setEnabled(True)
        self.context.show_failure(failure)


def _name_engine(engine: EngineFacts) -> str:
    """Return name and build without the features that the build may list after a semicolon."""
    build = (engine.build or engine.version).split(";", maxsplit=1)[0].strip()
    return build if build.startswith(engine.name) else f"{engine.name} {build}"
