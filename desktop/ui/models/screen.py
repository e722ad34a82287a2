"""The Models screen."""

from desktop.ui.screen import Context, Screen


class ModelsScreen(Screen):
    """The Models screen."""

    def __init__(self, context: Context) -> None:
        """Make the screen."""
        super().__init__(context, "Models")
