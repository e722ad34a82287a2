"""The Settings screen."""

from desktop.ui.screen import Context, Screen


class SettingsScreen(Screen):
    """The Settings screen."""

    def __init__(self, context: Context) -> None:
        """Make the screen."""
        super().__init__(context, "Settings")
