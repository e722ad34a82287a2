"""Puts the panel's questions to the operations and shows the answers that still fit it."""

from PySide6.QtCore import QObject

from desktop.domain.hardware import Capacity, CatalogueMachine
from desktop.domain.language_model import HashCheck, LanguageModel
from desktop.errors import UserError
from desktop.ui.models.capacity import Question
from desktop.ui.models.details import ModelDetails
from desktop.ui.models.entries import Entry
from desktop.ui.models.library import Library
from desktop.ui.screen import Context
from desktop.worker.hashing import require_hash
from desktop.worker.operations import MemoryFit


class Answers(QObject):
    """Memory, capacity and comparisons of hashes for the model that the panel shows.

    An answer that comes when another model or question stands there is dropped.
    """

    def __init__(self, context: Context, details: ModelDetails, library: Library) -> None:
        """Answer what `details` asks."""
        super().__init__(details)
        self._context = context
        self._details = details
        self._library = library
        self._shown: tuple[object, ...] = ()
        self._question: tuple[str, Question] | None = None
        self._catalogue: tuple[CatalogueMachine, ...] = ()
        self._checks: dict[str, str] = {}
        details.capacity_wanted.connect(self._answer_capacity)
        details.integrity.check_wanted.connect(self._check)
        library.hashed.connect(self._check_what_waited)

    # Memory

    def forget(self) -> None:
        """Ask anew, since the settings of runs are others now."""
        self._shown = ()

    def show_fit(self, entry: Entry | None) -> None:
        """Tell what a run of this entry would need; asked once while it stays chosen."""
        model = entry.model if entry and entry.can_be_evaluated else None
        wanted = (model.id, model.modified_ns) if model else ()
        if wanted == self._shown:
            return
        self._shown = wanted
        if model is None:
            return
        self._details.begin_fit()
        settings = self._context.options.run
        operations = self._context.operations

        def take(fit: MemoryFit) -> None:
            if self._shown == wanted:
                self._details.show_fit(fit)

        def give_up(failure: Exception) -> None:
            if self._shown == wanted:
                self._details.show_no_fit(failure)

        self._context.runner.run(lambda: operations.check_memory(model, settings), take, give_up)

    # Capacity

    def offer_machines(self) -> None:
        """Offer this machine, with what is free now, and the catalogue."""
        operations = self._context.operations
        known = self._catalogue

        def load() -> tuple[CatalogueMachine, tuple[CatalogueMachine, ...]]:
            return operations.find_this_machine(), known or operations.list_machines()

        self._context.runner.run(load, self._take_machines, self._take_no_catalogue)

    def _take_machines(
        self, machines: tuple[CatalogueMachine, tuple[CatalogueMachine, ...]]
    ) -> None:
        here, self._catalogue = machines
        self._details.capacity.offer_machines(here, self._catalogue)
        self._details.capacity.ask_anew()

    def _take_no_catalogue(self, failure: Exception) -> None:
        """Do without the catalogue; a mistake in the user's own is told once a visit."""
        self._context.show_failure(failure)
        self._context.runner.run(
            self._context.operations.find_this_machine, lambda here: self._take_machines((here, ()))
        )

    def _answer_capacity(self, model: LanguageModel, question: Question) -> None:
        asked = self._question = (model.id, question)
        operations = self._context.operations

        def work_out() -> Capacity:
            return operations.check_capacity(
                model,
                question.machine,
                question.context_tokens,
                question.users,
                question.options,
            )

        def take(capacity: Capacity) -> None:
            if self._question is asked:
                self._details.capacity.show_capacity(capacity)

        def give_up(failure: Exception) -> None:
            if self._question is asked:
                self._details.capacity.show_failure(failure)

        self._context.runner.run(work_out, take, give_up)

    # Hashes

    def _check(self, text: str) -> None:
        """Compare with what was typed, once there is a hash to compare."""
        model = self._details.model
        if model is None:
            return
        try:
            require_hash(text)
        except UserError as failure:
            self._details.integrity.show_failure(failure)
            return
        if model.sha256 is None and self._library.feed.is_there:
            self._checks[model.id] = text
            self._library.feed.submit([model], first=True)
        else:
            self._compare(model, text)

    def _check_what_waited(self, model_id: str) -> None:
        text = self._checks.pop(model_id, "")
        model = self._library.shelf.models.get(model_id)
        if text and model is not None:
            self._compare(model, text)

    def _compare(self, model: LanguageModel, text: str) -> None:
        operations = self._context.operations

        def take(check: HashCheck) -> None:
            del check  # it is stored with the model, and shown from there
            self._library.reload()

        def give_up(failure: Exception) -> None:
            shown = self._details.model
            if shown is not None and shown.id == model.id:
                self._details.integrity.show_failure(failure)
            else:
                self._context.show_failure(failure)

        self._context.background.run(lambda: operations.check_hash(model, text), take, give_up)
