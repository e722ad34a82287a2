"""Notices of the Models screen: what changed on the disk, what was removed or noted, with Undo."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject

from desktop.domain.language_model import LanguageModel, ModelAnnotation
from desktop.ui.models.entries import name_model
from desktop.ui.models.library import Library
from desktop.ui.screen import Context
from desktop.ui.widgets.notices import Notice
from desktop.ui.widgets.pill import Tone
from desktop.worker.collection import LibraryChange

_SECONDS = 10


class Teller(QObject):
    """Does what changes the library, and tells it so that it can be taken back."""

    def __init__(self, context: Context, library: Library) -> None:
        """Tell in the window of `context`."""
        super().__init__(library)
        self._context = context
        self._library = library
        self._known_gone: set[str] = set()
        library.refreshed.connect(self._tell_change)
        library.differing.connect(self._tell_differing)

    def _tell_change(self, change: LibraryChange) -> None:
        """Tell what became of known files; what is new is seen in the list."""
        gone = set(change.gone)
        new_gone = gone - self._known_gone
        self._known_gone = gone
        counts = (
            (len(change.moved), self.tr("1 file was moved."), self.tr("{0} files were moved.")),
            (len(change.changed), self.tr("1 file has changed."), self.tr("{0} files changed.")),
            (len(new_gone), self.tr("1 file is gone."), self.tr("{0} files are gone.")),
        )
        words = [one if n == 1 else many.format(n) for n, one, many in counts if n]
        if words:
            self._context.show_notice(
                Notice(
                    title=" ".join(words),
                    text=self.tr("The column State says which."),
                    key="models-changed",
                    seconds=_SECONDS,
                )
            )

    def _tell_differing(self, model: LanguageModel) -> None:
        self._context.show_notice(
            Notice(
                title=self.tr("{0} is not the file that its publisher made.").format(
                    name_model(model)
                ),
                text=self.tr("It was damaged or exchanged. Get it again before you rely on it."),
                details=model.hash_check.message if model.hash_check else "",
                tone=Tone.BAD,
                key="models-differ-" + model.id,
            )
        )

    def annotate(self, model_id: str, annotation: ModelAnnotation) -> None:
        """Keep tags and note, and offer to take that back."""
        before = self._library.shelf.annotations.get(model_id, ModelAnnotation())
        model = self._library.shelf.models.get(model_id)
        operations = self._context.operations

        def tell(_: object) -> None:
            self._library.annotate(model_id, annotation)
            self._context.show_notice(
                Notice(
                    title=self.tr("Tags and note of {0} were kept.").format(
                        name_model(model) if model else model_id
                    ),
                    action_text=self.tr("Undo"),
                    action=lambda: self._restore_annotation(model_id, before),
                    key="models-noted",
                    seconds=_SECONDS,
                )
            )

        self._context.runner.run(
            lambda: operations.annotate_models({model_id: annotation}),
            tell,
            self._context.show_failure,
        )

    def _restore_annotation(self, model_id: str, before: ModelAnnotation) -> None:
        operations = self._context.operations
        self._context.runner.run(
            lambda: operations.annotate_models({model_id: before}),
            lambda _: self._library.annotate(model_id, before),
            self._context.show_failure,
        )

    def remove(
        self, models: Sequence[LanguageModel], want_back: Callable[[tuple[str, ...]], None]
    ) -> None:
        """Take models out of the library; `want_back` hears of those that come back by Undo."""
        ids = tuple(model.id for model in models)
        operations = self._context.operations
        title = (
            self.tr("{0} was removed from the library.").format(name_model(models[0]))
            if len(models) == 1
            else self.tr("{0} models were removed from the library.").format(len(models))
        )

        def restore() -> None:
            def tell_back(_: object) -> None:
                want_back(ids)
                self._context.models_changed.emit()

            self._context.runner.run(
                lambda: operations.restore_models(ids), tell_back, self._context.show_failure
            )

        def tell(_: object) -> None:
            for each in ids:
                self._library.feed.cancel(each)
            self._context.models_changed.emit()
            self._context.show_notice(
                Notice(
                    title=title,
                    text=self.tr("Files and runs stay."),
                    action_text=self.tr("Undo"),
                    action=restore,
                    key="models-removed-" + ids[0],
                )
            )

        self._context.runner.run(
            lambda: operations.remove_models(ids), tell, self._context.show_failure
        )
