"""What each model of the list needs of memory, found out off this thread, some at a time."""

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal

from desktop.domain.language_model import LanguageModel
from desktop.domain.settings import RunSettings
from desktop.errors import EngineFault, UserError
from desktop.ui.screen import Context
from desktop.worker.operations import MemoryFit, Operations

_AT_ONCE = 16

Fits = list[tuple[LanguageModel, MemoryFit | None]]


class NeedFinder(QObject):
    """Asks for the need of every model once for each state of its files.

    `found` carries pairs of models and `MemoryFit`s (`None` where nobody knows). Other work comes
    between the portions.
    """

    found = Signal(object)

    def __init__(self, context: Context, parent: QObject) -> None:
        """Ask through `context`, with the settings of runs in force."""
        super().__init__(parent)
        self._context = context
        self._settings = context.options.run
        self._known: set[tuple[str, int]] = set()
        self._waiting: list[LanguageModel] = []
        self._is_asking = False

    def want(self, models: Iterable[LanguageModel]) -> None:
        """Find out the needs of those not known yet."""
        settings = self._context.options.run
        if settings != self._settings:
            self._settings = settings
            self._known.clear()
        taken = {model.id for model in self._waiting}
        self._waiting += [
            model
            for model in models
            if model.id not in taken and (model.id, model.modified_ns) not in self._known
        ]
        if not self._is_asking:
            self._ask()

    def _ask(self) -> None:
        portion, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
        self._is_asking = bool(portion)
        if not portion:
            return
        operations, settings = self._context.operations, self._settings
        self._known |= {(model.id, model.modified_ns) for model in portion}
        self._context.background.run(
            lambda: [(model, _check(operations, model, settings)) for model in portion],
            self._take,
            lambda _: self._ask(),
        )

    def _take(self, fits: Fits) -> None:
        self.found.emit(fits)
        self._ask()


def _check(operations: Operations, model: LanguageModel, settings: RunSettings) -> MemoryFit | None:
    """Return the need, nothing for a file that is gone or odd: its own line says so."""
    try:
        return operations.check_memory(model, settings)
    except (UserError, EngineFault):
        return None
