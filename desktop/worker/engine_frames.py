"""What goes through the two pipes between an engine process and its parent.

Commands go down, events come up, each one msgpack of a tagged frozen struct. The engine reads
hostile files and is not trusted: the parent decodes into these types only, never unpickles, and
takes no frame larger than `MAXIMUM_FRAME_BYTES`.
"""

from typing import TypeAlias

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
    GenerationFailed,
    GenerationFinished,
    GenerationStarted,
    LikelihoodFailed,
    LoadModel,
    ModelLoaded,
    PerplexityMeasured,
    Prompt,
    Quantise,
    Quantised,
    QuantiseProgress,
    SpeedSampled,
    TextGenerated,
)
from desktop.inference.scripted import EngineScript

MAXIMUM_FRAME_BYTES = 64 * 1024 * 1024
BEAT_SECONDS = 1.0


class EngineSpec(Frame, frozen=True, kw_only=True):
    """Which engine the process is to run; without a `script`, llama.cpp."""

    script: EngineScript | None = None


class Load(Frame, frozen=True, kw_only=True):
    """Load a model; answered by `ModelLoaded`. Every command carries the number of its job."""

    job: int
    request: LoadModel


class Generate(Frame, frozen=True, kw_only=True):
    """Continue prompts; answered by generation events, then `JobDone`."""

    job: int
    prompts: tuple[Prompt, ...]


class MeasureSpeed(Frame, frozen=True, kw_only=True):
    """Measure speed; answered by `SpeedSampled`, then `JobDone`."""

    job: int
    tests: tuple[SpeedTest, ...]
    repetitions: int


class ScoreContinuations(Frame, frozen=True, kw_only=True):
    """Tell how likely texts are; answered by likelihood events, then `JobDone`."""

    job: int
    items: tuple[ContinuationSet, ...]


class MeasurePerplexity(Frame, frozen=True, kw_only=True):
    """Measure a text's perplexity; answered by `PerplexityMeasured`, then `JobDone`."""

    job: int
    text: str
    context_tokens: int
    stride: int = 0


class MeasureDivergence(Frame, frozen=True, kw_only=True):
    """Hold the model against another; answered by `DivergenceMeasured`, then `JobDone`."""

    job: int
    reference: LoadModel
    text: str
    context_tokens: int


class QuantiseModel(Frame, frozen=True, kw_only=True):
    """Make a quantised copy; answered by `QuantiseProgress` and `Quantised`, then `JobDone`."""

    job: int
    request: Quantise


class EstimateMemory(Frame, frozen=True, kw_only=True):
    """Ask what a load would need; answered by `MemoryEstimated`."""

    job: int
    request: LoadModel


class AskPeakMemory(Frame, frozen=True, kw_only=True):
    """Ask for the peak resident set; answered by `PeakMemory`."""

    job: int


class Cancel(Frame, frozen=True, kw_only=True):
    """End job `job` soon, whether or not it has begun; one that is done is left alone."""

    job: int


class Close(Frame, frozen=True, kw_only=True):
    """Free everything and end."""


class EngineReady(Frame, frozen=True, kw_only=True):
    """The process is up and listens."""


class Beat(Frame, frozen=True, kw_only=True):
    """The process lives, also in the middle of a long decode."""


class EngineLog(Frame, frozen=True, kw_only=True):
    """A line that the engine would have written to a terminal."""

    text: str
    is_problem: bool = False


class MemoryEstimated(Frame, frozen=True, kw_only=True):
    """The answer to `EstimateMemory`."""

    need: MemoryNeed


class PeakMemory(Frame, frozen=True, kw_only=True):
    """The answer to `AskPeakMemory`, in bytes."""

    peak_bytes: int


class JobDone(Frame, frozen=True, kw_only=True):
    """Job `job` has ended and will say nothing more."""

    job: int


class JobFailed(Frame, frozen=True, kw_only=True):
    """Job `job` ended in an `EngineFault`; with `process_ended` the process goes too."""

    job: int
    message: str
    details: str = ""
    process_ended: bool = False

    def to_fault(self) -> EngineFault:
        """Return what the engine raised."""
        return EngineFault(self.message, details=self.details, process_ended=self.process_ended)


Command: TypeAlias = (
    Load
    | Generate
    | MeasureSpeed
    | ScoreContinuations
    | MeasurePerplexity
    | MeasureDivergence
    | QuantiseModel
    | EstimateMemory
    | AskPeakMemory
    | Cancel
    | Close
)
Event: TypeAlias = (
    EngineReady
    | Beat
    | EngineLog
    | ModelLoaded
    | ContextMade
    | GenerationStarted
    | TextGenerated
    | GenerationFinished
    | GenerationFailed
    | SpeedSampled
    | ContinuationsScored
    | LikelihoodFailed
    | PerplexityMeasured
    | DivergenceMeasured
    | QuantiseProgress
    | Quantised
    | MemoryEstimated
    | PeakMemory
    | JobDone
    | JobFailed
)


_COMMANDS: msgspec.msgpack.Decoder[Command] = msgspec.msgpack.Decoder(Command)
_EVENTS: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event)


def encode(frame: Frame) -> bytes:
    """Return a frame as bytes."""
    return msgspec.msgpack.encode(frame)


def decode_command(data: bytes) -> Command:
    """Return a command; `msgspec.DecodeError` if it is none."""
    return _COMMANDS.decode(data)


def decode_event(data: bytes) -> Event:
    """Return an event; `msgspec.DecodeError` if it is none."""
    return _EVENTS.decode(data)
