"""Adding model files: from dialogs, from what is dropped, from the folders in the settings."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from desktop.domain.language_model import FileProblem, LanguageModel
from desktop.errors import UserError
from desktop.settings.options import Options
from desktop.ui.screen import Context
from desktop.ui.widgets.notices import Notice
from desktop.ui.widgets.pill import Tone
from desktop.worker.operations import Operations, ScanResult

_SHORT_SECONDS = 8


class Intake(QObject):
    """Adds files and folders off this thread and tells what came of it, in notices.

    `known` holds the ids of the library before, to tell what is new. `added` carries the models.
    """

    started = Signal(str)
    ended = Signal()
    added = Signal(object)

    def __init__(self, context: Context, parent: QWidget) -> None:
        """Add to the library of `context`."""
        super().__init__(parent)
        self._context = context
        self._parent = parent
        self.known: frozenset[str] = frozenset()

    def ask_for_files(self) -> None:
        """Let people choose files."""
        names, _ = QFileDialog.getOpenFileNames(
            self._parent,
            self.tr("Add model files"),
            "",
            self.tr("GGUF models (*.gguf);;All files (*)"),
        )
        self.add([Path(name) for name in names])

    def ask_for_folder(self) -> None:
        """Let people choose a folder, which is remembered in the settings."""
        name = QFileDialog.getExistingDirectory(self._parent, self.tr("Add a folder of models"))
        if name:
            self.add([Path(name)])

    def add(self, paths: Sequence[Path]) -> None:
        """Read files and folders and keep the models found; folders are remembered."""
        if not paths:
            return
        text = (
            self.tr("Reading {0}").format(paths[0])
            if len(paths) == 1
            else self.tr("Reading {0} files and folders").format(len(paths))
        )
        self.started.emit(text)
        operations = self._context.operations
        self._context.runner.run(lambda: _add_each(operations, paths), self._finish, self._give_up)

    def _finish(self, outcome: tuple[ScanResult, tuple[str, ...]]) -> None:
        result, folders = outcome
        self.ended.emit()
        self._remember(folders)
        self._tell(result)
        self._context.models_changed.emit()
        self.added.emit(result.models)

    def _give_up(self, failure: Exception) -> None:
        self.ended.emit()
        self._context.show_failure(failure)

    def _remember(self, folders: Sequence[str]) -> None:
        def change(now: Options) -> Options:
            new = [name for name in folders if name not in now.model_folders]
            return msgspec.structs.replace(now, model_folders=(*now.model_folders, *new))

        self._context.change_options(change)

    def _tell(self, result: ScanResult) -> None:
        if result.models:
            self._context.show_notice(
                Notice(
                    title=self._count(result.models),
                    tone=Tone.GOOD,
                    key="models-added",
                    seconds=_SHORT_SECONDS,
                )
            )
        if result.problems:
            self._context.show_notice(self._describe(result.problems))

    def _count(self, models: Sequence[LanguageModel]) -> str:
        new = sum(model.id not in self.known for model in models)
        if not new:
            return self.tr("Nothing new: what was found is in the library already.")
        words = self.tr("1 model was added.") if new == 1 else self.tr("{0} models were added.")
        return words.format(new)

    def _describe(self, problems: Sequence[FileProblem]) -> Notice:
        first = problems[0]
        title = (
            self.tr("1 file could not be used.")
            if len(problems) == 1
            else self.tr("{0} files could not be used.").format(len(problems))
        )
        more = self.tr("The others are in the details.") if len(problems) > 1 else ""
        return Notice(
            title=title,
            text=f"{_tell(first)} {more}".strip(),
            tone=Tone.WARNING,
            details="\n".join(_tell(problem) for problem in problems),
            key="scan-problems",
        )


def _add_each(operations: Operations, paths: Sequence[Path]) -> tuple[ScanResult, tuple[str, ...]]:
    """Add one path after another, so that a bad one does not keep the good ones out."""
    models: list[LanguageModel] = []
    problems: list[FileProblem] = []
    folders: list[str] = []
    for path in paths:
        try:
            result = operations.add_paths([path])
        except UserError as failure:
            if len(paths) == 1 or failure.exit_code != UserError.exit_code:
                raise
            problems.append(FileProblem(path=str(path), message=str(failure)))
            continue
        models += result.models
        problems += result.problems
        if path.is_dir():
            folders.append(str(path.resolve()))
    return ScanResult(models=tuple(models), problems=tuple(problems)), tuple(folders)


def _tell(problem: FileProblem) -> str:
    """Return a problem in words, naming the file once."""
    if problem.path in problem.message:
        return problem.message
    return f"{problem.path}: {problem.message}"


def list_dropped(data: QMimeData) -> list[Path]:
    """Return the files and folders of this machine in what is dragged."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
