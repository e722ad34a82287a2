"""Who stands where: every share with its interval, and lines that join who can't be told apart."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop.domain.comparison import Comparison
from desktop.ui.formatting import format_share
from desktop.ui.theme import tokens
from desktop.ui.widgets.dot import Dot
from desktop.ui.widgets.interval import IntervalBar
from desktop.ui.widgets.labels import ElidedLabel, Label

_LANE = 16
_KNOT = 3.5


class GroupLanes(QWidget):
    """A line for each group of models that can't be told apart, with a knot at each of them.

    `rows` are the widgets that the knots stand beside. Groups overlap, so each has a lane of its
    own; a model that its group's line passes by has no knot.
    """

    def __init__(self, groups: Sequence[Sequence[int]], rows: Sequence[QWidget]) -> None:
        """Make lanes for the groups of two and more."""
        super().__init__()
        self.groups = tuple(tuple(group) for group in groups if len(group) > 1)
        self._rows = rows
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        """Return room for all lanes."""
        return QSize(_LANE * max(1, len(self.groups)), 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the lines."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = QColor(tokens().dim)
        for lane, group in enumerate(self.groups):
            x = _LANE * (lane + 0.5)
            x = self.width() - x if self.isRightToLeft() else x
            knots = [QPointF(x, self._rows[place].geometry().center().y() + 1 - self.y())
                     for place in group]  # fmt: skip
            painter.setPen(QPen(color, 2))
            painter.drawLine(knots[0], knots[-1])
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            for knot in knots:
                painter.drawEllipse(knot, _KNOT, _KNOT)
        painter.end()


class Standing(QWidget):
    """All models below one another with share, interval and the groups they belong to."""

    def __init__(self, comparison: Comparison) -> None:
        """Lay out the rows."""
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(1, 2)
        grid.setColumnStretch(2, 3)
        names: list[QWidget] = []
        for row, model in enumerate(comparison.models):
            name = ElidedLabel(model.label, "strong")
            names.append(name)
            grid.addWidget(Dot(model.color), row, 0)
            grid.addWidget(name, row, 1)
            bar = IntervalBar(model.color)
            bar.show_share(model.share_passed, model.interval)
            grid.addWidget(bar, row, 2)
            share = Label(format_share(model.share_passed), "strong")
            share.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(share, row, 3)
        self.lanes = GroupLanes(comparison.groups, names)
        if self.lanes.groups:
            grid.addWidget(self.lanes, 0, 4, len(names), 1)
        column.addLayout(grid)
        self.explanation = Label(self._explain(comparison), "label", wrap=True)
        column.addWidget(self.explanation)
        if any(pair.cases and not pair.enough_cases for pair in comparison.pairs):
            text = self.tr("Not enough cases: with so few no difference can be shown reliably.")
            column.addWidget(Label(text, "warning", wrap=True))

    def _explain(self, comparison: Comparison) -> str:
        labels = [model.label for model in comparison.models]
        listed = "; ".join(", ".join(labels[i] for i in group) for group in self.lanes.groups)
        self.lanes.setAccessibleName(listed)
        if not self.lanes.groups:
            return self.tr("No two models that were asked the same are a tie.")
        text = self.tr("A line joins models that can't be told apart on the same cases.")
        members = [place for group in self.lanes.groups for place in group]
        if len(members) > len(set(members)):
            text += " " + self.tr("A model on two lines can be told from neither group.")
        return text
