"""The parent's end of an engine process: an `Engine` whose work is done in a child.

A failed assertion, a hostile file or the kernel's memory killer ends a process and Python cannot
catch it, so llama.cpp lives in one of its own. Whatever happens to it comes out here as an
`EngineFault` with a sentence, and never as a wait without end: every wait looks at the process
and at its beats.
"""

import contextlib
import logging
import multiprocessing
import queue
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from desktop.domain.language_model import MemoryNeed
from desktop.domain.settings import SpeedTest
from desktop.errors import EngineFault
from desktop.inference.engine import (
    ContextMade,
    ContinuationSet,
    ContinuationsScored,
    DivergenceMeasured,
    Frame,
    GenerationEvent,
    GenerationFailed,
    GenerationFinished,
    GenerationStarted,
    LikelihoodEvent,
    LikelihoodFailed,
    LoadModel,
    ModelLoaded,
    PerplexityMeasured,
    Prompt,
    Quantise,
    Quantised,
    QuantiseEvent,
    QuantiseProgress,
    SpeedSampled,
    TextGenerated,
)
from desktop.inference.quantising import partial_path
from desktop.inference.scripted import EngineScript
from desktop.worker.engine_child import serve
from desktop.worker.engine_frames import (
    MAXIMUM_FRAME_BYTES,
    AskPeakMemory,
    Cancel,
    Close,
    Command,
    EngineReady,
    EngineSpec,
    EstimateMemory,
    Event,
    Generate,
    JobDone,
    JobFailed,
    Load,
    MeasureDivergence,
    MeasurePerplexity,
    MeasureSpeed,
    MemoryEstimated,
    PeakMemory,
    QuantiseModel,
    ScoreContinuations,
    encode,
)
from desktop.worker.event_order import (
    DivergenceOrder,
    EventOrder,
    GenerationOrder,
    LikelihoodOrder,
    OneAnswer,
    PerplexityOrder,
    QuantiseOrder,
    SpeedOrder,
)
from desktop.worker.event_reader import EventReader
from desktop.worker.last_words import LastWords
from desktop.worker.process_end import describe_end

_log = logging.getLogger(__name__)
_Answer = TypeVar("_Answer", bound=Frame)
_GENERATION = (
    ContextMade,
    GenerationStarted,
    TextGenerated,
    GenerationFinished,
    GenerationFailed,
)
_LIKELIHOOD = (ContextMade, ContinuationsScored, LikelihoodFailed)
MOST_TEXT_BYTES = MAXIMUM_FRAME_BYTES // 2
_POLL_SECONDS = 0.2
# A grandchild may hold the pipe open; the child's own words are there at once when it has ended.
_LAST_WORDS_SECONDS = 1.0
# So many lines of the log before the end may be about it; older ones may be of a loss survived.
_TELLING_LINES = 10
_OUT_OF_PLACE = "The engine told of something that it had not been asked for, and was ended."


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long to wait for an engine process, in seconds, before giving it up.

    `silence` is without any beat; `start` until it is up (an unpacked program on a slow disk
    takes long the first time); `cancel` until a cancel is obeyed, `end` for every step of
    ending it.
    """

    silence: float = 30.0
    start: float = 120.0
    cancel: float = 5.0
    end: float = 2.0


class EngineProcess:
    """Implements `Engine` by a child process. Use one for each model, then `close` it."""

    def __init__(self, spec: EngineSpec, patience: Patience | None = None) -> None:
        """Start the process and wait until it listens; `EngineFault` if it does not come up."""
        self._patience = patience or Patience()
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._jobs = 0
        self._open_job: int | None = None
        self._order: EventOrder | None = None
        self._unstoppable: int | None = None
        self._cancelled: tuple[int, float] | None = None
        self._closed = False
        self._fault: EngineFault | None = None
        self._scratch = Path(tempfile.mkdtemp(prefix="touchstone-engine-"))
        self._start(spec)

    def _start(self, spec: EngineSpec) -> None:
        context = multiprocessing.get_context("spawn")
        commands_out, self._commands = context.Pipe(duplex=False)
        events, events_in = context.Pipe(duplex=False)
        last_words, errors_in = context.Pipe(duplex=False)
        self._process = context.Process(
            target=serve,
            args=(encode(spec), commands_out, events_in, errors_in, str(self._scratch)),
            name="touchstone-engine",
            daemon=True,
        )
        try:
            self._process.start()
        except OSError as failure:
            self._closed = True
            for connection in (self._commands, events, last_words):
                connection.close()
            shutil.rmtree(self._scratch, ignore_errors=True)
            message = f"The engine's process could not be started: {failure.strerror or failure}."
            raise EngineFault(message, process_ended=True) from failure
        finally:
            # Only the child may hold these, or its end would not be noticed here, nor ours there.
            for connection in (commands_out, events_in, errors_in):
                connection.close()
        self._process_id = self._process.pid or 0
        self._reader = EventReader(events)
        self._last_words = LastWords(last_words)
        self._writer = threading.Thread(target=self._write, name="engine-commands", daemon=True)
        self._writer.start()
        try:
            self._expect_ready()
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process_id

    def load(self, request: LoadModel) -> ModelLoaded:
        """Load a model in the child."""
        here = _with_whole_path(request)
        return self._ask(lambda job: Load(job=job, request=here), ModelLoaded)

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[GenerationEvent]:
        """Continue prompts in the child; leaving the iterator early cancels the rest."""
        asked = tuple(prompts)
        job = self._begin(lambda job: Generate(job=job, prompts=asked), GenerationOrder(asked))
        return (event for event in self._stream(job) if isinstance(event, _GENERATION))

    def measure_speed(self, tests: Sequence[SpeedTest], repetitions: int) -> Iterator[SpeedSampled]:
        """Measure speed in the child, which does nothing else meanwhile."""
        job = self._begin(
            lambda job: MeasureSpeed(job=job, tests=tuple(tests), repetitions=repetitions),
            SpeedOrder(tests, repetitions),
        )
        return (event for event in self._stream(job) if isinstance(event, SpeedSampled))

    def score_continuations(self, items: Sequence[ContinuationSet]) -> Iterator[LikelihoodEvent]:
        """Tell how likely texts are in the child; leaving the iterator early cancels the rest."""
        asked = tuple(items)
        job = self._begin(
            lambda job: ScoreContinuations(job=job, items=asked), LikelihoodOrder(asked)
        )
        return (event for event in self._stream(job) if isinstance(event, _LIKELIHOOD))

    def measure_perplexity(
        self, text: str, context_tokens: int = 512, stride: int = 0
    ) -> Iterator[PerplexityMeasured]:
        """Measure a text's perplexity in the child."""
        _check_length(text)
        job = self._begin(
            lambda job: MeasurePerplexity(
                job=job, text=text, context_tokens=context_tokens, stride=stride
            ),
            PerplexityOrder(),
        )
        return (event for event in self._stream(job) if isinstance(event, PerplexityMeasured))

    def measure_divergence(
        self, reference: LoadModel, text: str, context_tokens: int = 512
    ) -> Iterator[DivergenceMeasured]:
        """Hold the model against another in the child."""
        _check_length(text)
        here = _with_whole_path(reference)
        job = self._begin(
            lambda job: MeasureDivergence(
                job=job, reference=here, text=text, context_tokens=context_tokens
            ),
            DivergenceOrder(),
        )
        return (event for event in self._stream(job) if isinstance(event, DivergenceMeasured))

    def quantise(self, request: Quantise) -> Iterator[QuantiseEvent]:
        """Quantise in the child; a cancel, or leaving the iterator early, ends the process."""
        here = msgspec.structs.replace(
            request,
            source=str(Path(request.source).absolute()),
            target=str(Path(request.target).absolute()),
        )
        job = self._begin(lambda job: QuantiseModel(job=job, request=here), QuantiseOrder(here))
        self._unstoppable = job
        return self._quantise(job, partial_path(here.target))

    def estimate_memory(self, request: LoadModel) -> MemoryNeed:
        """Ask the child what a load would need."""
        here = _with_whole_path(request)
        return self._ask(lambda job: EstimateMemory(job=job, request=here), MemoryEstimated).need

    def peak_memory_bytes(self) -> int:
        """Ask the child for its peak resident set."""
        return self._ask(lambda job: AskPeakMemory(job=job), PeakMemory).peak_bytes

    def cancel(self) -> None:
        """Ask the job under way to end; whoever waits for it ends the process if it does not."""
        job = self._open_job
        if job is None or self._closed:
            return
        if self._cancelled is None or self._cancelled[0] != job:
            # With the job's number: another may have begun by the time this line is reached.
            self._cancelled = (job, time.monotonic())
        self._send(Cancel(job=job))

    def close(self) -> None:
        """End the process, gently at first, and leave nothing behind."""
        if self._closed:
            return
        self._closed = True
        self._send(Close())
        self._end_process()
        self._outbox.put(None)
        self._writer.join()
        self._reader.close()
        self._last_words.wait(_LAST_WORDS_SECONDS)
        self._commands.close()
        with contextlib.suppress(ValueError):  # somebody else has collected its end
            self._process.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _quantise(self, job: int, partial: Path) -> Iterator[QuantiseEvent]:
        """Yield how far a quantisation is; what a lost process has left of it is cleared away."""
        try:
            with contextlib.closing(self._stream(job)) as events:
                for event in events:
                    if isinstance(event, (QuantiseProgress, Quantised)):
                        yield event
        except EngineFault as fault:
            if not (fault.process_ended and self._cancelled and self._cancelled[0] == job):
                raise
        finally:
            if self._fault is not None or self._closed:
                with contextlib.suppress(OSError):
                    partial.unlink(missing_ok=True)

    def _ask(self, command: Callable[[int], Command], answer: type[_Answer]) -> _Answer:
        job = self._begin(command, OneAnswer(answer))
        (found,) = (event for event in self._stream(job) if isinstance(event, answer))
        return found

    def _begin(self, command: Callable[[int], Command], order: EventOrder) -> int:
        """Send a command; `order` is what may come back for it."""
        if self._fault is not None:
            raise self._fault
        if self._closed:
            raise EngineFault("The engine has been closed.", process_ended=True)
        if self._open_job is not None:
            # Somebody walked away from an iterator that was never begun.
            self._abandon(self._open_job)
        if not self._reader.is_empty:
            self._next()  # raises, and better, where it is the end
            raise self._lose(_OUT_OF_PLACE)
        self._jobs += 1
        self._order = order
        self._open_job = self._jobs
        self._send(command(self._jobs))
        return self._jobs

    def _abandon(self, job: int) -> None:
        """Cancel a job that nobody wants the events of, and wait until it is done."""
        self.cancel()
        try:
            for _ in self._stream(job):
                pass
        except EngineFault as fault:
            if fault.process_ended:
                raise

    def _stream(self, job: int) -> Generator[Event, None, None]:
        """Yield a job's events until it is done; raises what it ended in."""
        if self._open_job != job:
            return
        try:
            while True:
                event = self._next()
                if isinstance(event, (JobDone, JobFailed)):
                    self._end_job(job, event)
                    return
                if self._order is None or not self._order.accept(event):
                    raise self._lose(_OUT_OF_PLACE)
                yield event
        finally:
            if self._open_job == job and self._fault is None and not self._closed:
                with contextlib.suppress(EngineFault):
                    self._abandon(job)

    def _expect_ready(self) -> None:
        if not isinstance(self._next(self._patience.start), EngineReady):
            raise self._lose("The engine began with something unexpected.")

    def _end_job(self, job: int, event: JobDone | JobFailed) -> None:
        """Take the end of the open job; raises what it failed with, or what is wrong with it."""
        if event.job != job or self._order is None:
            raise self._lose(_OUT_OF_PLACE)
        if isinstance(event, JobFailed):
            self._open_job = None
            if event.process_ended:
                self._fault = event.to_fault()
            raise event.to_fault()
        cancelled = self._cancelled is not None and self._cancelled[0] == job
        if not self._order.may_end(cancelled=cancelled):
            raise self._lose("The engine did not answer all that it was asked, and was ended.")
        self._open_job = None

    def _next(self, silence: float | None = None) -> Event:
        """Return the next event that matters; ends the process when it has gone silent.

        Silence is counted in waits of our own, not by the clock: a laptop that slept for an
        hour has not heard an hour of silence.
        """
        if self._fault is not None:
            raise self._fault
        limit = silence or self._patience.silence
        silent, heard = 0.0, self._reader.heard
        while True:
            try:
                event = self._reader.take(_POLL_SECONDS)
            except queue.Empty:
                beats = heard != self._reader.heard and not silence
                silent, heard = 0.0 if beats else silent + _POLL_SECONDS, self._reader.heard
                if silent >= limit:
                    raise self._lose(
                        f"The engine has not given a sign of life for {limit:.0f} seconds"
                        " and was ended."
                    ) from None
            else:
                if event is None:
                    raise self._lose("")
                if self._open_job != self._unstoppable or not self._cancel_is_overdue():
                    return event
            if self._cancel_is_overdue():
                raise self._lose("The engine did not stop when it was asked to, and was ended.")

    def _cancel_is_overdue(self) -> bool:
        if self._cancelled is None or self._cancelled[0] != self._open_job:
            return False
        patience = 0.0 if self._open_job == self._unstoppable else self._patience.cancel
        return time.monotonic() - self._cancelled[1] >= patience

    def _lose(self, message: str) -> EngineFault:
        """End what is left of the process and return the fault that says what happened."""
        if self._fault is None:
            problem = self._reader.problem or message
            # After a broken pipe the exit itself follows at once; it is what explains the loss.
            self._process.join(0 if problem else self._patience.end)
            exit_code = self._process.exitcode
            self._end_process()
            self._last_words.wait(_LAST_WORDS_SECONDS)
            log, last_words = self._reader.log_lines(), self._last_words.text()
            details = "\n".join((*log, last_words)).strip()
            if exit_code is not None and not problem:
                said = "\n".join((*log[-_TELLING_LINES:], last_words))
                problem = describe_end(exit_code, said)
            self._fault = EngineFault(
                problem or "The engine closed its pipe and was ended.",
                details=details,
                process_ended=True,
            )
            _log.warning("Engine process %s lost: %s", self._process_id, self._fault.message)
        return self._fault

    def _send(self, command: Command) -> None:
        self._outbox.put(encode(command))

    def _write(self) -> None:
        """Write commands as they come: a stopped child with a full pipe blocks only this thread."""
        with contextlib.suppress(OSError):  # the reader notices the same end and tells of it
            while (data := self._outbox.get()) is not None:
                self._commands.send_bytes(data)

    def _end_process(self) -> None:
        """Wait, then ask, then kill; each step only if the one before did not help."""
        seconds = self._patience.end
        self._process.join(seconds if self._closed else 0)
        for end in (self._process.terminate, self._process.kill):
            if self._process.exitcode is not None:
                return
            end()
            self._process.join(seconds)
        self._process.join()


def _with_whole_path(request: LoadModel) -> LoadModel:
    """Name the file from the root on: the child works in a folder of its own."""
    return msgspec.structs.replace(request, path=str(Path(request.path).absolute()))


def _check_length(text: str) -> None:
    size = len(text.encode("utf-8", errors="replace"))
    if size > MOST_TEXT_BYTES:
        raise EngineFault(
            f"A text of {size / 1e6:.0f} MB is too long for perplexity; take at most"
            f" {MOST_TEXT_BYTES / 1e6:.0f} MB of it."
        )


def start_llama_engine() -> EngineProcess:
    """Start a process that runs llama.cpp. An `EngineFactory`."""
    return EngineProcess(EngineSpec())


def start_scripted_engine(script: EngineScript | None = None) -> EngineProcess:
    """Start a process that follows a script; as an `EngineFactory`, one that echoes."""
    return EngineProcess(EngineSpec(script=script or EngineScript()))
