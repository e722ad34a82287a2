"""The Evaluate screen."""

from desktop.ui.screen import Context, Screen


class EvaluateScreen(Screen):
    """The Evaluate screen."""

    def __init__(self, context: Context) -> None:
        """Make the screen."""
        super().__init__(context, "Evaluate")

    def choose_models(self, ids: tuple[str, ...]) -> None:
        """Follow."""
