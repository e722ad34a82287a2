"""The History screen."""

from desktop.ui.screen import Context, Screen


class HistoryScreen(Screen):
    """The History screen."""

    def __init__(self, context: Context) -> None:
        """Make the screen."""
        super().__init__(context, "History")
