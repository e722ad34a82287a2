"""The list of screens: what the rail calls them, and how each is built when first shown.

Every builder imports its screen itself, so that the first paint waits for none of them.
"""

from collections.abc import Callable

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from desktop.domain.base import Value
from desktop.ui.screen import Context, Screen, ScreenId


def _build_models(context: Context) -> Screen:
    from desktop.ui.models.screen import ModelsScreen  # noqa: PLC0415 -- built when first shown

    return ModelsScreen(context)


def _build_evaluate(context: Context) -> Screen:
    from desktop.ui.evaluate.screen import EvaluateScreen  # noqa: PLC0415 -- as above

    return EvaluateScreen(context)


def _build_compare(context: Context) -> Screen:
    from desktop.ui.compare.screen import CompareScreen  # noqa: PLC0415 -- as above

    return CompareScreen(context)


def _build_history(context: Context) -> Screen:
    from desktop.ui.history.screen import HistoryScreen  # noqa: PLC0415 -- as above

    return HistoryScreen(context)


def _build_machine(context: Context) -> Screen:
    from desktop.ui.machine.screen import MachineScreen  # noqa: PLC0415 -- as above

    return MachineScreen(context)


def _build_suites(context: Context) -> Screen:
    from desktop.ui.suites.screen import SuitesScreen  # noqa: PLC0415 -- as above

    return SuitesScreen(context)


def _build_settings(context: Context) -> Screen:
    from desktop.ui.settings.screen import SettingsScreen  # noqa: PLC0415 -- as above

    return SettingsScreen(context)


def _build_about(context: Context) -> Screen:
    from desktop.ui.settings.about import AboutScreen  # noqa: PLC0415 -- as above

    return AboutScreen(context)


class ScreenEntry(Value, frozen=True, kw_only=True):
    """One entry of the rail. `shortcut` is in Qt's portable notation."""

    id: ScreenId
    source_text: str
    shortcut: str
    build: Callable[[Context], Screen]
    at_bottom: bool = False

    @property
    def text(self) -> str:
        """The name in the user's language."""
        return QCoreApplication.translate("screens", self.source_text)


def _name(text: str) -> str:
    return str(QT_TRANSLATE_NOOP("screens", text))


SCREENS = (
    ScreenEntry(id=ScreenId.MODELS, source_text="Models", shortcut="Ctrl+1", build=_build_models),
    ScreenEntry(
        id=ScreenId.EVALUATE, source_text="Evaluate", shortcut="Ctrl+2", build=_build_evaluate
    ),
    ScreenEntry(
        id=ScreenId.COMPARE, source_text="Compare", shortcut="Ctrl+3", build=_build_compare
    ),
    ScreenEntry(
        id=ScreenId.HISTORY, source_text="History", shortcut="Ctrl+4", build=_build_history
    ),
    ScreenEntry(
        id=ScreenId.MACHINE, source_text="Machine", shortcut="Ctrl+5", build=_build_machine
    ),
    ScreenEntry(id=ScreenId.SUITES, source_text="Suites", shortcut="Ctrl+6", build=_build_suites),
    ScreenEntry(
        id=ScreenId.SETTINGS,
        source_text="Settings",
        shortcut="Ctrl+,",
        build=_build_settings,
        at_bottom=True,
    ),
    ScreenEntry(
        id=ScreenId.ABOUT, source_text="About", shortcut="", build=_build_about, at_bottom=True
    ),
)
