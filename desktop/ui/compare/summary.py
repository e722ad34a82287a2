"""The answer first: headline with its reasons, then a card or a line for every model."""

import html

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QStackedLayout, QVBoxLayout, QWidget

from desktop.domain.comparison import ComparedModel, Comparison
from desktop.ui.formatting import (
    UNKNOWN,
    describe_model,
    format_bytes,
    format_interval,
    format_number,
    format_rate,
    format_share,
)
from desktop.ui.theme import GAP
from desktop.ui.widgets.buttons import link_button
from desktop.ui.widgets.card import Card, line
from desktop.ui.widgets.dot import Dot
from desktop.ui.widgets.figure import Figure
from desktop.ui.widgets.interval import IntervalBar
from desktop.ui.widgets.labels import ElidedLabel, Label

_MOST_CARDS = 4
_MOST_CAVEATS = 2
_LEAST_WIDTH = 320


class HeadlineCard(Card):
    """What may be concluded, in a sentence; "How sure?" opens the reasons."""

    def __init__(self) -> None:
        """Make an empty headline."""
        super().__init__()
        row = QHBoxLayout()
        self._sentence = QLabel()
        self._sentence.setTextFormat(Qt.TextFormat.RichText)
        self._sentence.setWordWrap(True)
        self._sentence.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.how_sure = link_button(self.tr("How sure?"), self._toggle)
        row.addWidget(self._sentence, 1)
        row.addWidget(self.how_sure)
        row.setAlignment(self.how_sure, Qt.AlignmentFlag.AlignTop)
        self.body.addLayout(row)
        self._caveats = Label("", "warning", wrap=True)
        self._caveats_shown = 0
        self.body.addWidget(self._caveats)
        self.reasons = QWidget()
        self._reasons = QVBoxLayout(self.reasons)
        self._reasons.setContentsMargins(0, 4, 0, 0)
        self._reasons.setSpacing(6)
        self.reasons.hide()
        self.body.addWidget(self.reasons)

    def show_comparison(self, comparison: Comparison) -> None:
        """Show headline, caveats and reasons."""
        bold = html.escape(comparison.headline)
        rest = html.escape(comparison.supporting)
        self._sentence.setText(f"<b>{bold}</b> {rest}")
        self._sentence.setAccessibleName(f"{comparison.headline} {comparison.supporting}")
        self._show_caveats(comparison.caveats)
        while (item := self._reasons.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        more = [(text, "warning") for text in comparison.caveats[self._caveats_shown :]]
        for column in comparison.models:
            # In the cards these are cut to a line; here they can be read and copied whole.
            more += [(f"{column.label}: {text}", "dim") for text in problems_of(column)]
        more += [(text, "dim") for text in comparison.reasons]
        if more:
            self._reasons.addWidget(line())
        for text, role in more:
            self._reasons.addWidget(Label(text, role, wrap=True).make_selectable())
        self.how_sure.setVisible(bool(more))

    def _show_caveats(self, caveats: tuple[str, ...]) -> None:
        """Show up to two caveats; of more the first, and how many stand behind "How sure?"."""
        several = len(caveats) > _MOST_CAVEATS
        self._caveats_shown = 1 if several else len(caveats)
        lines = list(caveats[: self._caveats_shown])
        if several:
            more = self.tr("{0} more limits are told under “How sure?”.")
            lines.append(more.format(len(caveats) - 1))
        self._caveats.setText("\n".join(lines))
        self._caveats.setVisible(bool(lines))

    def _toggle(self) -> None:
        opened = self.reasons.isHidden()
        self.reasons.setVisible(opened)
        self.how_sure.setText(self.tr("Hide reasons") if opened else self.tr("How sure?"))


class Summary(QWidget):
    """Every model's interval and figures: cards where there is room, else a line each."""

    def __init__(self) -> None:
        """Make an empty summary."""
        super().__init__()
        self._models: tuple[ComparedModel, ...] = ()
        self._stack = QStackedLayout(self)
        self._stack.setSizeConstraint(QStackedLayout.SizeConstraint.SetNoConstraint)
        self.setMinimumWidth(_LEAST_WIDTH)  # cards must not keep the window from narrowing
        self._as_cards = True
        self._cards_width = 0

    def show_models(self, models: tuple[ComparedModel, ...]) -> None:
        """Show other models."""
        self._models = models
        self._cards_width = 0
        self._rebuild()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Change between cards and lines when the room changes."""
        super().resizeEvent(event)
        if self._models and self._fits_cards() != self._as_cards:
            self._rebuild()

    def _fits_cards(self) -> bool:
        count = len(self._models)
        return count <= _MOST_CARDS and self.width() >= self._cards_width

    def _rebuild(self) -> None:
        while (old := self._stack.widget(0)) is not None:
            self._stack.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._as_cards = self._fits_cards()
        content = _make_cards(self._models) if self._as_cards else _make_lines(self._models)
        if self._as_cards:
            self._cards_width = content.minimumSizeHint().width()
            if not self._fits_cards():
                content.deleteLater()
                self._as_cards = False
                content = _make_lines(self._models)
        self._stack.addWidget(content)
        self.setFixedHeight(content.sizeHint().height())


def _make_cards(models: tuple[ComparedModel, ...]) -> QWidget:
    content = QWidget()
    row = QHBoxLayout(content)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(GAP + 2)
    for model in models:
        row.addWidget(ModelCard(model), 1)
    if len(models) == 1:
        row.addStretch(1)
    return content


class ModelCard(Card):
    """One model: name, interval, and the three figures that decide most."""

    def __init__(self, column: ComparedModel) -> None:
        """Make the card."""
        super().__init__()
        name = column.model.facts.name
        self.setAccessibleName(name)
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(Dot(column.color))
        head.addWidget(ElidedLabel(name, "strong"), 1)
        self.body.addLayout(head)
        self.body.addWidget(ElidedLabel(describe_model(column.model), "small-dim"))
        bar = IntervalBar(column.color)
        bar.show_share(column.share_passed, column.interval)
        self.body.addWidget(bar)
        figures = QHBoxLayout()
        figures.setSpacing(8)
        for value, label, hint in figures_of(column):
            figure = Figure(value, label)
            figure.show_value(value, label, hint)
            figures.addWidget(figure, 1)
        self.body.addLayout(figures)
        if thinking := describe_thinking(column):
            self.body.addWidget(ElidedLabel(thinking, "small-dim"))
        for problem in problems_of(column):
            self.body.addWidget(ElidedLabel(problem, "warning"))
        self.body.addStretch(1)  # cards beside it may be higher


def figures_of(column: ComparedModel) -> tuple[tuple[str, str, str], ...]:
    """Return the figures of a model with label and tool tip."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("CompareSummary", text)

    if column.share_passed is None:
        quality = (UNKNOWN, tr("no scored cases"), "")
    else:
        quality = (
            format_share(column.share_passed),
            tr("correct ({0})").format(format_interval(column.interval)),
            tr("{0} of {1} scored cases passed; Wilson interval, 95 %").format(
                column.cases_passed, column.cases_scored
            ),
        )
    speed = column.generation
    rate = (
        format_rate(speed.value if speed else None),
        tr("tokens/s") if speed else tr("tokens/s, not measured"),
        _explain_speed(column),
    )
    if speed and not speed.valid:
        rate = (f"{rate[0]} !", tr("tokens/s, disturbed"), rate[2])
    memory = (
        format_bytes(column.peak_memory_bytes),
        tr("peak memory") if column.peak_memory_bytes else tr("peak memory, not measured"),
        "",
    )
    return quality, rate, memory


def _explain_speed(column: ComparedModel) -> str:
    speed = column.generation
    if speed is None:
        return ""
    spread = f" ± {format_rate(speed.standard_deviation)}" if speed.standard_deviation else ""
    words = [f"{speed.test}: {format_rate(speed.value)}{spread} {speed.unit}"]
    words += [d.message for d in speed.disturbances]
    return "\n".join(words)


def describe_thinking(column: ComparedModel) -> str:
    """Return how much a model thinks, and how often it was cut off; empty if it never thinks."""
    parts = []
    if column.mean_thinking_tokens:
        text = QCoreApplication.translate("CompareSummary", "{0} tokens of thinking an answer")
        parts.append(text.format(format_number(column.mean_thinking_tokens)))
    if column.counts.truncated:
        text = QCoreApplication.translate("CompareSummary", "■ {0} cut off")
        parts.append(text.format(column.counts.truncated))
    return " · ".join(parts)


def problems_of(column: ComparedModel) -> tuple[str, ...]:
    """Return what is odd about a model's runs, in words."""
    problems = list(column.problems)
    if column.unanswered:
        text = QCoreApplication.translate("CompareSummary", "{0} cases have no answer yet.")
        problems.append(text.format(column.unanswered))
    return tuple(problems)


def _make_lines(models: tuple[ComparedModel, ...]) -> QWidget:
    """Return all models in one card, a line each, for narrow windows and many models."""
    card = Card(margin=14)
    card.body.setSpacing(0)
    grid = QGridLayout()
    grid.setHorizontalSpacing(10)
    grid.setVerticalSpacing(5)
    grid.setColumnStretch(1, 2)
    grid.setColumnStretch(2, 3)
    titles = ("correct", "", "tokens/s", "peak memory")
    for place, title in enumerate(titles):
        text = QCoreApplication.translate("CompareSummary", title) if title else ""
        label = Label(text, "label")
        label.setAlignment(Qt.AlignmentFlag.AlignRight)
        grid.addWidget(label, 0, place + 3)
    for row, column in enumerate(models, start=1):
        _add_line(grid, row, column)
    card.body.addLayout(grid)
    return card


def _add_line(grid: QGridLayout, row: int, column: ComparedModel) -> None:
    grid.addWidget(Dot(column.color), row, 0)
    name = ElidedLabel(column.label, "strong")
    facts = (column.model.facts.name, describe_model(column.model), describe_thinking(column))
    name.setToolTip("\n".join(part for part in (*facts, *problems_of(column)) if part))
    grid.addWidget(name, row, 1)
    bar = IntervalBar(column.color)
    bar.show_share(column.share_passed, column.interval)
    grid.addWidget(bar, row, 2)
    quality, rate, memory = figures_of(column)
    interval = format_interval(column.interval) if column.interval else ""
    cells = ((quality[0], "strong"), (interval, "label"), (rate[0], ""), (memory[0], ""))
    for place, (text, role) in enumerate(cells):
        label = Label(text, role)
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        label.setToolTip((quality[2], quality[2], rate[2], memory[2])[place])
        grid.addWidget(label, row, place + 3)
