"""The only bridge between the worker and Qt: operations in a thread, events as signals."""

import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from time import monotonic
from typing import TypeVar

import msgspec
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from desktop.domain.events import AnswerGrew, AnswerStarted, RunEvent
from desktop.worker.hashing import Hashing, HashingEvent
from desktop.worker.queue import EvaluationQueue
from desktop.worker.running import ignore

Result = TypeVar("Result")
_Job = Callable[[], Callable[[], None]]

BATCH_SECONDS = 0.1


class QtRunner(QObject):
    """Runs operations one after another in a thread; callbacks come back on the GUI thread.

    `failed` gets what nobody else takes. After `close` nothing is called back any more.
    """

    failed = Signal(Exception)
    _done = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        """Start the thread."""
        super().__init__(parent)
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._closed = False
        self._done.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._thread = threading.Thread(target=self._work, name="operations", daemon=True)
        self._thread.start()

    def run(
        self,
        operation: Callable[[], Result],
        on_success: Callable[[Result], None] = ignore,
        on_failure: Callable[[Exception], None] | None = None,
    ) -> None:
        """Run `operation`; without `on_failure` a failure goes to `failed`."""

        def job() -> Callable[[], None]:
            try:
                result = operation()
            except Exception as failure:  # noqa: BLE001 -- handed over whole to the window
                return _hand_over(on_failure or self.failed.emit, failure)
            return lambda: on_success(result)

        self._jobs.put(job)

    def close(self, timeout_seconds: float = 5.0) -> None:
        """End the thread once what was asked for is done, such as keeping options."""
        self._closed = True
        self._jobs.put(None)
        self._thread.join(timeout_seconds)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            callback = job()
            if not self._closed:
                self._done.emit(callback)

    def _deliver(self, callback: Callable[[], None]) -> None:
        if self._closed:
            return
        try:
            callback()
        except Exception as failure:  # noqa: BLE001 -- a bug in a screen is told, not lost
            self.failed.emit(failure)


def _hand_over(receiver: Callable[[Exception], object], failure: Exception) -> Callable[[], None]:
    def deliver() -> None:
        receiver(failure)

    return deliver


class QtHashing(QObject):
    """Turns what the hashing thread tells into a signal on the GUI thread.

    The thread tells some times a second at most, so nothing needs to be gathered.
    """

    happened = Signal(object)
    _arrived = Signal(object)

    def __init__(self, hashing: Hashing, parent: QObject | None = None) -> None:
        """Subscribe to `hashing`."""
        super().__init__(parent)
        self.hashing = hashing
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        hashing.subscribe(self._arrived.emit)

    def _deliver(self, event: HashingEvent) -> None:
        self.happened.emit(event)


class QtEvents(QObject):
    """Turns the queue's events into a signal on the GUI thread, at most ten batches a second.

    Pieces of one answer that came within a batch are joined into one event; other events keep
    their order. `batch_ended` follows each batch: the time to redraw.
    """

    happened = Signal(object)
    batch_ended = Signal()
    _arrived = Signal()

    def __init__(self, queue: EvaluationQueue, parent: QObject | None = None) -> None:
        """Subscribe to `queue`."""
        super().__init__(parent)
        self._waiting: deque[RunEvent] = deque()
        self._lock = threading.Lock()
        self._told = False
        self._last_batch = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.flush)
        self._arrived.connect(self._schedule, Qt.ConnectionType.QueuedConnection)
        queue.subscribe(self._receive)

    def _receive(self, event: RunEvent) -> None:
        """Take an event in the worker thread."""
        with self._lock:
            self._waiting.append(event)
            told, self._told = self._told, True
        if not told:
            self._arrived.emit()

    def _schedule(self) -> None:
        wait = self._last_batch + BATCH_SECONDS - monotonic()
        self._timer.start(max(0, round(wait * 1000)))

    def flush(self) -> None:
        """Emit what has arrived, in order."""
        with self._lock:
            events = list(self._waiting)
            self._waiting.clear()
            self._told = False
        self._last_batch = monotonic()
        for event in join_pieces(events):
            self.happened.emit(event)
        self.batch_ended.emit()


def join_pieces(events: list[RunEvent]) -> list[RunEvent]:
    """Join the pieces of each answer into one event at the place of the first piece.

    Thinking and what is said after it stay apart. An answer that is begun anew within the batch
    (its engine was lost) starts from nothing.
    """
    joined: list[RunEvent] = []
    places: dict[tuple[str, str, int], int] = {}
    for event in events:
        if isinstance(event, AnswerStarted):
            places.pop((event.run_id, event.case_id, event.repeat), None)
        if not isinstance(event, AnswerGrew):
            joined.append(event)
            continue
        key = (event.run_id, event.case_id, event.repeat)
        place = places.get(key)
        before = None if place is None else joined[place]
        if (
            place is not None
            and isinstance(before, AnswerGrew)
            and before.is_thinking == event.is_thinking
        ):
            joined[place] = msgspec.structs.replace(before, text=before.text + event.text)
            continue
        places[key] = len(joined)
        joined.append(event)
    return joined
