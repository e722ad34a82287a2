"""What is known of the hashing in the background: how far, what waits, what is left to do."""

from collections.abc import Sequence
from time import monotonic

import msgspec
from PySide6.QtCore import QObject, Signal

from desktop.domain.base import Value
from desktop.domain.language_model import LanguageModel
from desktop.ui.formatting import format_bytes, format_number, format_time_left
from desktop.worker.hashing import HashingEvent, HashingFailed, HashingFinished, HashingProgressed
from desktop.worker.qt import QtHashing

_SETTLED_SECONDS = 2.0  # before a rate can be believed


class HashState(Value, frozen=True, kw_only=True):
    """How it stands with one model; without bytes it waits, or nobody asked for it."""

    is_wanted: bool = False
    done_bytes: int = 0
    total_bytes: int = 0
    problem: str = ""


_NOT_ASKED = HashState()


class HashingFeed(QObject):
    """Asks for hashes and follows them. Without a thread behind it nothing ever happens.

    `changed` follows all progress; `finished` carries a `HashingFinished`.
    """

    changed = Signal()
    finished = Signal(object)

    def __init__(self, bridge: QtHashing | None, parent: QObject | None = None) -> None:
        """Follow what the hashing thread tells."""
        super().__init__(parent)
        self._bridge = bridge
        self._wanted: dict[str, LanguageModel] = {}
        self._states: dict[str, HashState] = {}
        self._stopped: set[str] = set()
        self._files = 0
        self._done_files = 0
        self._done_bytes = 0
        self._begun_at = 0.0
        self.is_paused = False
        if bridge is not None:
            bridge.happened.connect(self._follow)

    @property
    def is_there(self) -> bool:
        """Whether hashes can be computed at all."""
        return self._bridge is not None

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way or waits."""
        return bool(self._wanted)

    def state_of(self, model_id: str) -> HashState:
        """Return how it stands with one model."""
        return self._states.get(model_id, _NOT_ASKED)

    def submit(self, models: Sequence[LanguageModel], *, first: bool = False) -> None:
        """Ask for hashes. What people stopped is taken up again only when they ask (`first`)."""
        if self._bridge is None:
            return
        if first:
            self._stopped -= {model.id for model in models}
            if self.is_paused:
                self.proceed()
        new = [m for m in models if not m.sha256 and m.id not in self._stopped]
        if not first:
            new = [m for m in new if m.id not in self._states]
        if not new:
            return
        if not self._wanted:
            self._files = self._done_files = self._done_bytes = 0
            self._begun_at = monotonic()
        self._files += sum(model.id not in self._wanted for model in new)
        self._wanted |= {model.id: model for model in new}
        for model in new:
            if not self.state_of(model.id).total_bytes:
                self._states[model.id] = HashState(is_wanted=True)
        self._bridge.hashing.submit(new, first=first)
        self.changed.emit()

    def cancel(self, model_id: str | None = None) -> None:
        """Stop one, or all."""
        if self._bridge is None:
            return
        ids = list(self._wanted) if model_id is None else [model_id]
        self._bridge.hashing.cancel(model_id)
        for each in ids:
            self._stopped.add(each)
            self._states.pop(each, None)
            if self._wanted.pop(each, None) is not None:
                self._files -= 1
        if self.is_paused and not self._wanted:
            self.proceed()
        self.changed.emit()

    def resume(self) -> None:
        """Let what people stopped be asked for again."""
        self._stopped.clear()

    def pause(self) -> None:
        """Stand still."""
        if self._bridge is not None:
            self._bridge.hashing.pause()
            self.is_paused = True
            self.changed.emit()

    def proceed(self) -> None:
        """Go on."""
        if self._bridge is not None:
            self._bridge.hashing.proceed()
            self.is_paused = False
            self._begun_at = monotonic()
            self._done_bytes = 0
            self.changed.emit()

    def _follow(self, event: HashingEvent) -> None:
        model = self._wanted.get(event.model_id)
        if isinstance(event, HashingProgressed):
            if model is None:
                return  # stopped meanwhile
            self._states[event.model_id] = HashState(
                is_wanted=True, done_bytes=event.done_bytes, total_bytes=event.total_bytes
            )
        else:
            if model is not None:
                del self._wanted[event.model_id]
                self._done_files += 1
                self._done_bytes += model.facts.file_bytes
            problem = event.message if isinstance(event, HashingFailed) else ""
            self._states[event.model_id] = HashState(problem=problem)
        self.changed.emit()
        if isinstance(event, HashingFinished):
            self.finished.emit(event)

    @property
    def share(self) -> float:
        """How much of what was asked for is done, by bytes."""
        done, left = self._count()
        return done / (done + left) if done + left else 0.0

    def _count(self) -> tuple[int, int]:
        under_way = sum(self._states[each].done_bytes for each in self._wanted)
        left = sum(model.facts.file_bytes for model in self._wanted.values()) - under_way
        return self._done_bytes + under_way, max(0, left)

    def say_waiting(self) -> str:
        """Return why what waits does."""
        if self.is_paused:
            return self.tr("Its SHA-256 is computed when you let it go on.")
        if self._bridge is not None and self._bridge.hashing.held:
            return self.tr("Its SHA-256 is computed after the evaluation, which it would disturb.")
        return self.tr("Its SHA-256 is computed soon, after others.")

    def say_progress(self) -> str:
        """Return how far all of it is, with the time left."""
        if not self._wanted:
            return ""
        done, left = self._count()
        number = min(self._files, self._done_files + 1)
        words = self.tr("SHA-256 in the background: file {0} of {1}, {2} left").format(
            format_number(number), format_number(self._files), format_bytes(left)
        )
        if self.is_paused:
            return self.tr("{0}; paused").format(words)
        if self._bridge is not None and self._bridge.hashing.held:
            return self.tr("{0}; waits while an evaluation runs").format(words)
        took = monotonic() - self._begun_at
        if done and took >= _SETTLED_SECONDS:
            return f"{words}, {format_time_left(left * took / done)}"
        return words

    def forget(self, ids: Sequence[str]) -> None:
        """Have models be asked for again, since their files are others now."""
        for each in ids:
            self._states.pop(each, None)

    def renew(self, known: LanguageModel, event: HashingFinished) -> LanguageModel:
        """Return the model of the list with what its hash brought; its copies stay."""
        new = event.model
        return msgspec.structs.replace(
            known,
            sha256=new.sha256,
            shard_sha256=new.shard_sha256,
            hash_check=new.hash_check or known.hash_check,
        )
