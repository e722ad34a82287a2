"""Is this machine quiet enough to measure? The answer as a sentence, from the last seconds."""

from collections import deque
from collections.abc import Iterable, Iterator
from statistics import fmean

from PySide6.QtCore import QCoreApplication

from desktop.domain.base import Value
from desktop.domain.machine import Machine, MachineLoad
from desktop.ui.formatting import format_bytes, format_share
from desktop.ui.widgets.pill import Tone

SECONDS_LOOKED_AT = 5
# Of all cores. What the probes themselves watch decides about a measurement; this only advises.
_RESTLESS = 0.05
_BUSY = 0.15
_LITTLE_MEMORY = 0.1


def _tr(text: str) -> str:
    return QCoreApplication.translate("machine", text)


class Quietness(Value, frozen=True, kw_only=True):
    """A verdict: a pill, and the sentence that explains it."""

    tone: Tone
    pill: str
    sentence: str


class LoadHistory:
    """The last loads, as many as are looked at."""

    def __init__(self) -> None:
        """Begin empty."""
        self._loads: deque[MachineLoad] = deque(maxlen=SECONDS_LOOKED_AT)

    def add(self, load: MachineLoad) -> None:
        """Take one more, and forget the oldest."""
        self._loads.append(load)

    def clear(self) -> None:
        """Forget all: what was seen minutes ago says nothing about now."""
        self._loads.clear()

    def __iter__(self) -> Iterator[MachineLoad]:
        """Return the loads in order."""
        return iter(self._loads)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._loads)


def judge_quietness(
    loads: Iterable[MachineLoad],
    machine: Machine | None,
    *,
    evaluating: bool,
    readable: bool = True,
) -> Quietness:
    """Return whether a speed measured now could be trusted, and why not."""
    seen = list(loads)
    if not readable:
        return Quietness(
            tone=Tone.WARNING,
            pill=_tr("? not known"),
            sentence=_tr("The load of this machine can't be read, so this can't be told."),
        )
    if evaluating:
        return Quietness(
            tone=Tone.ACCENT,
            pill=_tr("▸ at work"),
            sentence=_tr(
                "An evaluation is under way, so that nothing else should be measured now."
            ),
        )
    if len(seen) < SECONDS_LOOKED_AT:
        return Quietness(
            tone=Tone.NEUTRAL,
            pill=_tr("… looking"),
            sentence=_tr("Watching the machine for a few seconds."),
        )
    return _judge_load(seen, machine)


def _judge_load(seen: list[MachineLoad], machine: Machine | None) -> Quietness:
    others = fmean(load.other_processes_share for load in seen)
    busiest = max(seen, key=lambda load: load.other_processes_share).busiest_process
    named = _tr("{0} most of it").format(busiest) if busiest else ""
    share = format_share(others)
    doubts = []
    tone, pill = Tone.GOOD, _tr("✓ quiet")
    # What runs in another container has no name here, but it takes the processor all the same.
    unnamed = fmean(load.processor_share for load in seen) - others
    if others >= _RESTLESS:
        tone, pill = Tone.WARNING, _tr("! restless")
        told = _tr("Other programs use {0} of the processor").format(share)
        doubts.append(f"{told} ({named})." if named else f"{told}.")
    if unnamed >= _BUSY:
        told = _tr("{0} of the processor are used by Touchstone itself or by what can't be named.")
        doubts.append(told.format(format_share(unnamed)))
    if machine is not None and seen[-1].free_bytes < _LITTLE_MEMORY * _memory(machine):
        tone, pill = Tone.WARNING, _tr("! little memory")
        free = format_bytes(seen[-1].free_bytes)
        doubts.append(_tr("Only {0} of memory are free.").format(free))
    if machine is not None and machine.power_source == "battery":
        tone, pill = Tone.WARNING, _tr("! on battery")
        doubts.append(_tr("It runs on battery, which may slow the processor."))
    if others >= _BUSY or unnamed >= _BUSY:
        tone, pill = Tone.BAD, _tr("✕ not quiet")
    if not doubts:
        return Quietness(
            tone=tone,
            pill=pill,
            sentence=_tr(
                "Other programs used {0} of the processor in the last seconds: speeds measured"
                " now can be trusted."
            ).format(share),
        )
    advice = _tr("Speeds measured now would be too low or spread; close what you can first.")
    return Quietness(tone=tone, pill=pill, sentence=" ".join((*doubts, advice)))


def _memory(machine: Machine) -> int:
    limit = machine.memory_limit_bytes
    return min(limit, machine.memory_bytes) if limit else machine.memory_bytes
