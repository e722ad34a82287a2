"""Before a run the Evaluate screen says what it could show."""

from desktop.ui.evaluate.screen import EvaluateScreen
from desktop.ui.screen import ScreenId
from desktop.ui.window import MainWindow
from tests.gui.fakes import FakeOperations


def test_what_a_run_could_show_is_said_before_it_and_asked_once(
    window: MainWindow, operations: FakeOperations
) -> None:
    screen = window.open_screen(ScreenId.EVALUATE)
    assert isinstance(screen, EvaluateScreen)
    assert len(screen.setup.models.chosen) > 1
    assert screen.setup.suites.chosen
    assert "differences of 24 points or more will show" in screen.subtitle.text()
    asked = operations.calls.count("foresee")
    screen._describe_setup()
    assert operations.calls.count("foresee") == asked
