"""Notices: what happened, in words, with one thing to do about it; never a modal dialog."""

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAccessible, QAccessibleEvent, QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.base import Value
from desktop.errors import Cancelled, EngineFault, UserError
from desktop.ui.widgets.buttons import link_button
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.pill import Tone

_LIMIT = 4
_KINDS = {
    Tone.GOOD: "notice-good",
    Tone.BAD: "notice-bad",
    Tone.WARNING: "notice-warning",
    Tone.ACCENT: "notice-info",
    Tone.NEUTRAL: "notice-info",
}


class Notice(Value, frozen=True, kw_only=True):
    """What to tell: a bold beginning, the rest, and perhaps one action (Undo, Open, Compare).

    `details` can be long; it is shown and copied on request. A notice with the `key` of an older
    one takes its place. `seconds` of 0 stays until it is closed.
    """

    title: str
    text: str = ""
    tone: Tone = Tone.ACCENT
    action_text: str = ""
    action: Callable[[], object] | None = None
    details: str = ""
    key: str = ""
    seconds: int = 0


def notice_for_failure(failure: Exception, *, bug_title: str) -> Notice | None:
    """Return what to tell about a failure; nothing if the user cancelled."""
    if isinstance(failure, Cancelled):
        return None
    if isinstance(failure, UserError):
        return Notice(
            title=failure.message, text=failure.remedy, tone=Tone.BAD, details=failure.details
        )
    if isinstance(failure, EngineFault):
        return Notice(title=failure.message, tone=Tone.BAD, details=failure.details)
    trace = "".join(_format_trace(failure))
    return Notice(title=bug_title, text=str(failure), tone=Tone.BAD, details=trace)


def _format_trace(failure: Exception) -> list[str]:
    import traceback  # noqa: PLC0415 -- only bugs need it

    return traceback.format_exception(failure)


class NoticeBar(QFrame):
    """One notice, as a bar in its tone."""

    def __init__(self, notice: Notice, on_close: Callable[["NoticeBar"], None]) -> None:
        """Make the bar; `on_close` takes it away."""
        super().__init__()
        self.notice = notice
        self._on_close = on_close
        self.setProperty("kind", _KINDS[notice.tone])
        self.setAccessibleName(f"{notice.title} {notice.text}".strip())
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 8, 10, 8)
        row = QHBoxLayout()
        row.setSpacing(8)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(Label(notice.title, "strong", wrap=True).make_selectable())
        if notice.text:
            words.addWidget(Label(notice.text, wrap=True).make_selectable())
        row.addLayout(words, 1)
        self._add_buttons(row)
        outer.addLayout(row)
        self._details = Label(notice.details, wrap=True).make_selectable()
        self._details.hide()
        outer.addWidget(self._details)

    def _add_buttons(self, row: QHBoxLayout) -> None:
        notice = self.notice
        if notice.details:
            row.addWidget(link_button(self.tr("Details"), self._toggle_details))
            row.addWidget(link_button(self.tr("Copy"), self._copy))
        if notice.action is not None:
            row.addWidget(link_button(notice.action_text, self._act))
        close = link_button("✕", self.close_notice)
        close.setAccessibleName(self.tr("Close notice"))
        close.setToolTip(self.tr("Close notice"))
        row.addWidget(close)

    def _toggle_details(self) -> None:
        self._details.setVisible(self._details.isHidden())

    def _copy(self) -> None:
        notice = self.notice
        parts = (notice.title, notice.text, notice.details)
        QGuiApplication.clipboard().setText("\n".join(part for part in parts if part))

    def _act(self) -> None:
        action = self.notice.action
        self.close_notice()
        if action is not None:
            action()

    def close_notice(self) -> None:
        """Take the bar away."""
        self._on_close(self)


class NoticeArea(QWidget):
    """Where notices stand, the newest first, at most four."""

    def __init__(self, *, parent: QWidget | None = None) -> None:
        """Make an empty area, which takes no room."""
        super().__init__(parent)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self._bars: list[NoticeBar] = []
        self.hide()

    def show_notice(self, notice: Notice) -> None:
        """Show a notice on top; the oldest gives way, and so does one of the same key."""
        for bar in list(self._bars):
            same = bar.notice == notice or (notice.key and bar.notice.key == notice.key)
            if same:
                self._remove(bar)
        while len(self._bars) >= _LIMIT:
            self._remove(self._bars[-1])
        bar = NoticeBar(notice, self._remove)
        self._bars.insert(0, bar)
        self._layout.insertWidget(0, bar)
        self.show()
        QAccessible.updateAccessibility(QAccessibleEvent(bar, QAccessible.Event.Alert))
        if notice.seconds:
            QTimer.singleShot(notice.seconds * 1000, bar, bar.close_notice)

    def clear_key(self, key: str) -> None:
        """Take the notice of `key` away, if it stands."""
        for bar in list(self._bars):
            if bar.notice.key == key:
                self._remove(bar)

    def clear(self) -> None:
        """Take all notices away."""
        for bar in list(self._bars):
            self._remove(bar)

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What stands there, the newest first."""
        return tuple(bar.notice for bar in self._bars)

    def _remove(self, bar: NoticeBar) -> None:
        if bar not in self._bars:
            return
        self._bars.remove(bar)
        self._layout.removeWidget(bar)
        bar.hide()
        bar.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        bar.deleteLater()
        self.setVisible(bool(self._bars))
