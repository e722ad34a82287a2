"""What an evaluation is given to work with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from desktop.domain.base import utc_now
from desktop.domain.machine import Machine
from desktop.domain.recording import RunRecorder
from desktop.evaluation.control import RunControl
from desktop.inference.engine import EngineFactory, PromptRenderer


@dataclass(frozen=True)
class Workshop:
    """Everything outside that a run needs, handed in so that tests can hand in others."""

    recorder: RunRecorder
    start_engine: EngineFactory
    render: PromptRenderer
    inspect_machine: Callable[[], Machine]
    control: RunControl
    now: Callable[[], datetime] = utc_now
