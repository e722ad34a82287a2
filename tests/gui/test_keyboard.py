import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QPushButton, QRadioButton, QWidget

from desktop.ui.evaluate.screen import EvaluateScreen
from desktop.ui.screen import ScreenId
from desktop.ui.window import MainWindow
from desktop.worker.qt import QtEvents
from tests.gui.fakes import FakeOperations, FakeQueue
from tests.gui.scenes import end_all, play_half


def focused(window: MainWindow) -> QWidget | None:
    return window.focusWidget()


@pytest.mark.parametrize(
    ("screen", "kind"),
    [
        (ScreenId.MODELS, QAbstractItemView),
        (ScreenId.EVALUATE, QPushButton),
        (ScreenId.COMPARE, QAbstractItemView),
        (ScreenId.HISTORY, QAbstractItemView),
        (ScreenId.MACHINE, QPushButton),
        (ScreenId.SUITES, QAbstractItemView),
        (ScreenId.SETTINGS, QRadioButton),
        (ScreenId.ABOUT, QAbstractItemView),
    ],
)
def test_a_screen_opens_with_the_keyboard_on_what_is_used_first(
    window: MainWindow, screen: ScreenId, kind: type[QWidget]
) -> None:
    assert window.context is not None
    window.open_screen(ScreenId.MACHINE if screen is not ScreenId.MACHINE else ScreenId.ABOUT)
    window.context.open_screen(screen)
    found = focused(window)
    assert isinstance(found, kind)
    assert found.isVisible()
    opened = window.open_screen(screen)
    assert opened is not None
    assert opened.isAncestorOf(found)


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Space])
def test_the_sample_models_are_compared_by_one_key(
    window: MainWindow, operations: FakeOperations, queue: FakeQueue, key: Qt.Key
) -> None:
    assert window.context is not None
    operations.models.clear()
    operations.summaries.clear()
    window.context.runs_changed.emit()
    window.context.models_changed.emit()
    window.context.open_screen(ScreenId.EVALUATE)
    button = focused(window)
    assert isinstance(button, QPushButton)
    assert button.text() == "Compare the two sample models"
    QTest.keyClick(button, key)
    assert len(queue.plans) == 1


def test_the_keyboard_follows_an_evaluation_to_its_comparison(
    window: MainWindow, queue: FakeQueue, events: QtEvents
) -> None:
    assert window.context is not None
    window.context.open_screen(ScreenId.EVALUATE)
    screen = window.open_screen(ScreenId.EVALUATE)
    assert isinstance(screen, EvaluateScreen)
    screen._starting = True
    runs = play_half(queue)
    events.flush()
    assert focused(window) is screen.pause
    end_all(queue, runs)
    events.flush()
    assert focused(window) is screen.compare


def test_an_empty_compare_screen_offers_its_way_out_to_the_keyboard(
    window: MainWindow, operations: FakeOperations
) -> None:
    assert window.context is not None
    operations.summaries.clear()
    window.context.open_screen(ScreenId.COMPARE)
    button = focused(window)
    assert isinstance(button, QPushButton)
    QTest.keyClick(button, Qt.Key.Key_Return)
    assert window.rail.chosen is ScreenId.EVALUATE
