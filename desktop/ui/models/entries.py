"""What the list of models holds: models, files not read yet, and files that are of no use."""

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from typing import TypeAlias

from desktop.domain.base import Value
from desktop.domain.language_model import (
    FileProblem,
    FoundFile,
    HashVerdict,
    LanguageModel,
    ModelAnnotation,
    ModelKind,
)
from desktop.worker.collection import LibraryChange

Find: TypeAlias = FoundFile | LanguageModel | FileProblem
_NOTHING_SAID = ModelAnnotation()


class EntryState(IntEnum):
    """How it stands with a file; the worse, the larger, so that a sort puts them together."""

    READY = 0
    READING = 1
    MOVED = 2
    CHANGED = 3
    OTHER_HASH = 4
    UNUSABLE = 5
    GONE = 6


class Entry(Value, frozen=True, kw_only=True):
    """One line of the list. `model` is there once the file has been read, and if it can be.

    `key` stays the same from the first sight of a file on, unless it was read meanwhile: then it
    is the model's id. `need_bytes` is what a run with the settings in force needs of memory, and
    `fits` whether so much is free; `None` while nobody knows.
    """

    key: str
    path: str
    name: str
    file_bytes: int | None
    state: EntryState
    model: LanguageModel | None = None
    store: str = ""
    message: str = ""
    need_bytes: int | None = None
    fits: bool | None = None
    annotation: ModelAnnotation = _NOTHING_SAID

    @property
    def can_be_evaluated(self) -> bool:
        """Whether it writes text and its file is there."""
        return (
            self.model is not None
            and can_be_evaluated(self.model)
            and self.state not in {EntryState.GONE, EntryState.UNUSABLE}
        )


def name_model(model: LanguageModel) -> str:
    """Return the name in the header, or the file's where the header has none."""
    return model.facts.name or Path(model.path).stem


def can_be_evaluated(model: LanguageModel) -> bool:
    """Return whether it writes text; vocabularies, projectors and the like don't."""
    return model.facts.kind is ModelKind.LANGUAGE_MODEL


class Shelf:
    """Everything known of the library just now, gathered as it comes. No Qt, no waiting.

    What has changed or moved is told until the window is closed: who looks an hour later should
    still see it.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.models: dict[str, LanguageModel] = {}
        self.annotations: dict[str, ModelAnnotation] = {}
        self.needs: dict[str, int | None] = {}
        self.available_bytes = 0
        self.is_complete = False  # whether the disk has been looked at to the end
        self._places: set[str] = set()
        self._found: dict[str, FoundFile] = {}
        self._sizes: dict[str, int] = {}
        self._problems: dict[str, FileProblem] = {}
        self._changed: set[str] = set()
        self._moved: set[str] = set()
        self._gone: set[str] = set()

    def take_models(self, models: Iterable[LanguageModel]) -> None:
        """Take the library as it is stored."""
        self.models = {model.id: model for model in models}
        self._places = {
            path for model in self.models.values() for path in (*model.paths, *model.copies)
        }
        self._found = {p: f for p, f in self._found.items() if p not in self._places}
        self._gone &= self.models.keys()

    def take_finds(self, finds: Sequence[Find]) -> None:
        """Take what a search has found by now: names and sizes, then models and problems."""
        for find in finds:
            if isinstance(find, FoundFile):
                self._sizes[find.path] = find.file_bytes
                if find.path not in self._places and find.path not in self._problems:
                    self._found[find.path] = find
            elif isinstance(find, FileProblem):
                self._found.pop(find.path, None)
                self._problems[find.path] = find
            else:
                self._take_model(find)

    def _take_model(self, model: LanguageModel) -> None:
        for path in model.paths:
            self._found.pop(path, None)
            self._problems.pop(path, None)
        known = self.models.get(model.id)
        if known is not None:
            # What is told singly does not know of its copies.
            if not known.copies:
                self.models[model.id] = model
        elif model.path not in self._places:
            self.models[model.id] = model
            self._places.update(model.paths)

    def take_change(self, change: LibraryChange) -> None:
        """Take what a search came to."""
        self._found = {}
        self._problems = {problem.path: problem for problem in change.problems}
        self._gone = set(change.gone)
        self._changed |= set(change.changed)
        self._moved |= set(change.moved)
        self.is_complete = True
        self.take_models(change.models)

    def list_unhashed(self) -> list[LanguageModel]:
        """Return the models without a hash whose files are there, the smallest first."""
        wanted = [
            model
            for model in self.models.values()
            if not model.sha256 and model.id not in self._gone and model.path not in self._problems
        ]
        return sorted(wanted, key=lambda model: model.facts.file_bytes)

    def list_entries(self) -> list[Entry]:
        """Return a line for everything there is."""
        entries = [self._describe(model) for model in self.models.values()]
        entries += [
            Entry(
                key=found.path,
                path=found.path,
                name=found.name,
                file_bytes=found.file_bytes,
                state=EntryState.READING,
                store=found.store,
            )
            for found in self._found.values()
        ]
        entries += [
            Entry(
                key=problem.path,
                path=problem.path,
                name=Path(problem.path).name or problem.path,
                file_bytes=self._sizes.get(problem.path),
                state=EntryState.UNUSABLE,
                message=problem.message,
            )
            for problem in self._problems.values()
            if problem.path not in self._places
        ]
        return entries

    def _describe(self, model: LanguageModel) -> Entry:
        need = self.needs.get(model.id)
        problem = self._problems.get(model.path)
        return Entry(
            key=model.id,
            path=model.path,
            name=name_model(model),
            file_bytes=model.facts.file_bytes,
            state=self._tell_state(model),
            model=model,
            store=model.store,
            message=problem.message if problem else "",
            need_bytes=need,
            fits=None if need is None else need <= self.available_bytes,
            annotation=self.annotations.get(model.id, _NOTHING_SAID),
        )

    def _tell_state(self, model: LanguageModel) -> EntryState:
        check = model.hash_check
        if model.id in self._gone:
            return EntryState.GONE
        if model.path in self._problems:
            return EntryState.UNUSABLE
        if check is not None and check.verdict is HashVerdict.DIFFERS:
            return EntryState.OTHER_HASH
        if model.id in self._changed:
            return EntryState.CHANGED
        return EntryState.MOVED if model.id in self._moved else EntryState.READY


def list_tags(annotations: Mapping[str, ModelAnnotation]) -> list[str]:
    """Return all tags in use, in the order of the alphabet."""
    tags = {tag for annotation in annotations.values() for tag in annotation.tags}
    return sorted(tags, key=str.casefold)
