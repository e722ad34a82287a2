"""Keeps what the Models screen shows true: the stored library, the disk, needs and hashes."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.domain.language_model import HashVerdict, LanguageModel, ModelAnnotation
from desktop.errors import Cancelled
from desktop.ui.models.entries import Entry, Find, Shelf, can_be_evaluated
from desktop.ui.models.hashing_feed import HashingFeed
from desktop.ui.models.needs import Fits, NeedFinder
from desktop.ui.models.refreshing import Refresher
from desktop.ui.screen import Context
from desktop.worker.collection import LibraryChange
from desktop.worker.demonstration import is_pretended
from desktop.worker.hashing import HashingFinished

_SOON_MILLISECONDS = 200
_UNITE_MILLISECONDS = 1500

_Stored = tuple[tuple[LanguageModel, ...], dict[str, ModelAnnotation]]


class Library(QObject):
    """Gathers what is known from all sides and tells when it is worth showing.

    `changed` comes some times a second at most while things stream in. `refreshed` carries what
    a look at the disk has changed, `differing` a model that is not what its publisher made.
    """

    changed = Signal()
    loaded = Signal()
    refreshed = Signal(object)
    failed = Signal(Exception)
    hashed = Signal(str)
    differing = Signal(object)

    def __init__(self, context: Context, parent: QObject) -> None:
        """Prepare; nothing is loaded before `reload` and `look`."""
        super().__init__(parent)
        self._context = context
        self.shelf = Shelf()
        self.feed = HashingFeed(context.hashing, self)
        self.refresher = Refresher(context, self)
        self._needs = NeedFinder(context, self)
        self._soon = self._make_timer(_SOON_MILLISECONDS, self.changed.emit)
        self._unite = self._make_timer(_UNITE_MILLISECONDS, self.reload)
        self._telling = False
        self._folders = context.options.model_folders
        self._hashes = context.options.hash_models
        self._needs.found.connect(self._take_needs)
        self.refresher.found.connect(self._take_finds)
        self.refresher.ended.connect(self._take_change)
        self.refresher.failed.connect(self._take_failure)
        self.feed.finished.connect(self._take_hash)

    def _make_timer(self, milliseconds: int, slot: object) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        timer.timeout.connect(slot)
        return timer

    @property
    def is_telling(self) -> bool:
        """Whether it is this library itself that tells others of changes just now."""
        return self._telling

    def list_entries(self) -> list[Entry]:
        """Return a line for everything there is."""
        return self.shelf.list_entries()

    def reload(self) -> None:
        """Load what is stored; the disk is not looked at."""
        operations = self._context.operations

        def load() -> _Stored:
            return operations.list_models(), operations.list_annotations()

        self._context.runner.run(load, self._take_stored, self.failed.emit)

    def find_needs(self) -> None:
        """Find out what models need that nobody has asked for yet, or with other settings."""
        self._needs.want(model for model in self.shelf.models.values() if can_be_evaluated(model))

    def _take_stored(self, stored: _Stored) -> None:
        models, self.shelf.annotations = stored
        self.shelf.take_models(models)
        self.changed.emit()
        self.loaded.emit()
        if self.shelf.is_complete:
            self._follow_up()

    def _take_finds(self, finds: Sequence[Find]) -> None:
        self.shelf.take_finds(finds)
        self.changed.emit()

    def _take_change(self, change: LibraryChange) -> None:
        self.shelf.take_change(change)
        self.feed.forget(change.changed)
        self.changed.emit()
        self.refreshed.emit(change)
        if change.added or change.changed or change.moved:
            self.tell_others()
        self._follow_up()

    def tell_others(self) -> None:
        """Tell the other screens that the library has changed; this one knows."""
        self._telling = True
        self._context.models_changed.emit()
        self._telling = False

    def _take_failure(self, failure: Exception) -> None:
        self.shelf.is_complete = True
        self.changed.emit()
        if not isinstance(failure, Cancelled):
            self.failed.emit(failure)

    def _follow_up(self) -> None:
        """Have what is new weighed and hashed."""
        self.find_needs()
        if self._context.options.hash_models and not self._context.read_only:
            self.feed.submit([m for m in self.shelf.list_unhashed() if not is_pretended(m)])

    def follow_options(self) -> None:
        """Do what the options say now: other folders, other settings of runs, hashing or not."""
        options = self._context.options
        if options.model_folders != self._folders:
            self._folders = options.model_folders
            self.refresher.look_next_time()
        if not options.hash_models and self._hashes:
            self.feed.cancel()
        elif options.hash_models and not self._hashes:
            self.feed.resume()
        self._hashes = options.hash_models
        if self.shelf.is_complete:
            self._follow_up()

    def _take_needs(self, fits: Fits) -> None:
        for model, fit in fits:
            self.shelf.needs[model.id] = fit.need.total_bytes if fit else None
            if fit is not None:
                self.shelf.available_bytes = fit.available_bytes
        self._tell_soon()

    def _take_hash(self, event: HashingFinished) -> None:
        known = self.shelf.models.get(event.model_id)
        if known is not None:
            renewed = self.feed.renew(known, event)
            self.shelf.models[known.id] = renewed
            check = renewed.hash_check
            if check is not None and check.verdict is HashVerdict.DIFFERS:
                self.differing.emit(renewed)
        self.hashed.emit(event.model_id)
        self._tell_soon()
        if not self._unite.isActive():
            self._unite.start()  # by their hashes, entries may prove to be copies

    def _tell_soon(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def annotate(self, model_id: str, annotation: ModelAnnotation) -> None:
        """Show what people say of a model; it has been stored."""
        self.shelf.annotations[model_id] = annotation
        self.changed.emit()
