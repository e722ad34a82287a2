"""Hashing in the background: one model after another, told as it goes, held while runs measure.

A model that was hashed is not hashed again as long as size and time of its files are the same.
What is held goes on where it was, and so does, the next time, what is ended with the program.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from desktop.domain.base import Value
from desktop.domain.language_model import HashVerdict, LanguageModel
from desktop.errors import Cancelled, UserError
from desktop.gguf.checksums import require_checksum
from desktop.worker.collection import Collection, check_hash, fingerprint

_log = logging.getLogger(__name__)

_TOLD_EVERY_SECONDS = 0.1
_LOOK_EVERY_SECONDS = 0.2


class HashingProgressed(Value, frozen=True, kw_only=True):
    """How far the hash of a model is; told some times a second, and at its end."""

    model_id: str
    done_bytes: int
    total_bytes: int


class HashingFinished(Value, frozen=True, kw_only=True):
    """A model has its SHA-256 now. `model` may have the id of the entry that it was moved from.

    Lists of checksums beside it were read, too: see its `hash_check`.
    """

    model_id: str
    model: LanguageModel


class HashingFailed(Value, frozen=True, kw_only=True):
    """A model could not be hashed; `message` is one sentence for people."""

    model_id: str
    message: str


HashingEvent: TypeAlias = HashingProgressed | HashingFinished | HashingFailed
HashingListener: TypeAlias = Callable[[HashingEvent], None]


class Hashing(Protocol):
    """What the window sees of `HashingThread`. All methods return at once."""

    def subscribe(self, listener: HashingListener) -> None:
        """Call `listener` with every event, in the hashing thread."""

    def submit(self, models: Sequence[LanguageModel], *, first: bool = False) -> None:
        """Hash models that have no hash yet, with `first` before all that waits."""

    def pause(self) -> None:
        """Stand still where it is, until `proceed`."""

    def proceed(self) -> None:
        """Go on after `pause`."""

    def cancel(self, model_id: str | None = None) -> None:
        """Drop one model, or all."""

    @property
    def held(self) -> bool:
        """Whether it waits because a run measures just now."""


def require_hash(text: str) -> None:
    """Refuse what people typed if it holds no SHA-256; the `UserError` says what is wrong."""
    require_checksum(text)


class HashingThread:
    """Hashes what is submitted; starts with the first model and ends with `close`."""

    def __init__(self, shelf: Collection, is_held: Callable[[], bool] = lambda: False) -> None:
        """Take where hashes are kept, and what tells that hashing would disturb just now."""
        self._shelf = shelf
        self._is_held = is_held
        self._listeners: list[HashingListener] = []
        self._changed = threading.Condition()
        self._waiting: deque[LanguageModel] = deque()
        self._current: LanguageModel | None = None
        self._dropped = False
        self._paused = False
        self._closing = False
        self._thread: threading.Thread | None = None
        self._told_at = 0.0

    def subscribe(self, listener: HashingListener) -> None:
        """Call `listener` with every event, in the hashing thread; it must not block."""
        self._listeners.append(listener)

    def submit(self, models: Sequence[LanguageModel], *, first: bool = False) -> None:
        """Hash models that have no hash yet; those under way or waiting are not taken twice.

        With `first` they go before all that waits, since somebody looks at them.
        """
        with self._changed:
            if first:
                wanted = {model.id for model in models}
                self._waiting = deque(
                    sorted(self._waiting, key=lambda waiting: waiting.id not in wanted)
                )
            taken = {model.id for model in self._waiting}
            if self._current is not None and not self._dropped:
                taken.add(self._current.id)
            for model in models:
                if not model.sha256 and model.id not in taken:
                    (self._waiting.appendleft if first else self._waiting.append)(model)
                    taken.add(model.id)
            if self._waiting and self._thread is None and not self._closing:
                self._thread = threading.Thread(target=self._work, name="hashing", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def pause(self) -> None:
        """Stand still where it is, until `proceed`."""
        self._set_paused(paused=True)

    def proceed(self) -> None:
        """Go on after `pause`."""
        self._set_paused(paused=False)

    def cancel(self, model_id: str | None = None) -> None:
        """Drop one model, or all; hashes that are finished stay."""
        with self._changed:
            kept = [m for m in self._waiting if model_id is not None and m.id != model_id]
            self._waiting = deque(kept)
            if self._current is not None and model_id in (None, self._current.id):
                self._dropped = True
            self._changed.notify_all()

    def close(self, timeout_seconds: float = 10.0) -> None:
        """End at once; what has no hash by now goes on another time."""
        with self._changed:
            self._closing = True
            self._waiting.clear()
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_seconds)

    @property
    def held(self) -> bool:
        """Whether it waits because a run measures just now."""
        return self._is_held()

    @property
    def busy(self) -> bool:
        """Whether anything is under way or waiting."""
        with self._changed:
            return self._current is not None or bool(self._waiting)

    def _set_paused(self, *, paused: bool) -> None:
        with self._changed:
            self._paused = paused
            self._changed.notify_all()

    def _work(self) -> None:
        while (model := self._take()) is not None:
            try:
                self._hash(model)
            except Cancelled:
                continue
            except UserError as error:
                self._tell(HashingFailed(model_id=model.id, message=str(error)))
            except Exception as error:  # noqa: BLE001 - one bad model must not end the thread
                _log.exception("Hashing %s failed", model.path)
                message = f"{model.path} could not be hashed: {error}."
                self._tell(HashingFailed(model_id=model.id, message=message))

    def _take(self) -> LanguageModel | None:
        with self._changed:
            self._current = None
            self._dropped = False
            self._changed.wait_for(lambda: self._waiting or self._closing)
            if self._closing:
                return None
            self._current = self._waiting.popleft()
            return self._current

    def _hash(self, model: LanguageModel) -> None:
        def tell_progress(done: int, total: int) -> None:
            now = time.monotonic()
            if done == total or now - self._told_at >= _TOLD_EVERY_SECONDS:
                self._told_at = now
                self._tell(HashingProgressed(model_id=model.id, done_bytes=done, total_bytes=total))

        hashed = fingerprint(
            model, self._shelf, on_progress=tell_progress, is_cancelled=self._wait_and_look
        )
        try:
            check = check_hash(hashed, "", self._shelf)
        except UserError as error:
            _log.info("Lists beside %s can't be read: %s", model.path, error)
        else:
            if check.verdict is not HashVerdict.NOT_LISTED:
                _log.info("%s", check.message)
        present = next(iter(self._shelf.find(model_id=hashed.id)), hashed)
        self._tell(HashingFinished(model_id=model.id, model=present))

    def _wait_and_look(self) -> bool:
        """Wait while hashing is paused or would disturb; tell whether to end this one."""
        with self._changed:
            while not (self._closing or self._dropped):
                if self._paused:
                    self._changed.wait()
                elif self._is_held():
                    self._changed.wait(_LOOK_EVERY_SECONDS)
                else:
                    return False
            return True

    def _tell(self, event: HashingEvent) -> None:
        for listener in self._listeners:
            listener(event)
