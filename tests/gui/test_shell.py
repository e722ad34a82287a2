from desktop.ui.window import MainWindow


def test_a_window_opens_on_evaluate(window: MainWindow) -> None:
    assert window.context is not None
