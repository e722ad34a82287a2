"""Whether the machine is quiet enough to judge: before a measurement, and all through it.

llama.cpp's threads spin, so another program on their core costs them many times its own share,
and a ratio measured beside it says little. What a hypervisor takes away (steal) counts as well.
"""

import sys
import time

import psutil

from desktop.domain.base import Value
from desktop.probes.load import read_processor_seconds

# Mean cores that others may keep busy, and that a hypervisor may take, while figures are judged.
BUSY_CORES = 0.1
NOT_JUDGED = 2
_LOOK_SECONDS = 2.0
_LOOKS = 15


class Load(Value, frozen=True, kw_only=True):
    """What others used during a measurement, in cores on the mean."""

    seconds: float
    others_cores: float
    stolen_cores: float

    @property
    def is_quiet(self) -> bool:
        """Whether a ratio measured meanwhile may be judged."""
        return self.others_cores <= BUSY_CORES and self.stolen_cores <= BUSY_CORES

    def in_words(self) -> str:
        """Return a sentence for the terminal and the results."""
        return (
            f"In {self.seconds:.0f} s other programs used {self.others_cores:.2f} cores and the"
            f" hypervisor {self.stolen_cores:.2f} of {psutil.cpu_count()}"
        )


class Watch:
    """Counts from now on what others use; children of this process are its own."""

    def __init__(self) -> None:
        """Begin to count."""
        self._process = psutil.Process()
        self._started, self._counters = time.monotonic(), self._read()

    def read(self) -> Load:
        """Return the load since the beginning."""
        seconds = max(1e-3, time.monotonic() - self._started)
        others, stolen = (
            max(0.0, now - before) / seconds
            for now, before in zip(self._read(), self._counters, strict=True)
        )
        return Load(seconds=seconds, others_cores=others, stolen_cores=stolen)

    def _read(self) -> tuple[float, float]:
        busy, _ = read_processor_seconds()
        stolen = float(getattr(psutil.cpu_times(), "steal", 0.0))
        return busy - self._own_seconds(), stolen

    def _own_seconds(self) -> float:
        """Return what this process used with all its children, ended ones included."""
        seconds = 0.0
        for process in (self._process, *self._process.children(recursive=True)):
            try:
                seconds += sum(process.cpu_times()[:4])
            except psutil.Error:
                continue
        return seconds


def begin(*, force: bool) -> Watch:
    """Wait up to half a minute for a quiet machine and return a watch over it.

    Ends the program when it stays busy, unless forced.
    """
    for _ in range(_LOOKS):
        watch = Watch()
        time.sleep(_LOOK_SECONDS)
        load = watch.read()
        if load.is_quiet or force:
            return Watch()
    print(f"{load.in_words()}: too much for a comparison. Wait, or use --force.")
    sys.exit(NOT_JUDGED)


def judge(*, reached: bool | None, load: Load, force: bool) -> tuple[str, int]:
    """Return a verdict in words and the exit status: 0 reached, 1 missed, `NOT_JUDGED`.

    `reached` is `None` when the figures are too unsure to tell.
    """
    if not load.is_quiet:
        busy = f"{load.in_words()}: a busy machine"
        if not force:
            return f"Not judged. {busy}; run it again.", NOT_JUDGED
        word = {True: "reached", False: "missed", None: "neither reached nor missed"}[reached]
        return f"Not judged. {busy}, on which the aim was {word}.", NOT_JUDGED
    if reached is None:
        return f"Not judged: the figures are too unsure. {load.in_words()}.", NOT_JUDGED
    word = "reached" if reached else "missed"
    return f"The aim is **{word}**. {load.in_words()}.", 0 if reached else 1
