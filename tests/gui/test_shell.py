import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.errors import Cancelled, EnvironmentFault, UserError
from desktop.settings.options import Appearance, Options
from desktop.ui.screen import ScreenId
from desktop.ui.theme import DARK, LIGHT, Tokens, theme, tokens
from desktop.ui.widgets.notices import Notice
from desktop.ui.window import MainWindow, prepare_application
from desktop.worker.qt import QtEvents
from desktop.worker.running import InlineRunner
from tests.gui.fakes import FakeOperations, FakeQueue
from tests.gui.scenes import play_half


def press(window: MainWindow, keys: str) -> None:
    wanted = QKeySequence(keys)
    shortcut = next(s for s in window.findChildren(QShortcut) if s.key() == wanted)
    shortcut.activated.emit()


def test_the_window_paints_before_there_is_a_backend(qtbot: QtBot) -> None:
    prepare_application(Options())
    window = MainWindow(Options())
    qtbot.addWidget(window)
    with qtbot.waitSignal(window.painted, timeout=5000):
        window.show()
    assert window.context is None
    assert window.rail.isVisible()


def test_every_screen_opens_by_its_key(window: MainWindow) -> None:
    for keys, screen in (
        ("Ctrl+1", ScreenId.MODELS),
        ("Ctrl+3", ScreenId.COMPARE),
        ("Ctrl+4", ScreenId.HISTORY),
        ("Ctrl+5", ScreenId.MACHINE),
        ("Ctrl+6", ScreenId.SUITES),
        ("Ctrl+,", ScreenId.SETTINGS),
        ("Ctrl+2", ScreenId.EVALUATE),
    ):
        press(window, keys)
        assert window.rail.chosen is screen


def test_f1_lists_keys_and_takes_the_list_away_again(window: MainWindow) -> None:
    window.open_screen(ScreenId.COMPARE)
    press(window, "F1")
    assert "next disagreement" in window.notices.notices[0].text
    press(window, "F1")
    assert not window.notices.notices


def test_colours_follow_the_option_at_once(window: MainWindow) -> None:
    assert window.context is not None
    assert tokens() == LIGHT
    window.context.change_options(
        lambda now: msgspec.structs.replace(now, appearance=Appearance.DARK)
    )
    assert tokens() == DARK
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    assert DARK.panel in application.styleSheet()
    theme.apply(Appearance.LIGHT)
    assert LIGHT.panel in application.styleSheet()


def contrast(first: str, second: str) -> float:
    def luminance(name: str) -> float:
        colour = QColor(name)
        parts = [
            c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
            for c in (colour.redF(), colour.greenF(), colour.blueF())
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_text_can_be_read_on_its_ground(look: Tokens) -> None:
    pairs = [
        (text, ground) for text in (look.text, look.dim) for ground in (look.panel, look.ground)
    ]
    pairs += [
        (look.faint, look.panel),
        (look.accent, look.accent_ground),
        (look.on_accent, look.accent),
        (look.good, look.good_ground),
        (look.bad, look.bad_ground),
        (look.warning, look.warning_ground),
    ]
    for text, ground in pairs:
        assert contrast(text, ground) >= 4.5, (text, ground)


def test_a_failure_is_told_with_remedy_and_details_and_cancellation_is_not(
    window: MainWindow,
) -> None:
    window.show_failure(Cancelled())
    assert not window.notices.notices
    window.show_failure(UserError("The file is gone.", remedy="Add it again.", details="/x.gguf"))
    notice = window.notices.notices[0]
    assert (notice.title, notice.text, notice.details) == (
        "The file is gone.",
        "Add it again.",
        "/x.gguf",
    )


def test_a_bug_brings_its_traceback_to_copy(window: MainWindow) -> None:
    window.show_failure(ZeroDivisionError("oops"))
    assert "ZeroDivisionError" in window.notices.notices[0].details


def test_a_notice_of_the_same_key_takes_the_place_of_the_older(window: MainWindow) -> None:
    undone: list[str] = []
    for name in ("first", "second"):
        window.notices.show_notice(
            Notice(title=name, key="same", action_text="Undo", action=lambda: undone.append("x"))
        )
    assert [n.title for n in window.notices.notices] == ["second"]


def test_a_read_only_database_is_told_and_nothing_can_be_begun(
    qtbot: QtBot, operations: FakeOperations, queue: FakeQueue, events: QtEvents
) -> None:
    operations.read_only_reason = "Another copy of Touchstone is writing."
    prepare_application(Options())
    window = MainWindow(Options())
    qtbot.addWidget(window)
    window.show()
    window.connect_backend(operations, queue, InlineRunner(), events)
    assert window.notices.notices[0].text == operations.read_only_reason
    screen = window.open_screen(ScreenId.EVALUATE)
    assert screen is not None
    assert not screen.start.isEnabled()  # type: ignore[attr-defined]  # it is an EvaluateScreen
    window.close()


def test_the_window_comes_back_as_it_was_left(
    qtbot: QtBot, operations: FakeOperations, queue: FakeQueue, events: QtEvents
) -> None:
    prepare_application(Options())
    first = MainWindow(Options())
    qtbot.addWidget(first)
    first.show()
    first.connect_backend(operations, queue, InlineRunner(), events)
    first.resize(760, 600)
    first.open_screen(ScreenId.HISTORY)
    first.close()
    second = MainWindow(operations.options)
    qtbot.addWidget(second)
    assert second.size() == first.size()
    assert second.rail.chosen is ScreenId.HISTORY


def test_the_rail_tells_how_far_the_evaluation_is(
    window: MainWindow, queue: FakeQueue, events: QtEvents
) -> None:
    assert window.rail.status.isHidden()
    play_half(queue)
    events.flush()
    assert not window.rail.status.isHidden()
    assert "51%" in window.rail.status.accessibleName()
    window.open_screen(ScreenId.MACHINE)
    window.rail.status.click()
    assert window.rail.chosen is ScreenId.EVALUATE


def test_options_that_cannot_be_kept_are_told(
    window: MainWindow, operations: FakeOperations
) -> None:
    operations.fail["save_options"] = EnvironmentFault("The disk is full.")
    assert window.context is not None
    window.context.change_options(lambda now: msgspec.structs.replace(now, keep_awake=False))
    assert window.notices.notices[0].title == "The disk is full."


def test_the_promise_is_on_every_screen(window: MainWindow) -> None:
    for screen in ScreenId:
        window.open_screen(screen)
        assert window.rail.promise.isVisible()


def test_right_to_left_mirrors_the_rail(qtbot: QtBot) -> None:
    prepare_application(Options())
    window = MainWindow(Options())
    qtbot.addWidget(window)
    window.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    window.resize(1000, 700)
    window.show()
    qtbot.waitExposed(window)
    assert window.rail.x() > window.width() // 2
