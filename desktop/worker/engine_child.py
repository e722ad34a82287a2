"""The engine process's own end: takes commands, drives one engine, sends events.

Three threads: the main one works, one reads commands (so that a cancel arrives during a decode,
and the process ends when its parent goes), one beats. llama.cpp is imported here only, after the
process has started, and neither Qt nor SQLAlchemy ever is.
"""

import contextlib
import faulthandler
import os
import queue
import shutil
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection
from typing import NoReturn, TypeAlias

from desktop.errors import EngineFault
from desktop.inference.engine import Engine, Frame
from desktop.inference.scripted import EngineScript, ScriptedEngine
from desktop.worker.engine_frames import (
    BEAT_SECONDS,
    MAXIMUM_FRAME_BYTES,
    AskPeakMemory,
    Beat,
    Cancel,
    Close,
    Command,
    EngineLog,
    EngineReady,
    EngineSpec,
    EstimateMemory,
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
    decode_command,
    encode,
)
from desktop.worker.last_words import redirect_output
from desktop.worker.process_end import OUT_OF_MEMORY

_SCRIPTED_DEATH = 70
_Cancellable: TypeAlias = (
    Generate | MeasureSpeed | ScoreContinuations | MeasurePerplexity | MeasureDivergence
)


class _Outlet:
    """Sends events; one at a time, whichever thread has them."""

    def __init__(self, connection: Connection, scratch: str) -> None:
        self._connection = connection
        self._scratch = scratch
        self._lock = threading.Lock()

    def send(self, frame: Frame) -> None:
        data = encode(frame)
        try:
            with self._lock:
                self._connection.send_bytes(data)
        except OSError:
            _leave(self._scratch)

    def log(self, text: str, is_problem: bool) -> None:
        self.send(EngineLog(text=text, is_problem=is_problem))


class _Jobs:
    """Which job is under way, so that a cancel hits that one and no other."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._current: int | None = None
        self._cancelled: set[int] = set()

    def cancel(self, job: int) -> None:
        with self._lock:
            if self._current == job:
                self._engine.cancel()
            else:
                self._cancelled.add(job)

    def begin(self, command: _Cancellable) -> Iterable[Frame]:
        """Start a job; all calls forget older cancels before they return, not later."""
        with self._lock:
            if command.job in self._cancelled:
                return ()
            self._current = command.job
            match command:
                case Generate():
                    return self._engine.generate(command.prompts)
                case MeasureSpeed():
                    return self._engine.measure_speed(command.tests, command.repetitions)
                case ScoreContinuations():
                    return self._engine.score_continuations(command.items)
                case MeasurePerplexity():
                    return self._engine.measure_perplexity(
                        command.text, command.context_tokens, command.stride
                    )
                case MeasureDivergence():
                    return self._engine.measure_divergence(
                        command.reference, command.text, command.context_tokens
                    )

    def end(self) -> None:
        with self._lock:
            self._current = None


def serve(
    spec: bytes, commands: Connection, events: Connection, errors: Connection, scratch: str
) -> None:
    """Run an engine until told to close or the parent goes. The target of the new process.

    `spec` is an encoded `EngineSpec`. What C code writes to standard error (an assertion's last
    words, a stack trace) goes into `errors`. `scratch` is the only folder to write into,
    but for the copy that `QuantiseModel` asks for.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    redirect_output(errors)
    faulthandler.enable()
    _settle_in(scratch)
    outlet = _Outlet(events, scratch)
    _start(_beat, outlet)
    engine = _make_engine(spec, outlet)
    jobs = _Jobs(engine)
    inbox: queue.SimpleQueue[Command] = queue.SimpleQueue()
    _start(_listen, commands, inbox, jobs, scratch)
    outlet.send(EngineReady())
    while not isinstance(command := inbox.get(), Close):
        _obey(command, engine, jobs, outlet)
    engine.close()
    # Threads that wait on a pipe would keep the interpreter from ending.
    os._exit(0)


def _settle_in(scratch: str) -> None:
    """Write into `scratch` only, and look for nothing where the program happened to be started.

    llama.cpp searches the working folder for libraries to run, and a core dump is left there.
    """
    sys.dont_write_bytecode = True
    for name in ("TMPDIR", "TEMP", "TMP"):
        os.environ[name] = scratch
    tempfile.tempdir = None
    os.chdir(scratch)


def _leave(scratch: str) -> NoReturn:
    """End at once, because the parent is gone. Killed, it could not tidy up itself."""
    with contextlib.suppress(OSError):
        os.chdir(os.path.dirname(scratch))  # noqa: PTH120 - Windows keeps folders in use
    shutil.rmtree(scratch, ignore_errors=True)
    os._exit(0)


def _make_engine(spec: bytes, outlet: _Outlet) -> Engine:
    import msgspec  # noqa: PLC0415 - the two imports of an engine stand together

    script = msgspec.msgpack.decode(spec, type=EngineSpec).script
    if isinstance(script, EngineScript):
        return ScriptedEngine(script, die=_die, hang=_hang)
    from desktop.inference.llama.engine import LlamaEngine  # noqa: PLC0415 - only in this process

    return LlamaEngine(on_log=outlet.log)


def _obey(command: Command, engine: Engine, jobs: _Jobs, outlet: _Outlet) -> None:
    if isinstance(command, (Cancel, Close)):
        return
    try:
        for event in _answers(command, engine, jobs):
            outlet.send(event)
    except EngineFault as fault:
        outlet.send(
            JobFailed(
                job=command.job,
                message=fault.message,
                details=fault.details,
                process_ended=fault.process_ended,
            )
        )
        if fault.process_ended:
            os._exit(1)
    except MemoryError:
        # What else was cut short by that, nobody can tell.
        message = f"The engine's process {OUT_OF_MEMORY}."
        outlet.send(JobFailed(job=command.job, message=message, process_ended=True))
        os._exit(1)
    except Exception as failure:  # noqa: BLE001 - whatever it is, the parent must hear of it
        message = f"The engine met something that it was not made for ({type(failure).__name__})."
        outlet.send(JobFailed(job=command.job, message=message, details=traceback.format_exc()))
    else:
        outlet.send(JobDone(job=command.job))
    finally:
        jobs.end()


def _answers(command: Command, engine: Engine, jobs: _Jobs) -> Iterator[Frame]:
    match command:
        case Load():
            yield engine.load(command.request)
        case (
            Generate()
            | MeasureSpeed()
            | ScoreContinuations()
            | MeasurePerplexity()
            | MeasureDivergence()
        ):
            yield from jobs.begin(command)
        case EstimateMemory():
            yield MemoryEstimated(need=engine.estimate_memory(command.request))
        case QuantiseModel():
            # No job of `_Jobs`: llama.cpp can't be stopped, the parent ends the process instead.
            yield from engine.quantise(command.request)
        case AskPeakMemory():
            yield PeakMemory(peak_bytes=engine.peak_memory_bytes())
        case _:
            return


def _listen(
    commands: Connection, inbox: "queue.SimpleQueue[Command]", jobs: _Jobs, scratch: str
) -> None:
    while True:
        try:
            command = decode_command(commands.recv_bytes(MAXIMUM_FRAME_BYTES))
        except (EOFError, OSError):
            # The parent is gone. The main thread may be in a decode of minutes: don't wait.
            _leave(scratch)
        if isinstance(command, Cancel):
            jobs.cancel(command.job)
        else:
            inbox.put(command)


def _beat(outlet: _Outlet) -> None:
    rest = threading.Event()
    while True:
        outlet.send(Beat())
        rest.wait(BEAT_SECONDS)


def _start(target: object, *arguments: object) -> None:
    threading.Thread(target=target, args=arguments, daemon=True).start()  # type: ignore[arg-type]


def _die() -> NoReturn:
    os._exit(_SCRIPTED_DEATH)


def _hang() -> None:
    threading.Event().wait()
