"""The Compare screen."""

from desktop.ui.screen import Context, Screen


class CompareScreen(Screen):
    """The Compare screen."""

    def __init__(self, context: Context) -> None:
        """Make the screen."""
        super().__init__(context, "Compare")

    def show_runs(self, run_ids: tuple[str, ...]) -> None:
        """Follow."""
