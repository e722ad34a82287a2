"""About Touchstone: versions and licences."""

from desktop.ui.screen import Context, Screen


class AboutScreen(Screen):
    """About Touchstone: versions and licences."""

    def __init__(self, context: Context) -> None:
        """Make the screen."""
        super().__init__(context, "About")
