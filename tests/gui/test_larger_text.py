"""Longer words and larger letters: nothing may be cut off where a person reads."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QRect, QTranslator
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QAbstractButton, QApplication, QCheckBox, QComboBox, QLabel

from desktop.settings.options import Appearance, Options
from desktop.ui import theme as theme_module
from desktop.ui.evaluate.screen import EvaluateScreen
from desktop.ui.screen import ScreenId
from desktop.ui.stylesheet import build_style_sheet
from desktop.ui.theme import LIGHT, choose_text_scale, theme
from desktop.ui.widgets.labels import ElidedLabel
from desktop.ui.window import MainWindow, prepare_application
from desktop.worker.qt import QtEvents
from desktop.worker.running import InlineRunner
from tests.gui.fakes import FakeOperations, FakeQueue
from tests.gui.scenes import disturb, play_half


class Padding(QTranslator):
    """Makes every text of the window 40 % longer, as German or Finnish do."""

    def isEmpty(self) -> bool:  # noqa: N802 -- Qt's name
        return False

    def translate(
        self, context: str, text: str, disambiguation: str | None = None, n: int = -1
    ) -> str:
        del context, disambiguation, n
        extra = max(1, round(len(text) * 0.4))
        words = ("ipsum dolor amet consectetur " * (extra // 29 + 1))[:extra]
        return f"{text} {words.strip()}" if len(text) > 12 else f"{text}{'m' * extra}"


@pytest.fixture
def padded(qapp: QApplication) -> Iterator[None]:
    translator = Padding()
    qapp.installTranslator(translator)
    yield
    qapp.removeTranslator(translator)


def find_cut(window: MainWindow) -> list[str]:
    """Return what is seen with less room than its text needs, or beyond the window's edge."""
    cut = []
    found: list[QLabel | QAbstractButton | QComboBox] = []
    for kind in (QLabel, QAbstractButton, QComboBox):
        found += window.findChildren(kind)
    for widget in found:
        if widget.isVisible() and _is_cut(widget):
            text = widget.currentText() if isinstance(widget, QComboBox) else widget.text()
            cut.append(f"{type(widget).__name__} {text!r} {widget.size()}")
    return cut


def _is_cut(widget: QLabel | QAbstractButton | QComboBox) -> bool:
    if isinstance(widget, ElidedLabel):
        return False  # it says so with an ellipsis, and the whole in its tool tip
    if isinstance(widget, QLabel):
        if not widget.text():
            return False
        if widget.wordWrap():
            return widget.height() < widget.heightForWidth(widget.width()) - 1
        return widget.width() < QFontMetrics(widget.font()).horizontalAdvance(widget.text())
    window = widget.window()
    place = QRect(widget.mapTo(window, widget.rect().topLeft()), widget.size())
    beyond = place.right() > window.width() or place.left() < 0
    if isinstance(widget, QAbstractButton) and not isinstance(widget, QCheckBox):
        wanted = QFontMetrics(widget.font()).horizontalAdvance(widget.text())
        return beyond or widget.width() < wanted
    return beyond


@pytest.mark.parametrize("size", [(1280, 820), (800, 600)])
@pytest.mark.parametrize("screen", [*ScreenId, "running", "form"])
def test_longer_languages_are_not_cut(
    padded: None, qapp: QApplication, screen: str, size: tuple[int, int]
) -> None:
    del padded
    options = Options(appearance=Appearance.LIGHT)
    prepare_application(options)
    queue = FakeQueue()
    events = QtEvents(queue)
    window = MainWindow(options)
    window.resize(*size)
    window.show()
    window.connect_backend(FakeOperations(), queue, InlineRunner(), events)
    if screen == "running":
        runs = play_half(queue)
        disturb(queue, runs[1])
        events.flush()
    opened = window.open_screen(
        ScreenId.EVALUATE if screen in ("running", "form") else ScreenId(screen)
    )
    if screen == "form" and isinstance(opened, EvaluateScreen):
        opened.setup.settings.toggle.click()
        opened.setup.settings.expert_part.button.click()
    for _ in range(4):
        qapp.processEvents()
    found = find_cut(window)
    wide = window.width()
    window.close()
    window.deleteLater()
    assert not found
    assert wide <= size[0]


@pytest.mark.parametrize(
    ("pixels", "platform", "scale"),
    [
        (12.0, "linux", 1.0),
        (14.67, "linux", 1.0),
        (30.0, "linux", 2.0),
        (12.0, "win32", 1.0),
        (18.0, "win32", 1.5),
        (9.0, "darwin", 1.0),
        (99.0, "linux", 3.0),
    ],
)
def test_text_grows_with_the_system_font_and_never_shrinks(
    pixels: float, platform: str, scale: float
) -> None:
    assert choose_text_scale(pixels, platform) == scale


def test_the_window_is_dressed_in_larger_letters(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(theme_module, "_find_system_pixels", lambda: 30.0)
    monkeypatch.setattr(theme_module, "choose_text_scale", lambda *_: 2.0)
    theme.apply(Appearance.DARK)
    theme.apply(Appearance.LIGHT)
    try:
        assert qapp.font().pixelSize() == 26
        assert "font-size: 42px" in build_style_sheet(LIGHT)
    finally:
        monkeypatch.undo()
        theme.apply(Appearance.DARK)
        theme.apply(Appearance.LIGHT)
    assert qapp.font().pixelSize() == 13
