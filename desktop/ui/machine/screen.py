"""The Machine screen."""

from desktop.ui.screen import Context, Screen


class MachineScreen(Screen):
    """The Machine screen."""

    def __init__(self, context: Context) -> None:
        """Make the screen."""
        super().__init__(context, "Machine")
