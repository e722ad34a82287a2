"""A language model's speed is measured: alone in a fresh engine, events out."""

from collections.abc import Iterator

from desktop.domain.events import EngineLoaded, RunEvent
from desktop.domain.run import Run
from desktop.domain.settings import ProbePlan
from desktop.evaluation.pace import Pace
from desktop.evaluation.workshop import Workshop
from desktop.inference.engine import LoadModel

# The probe's context is its own, sized by its tests; this one only loads the model.
_LOADING_CONTEXT_TOKENS = 512


class ProbeRun:
    """One run of a speed probe. Measurements that are stored already are not taken again."""

    def __init__(self, run: Run, plan: ProbePlan, workshop: Workshop) -> None:
        """Find out which tests are left."""
        self.run = run
        self._workshop = workshop
        self._control = workshop.control
        stored = workshop.recorder.load_measurements(run.id)
        self._taken = {measurement.test for measurement in stored}
        self._tests = [test for test in plan.tests if test.name not in self._taken]
        self._plan = plan
        self.answers_kept = len(plan.tests) - len(self._tests)

    def carry_out(self) -> Iterator[RunEvent]:
        """Measure what is left; returns early when cancelled.

        Raises `EngineFault` when the model can't be loaded or the engine is lost.
        """
        if not self._tests:
            return
        pace = Pace(len(self._plan.tests) * self._plan.repetitions, 0)
        pace.done = self.answers_kept * self._plan.repetitions
        yield self._progress(pace)
        engine = self._workshop.start_engine()
        try:
            self._control.attach(engine.cancel)
            settings = self.run.settings
            loaded = engine.load(
                LoadModel(
                    path=self.run.model.path,
                    context_tokens=_LOADING_CONTEXT_TOKENS,
                    threads=settings.threads,
                    gpu_layers=settings.gpu_layers,
                )
            )
            yield EngineLoaded(run_id=self.run.id, engine=loaded.facts)
            yield from self._measure(engine, loaded.facts, pace)
        finally:
            self._control.attach(None)
            engine.close()
