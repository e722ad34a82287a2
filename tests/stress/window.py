"""The real window during a run of a great many answers, as a process to be measured.

Argument: how many answers. Prints a JSON document: answers, bytes of resident memory at the
first answer and after the last, seconds of the run, and seconds of processor time of the window's
own thread in that time.
"""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import psutil
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from desktop.app import build_backend
from desktop.domain.base import new_id
from desktop.domain.events import AnswerFinished, EvaluationFinished, RunEvent
from desktop.domain.run import EvaluationPlan, PlannedRun
from desktop.domain.settings import RunSettings
from desktop.ui.start import show_window
from desktop.worker.backend import Backend
from desktop.worker.demonstration import list_demonstration_models
from desktop.worker.qt import QtEvents
from tests.unit.evaluation.bench import make_case, make_suite

_MOST_CASES = 500
_SETTLE_MS = 1500


class Measurement:
    """Submits a run once the window is up, and closes the window when it is over."""

    def __init__(self, backend: Backend, answers: int) -> None:
        self._answers = answers
        self._seen = 0
        self._begun: dict[str, float] = {}
        cases = min(answers, _MOST_CASES)
        suite = make_suite(1)
        self._suite = msgspec.structs.replace(
            suite, cases=tuple(make_case(number) for number in range(1, cases + 1))
        )
        self._backend = backend
        self._events = QtEvents(backend.queue)
        self._events.happened.connect(self._watch)
        QTimer.singleShot(_SETTLE_MS, self._submit)

    def _submit(self) -> None:
        model = list_demonstration_models()[0]
        settings = RunSettings(repeats=-(-self._answers // len(self._suite.cases)))
        planned = PlannedRun(model=model, settings=settings, suite=self._suite)
        (kept,) = self._backend.remember_models([model])
        planned = msgspec.structs.replace(planned, model=kept)
        plan = EvaluationPlan(id=new_id(), title="Many", runs=(planned,))
        self._backend.queue.submit(plan)

    def _watch(self, event: RunEvent) -> None:
        if isinstance(event, AnswerFinished):
            self._seen += 1
            if self._seen == 1:
                self._begun = _measure()
        elif isinstance(event, EvaluationFinished):
            QTimer.singleShot(_SETTLE_MS, self._tell)

    def _tell(self) -> None:
        ended = _measure()
        grown = {name: ended[name] - before for name, before in self._begun.items()}
        print(json.dumps({"answers": self._seen, **grown}), flush=True)  # noqa: T201 - its result
        for window in QApplication.topLevelWidgets():
            window.close()


def _measure() -> dict[str, float]:
    own = resource.getrusage(resource.RUSAGE_THREAD)
    return {
        "bytes": psutil.Process().memory_info().rss,
        "seconds": time.monotonic(),
        "processor_seconds": own.ru_utime + own.ru_stime,
    }


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        measurements = []

        def open_backend(*, read_only: bool = False) -> Backend:
            backend = build_backend(
                database=str(Path(folder) / "touchstone.sqlite"), scripted=True, read_only=read_only
            )
            QTimer.singleShot(
                0,
                QApplication.instance() or QApplication(),
                lambda: measurements.append(Measurement(backend, int(sys.argv[1]))),
            )
            return backend

        return show_window(open_backend)


if __name__ == "__main__":
    sys.exit(main())
