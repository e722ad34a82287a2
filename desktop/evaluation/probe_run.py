"""A language model's speed is measured: alone in a fresh engine, events out."""

from collections.abc import Iterator

import msgspec

from desktop.domain.events import EngineLoaded, MeasurementTaken, Progress, RunEvent
from desktop.domain.measurement import Measurement
from desktop.domain.run import Run
from desktop.domain.settings import ProbePlan
from desktop.errors import EngineFault
from desktop.evaluation.control import Wish
from desktop.evaluation.pace import Pace
from desktop.evaluation.workshop import Workshop
from desktop.inference.engine import Engine, LoadModel, SpeedSampled
from desktop.probes.speed import measure_load, measure_peak_memory, measure_speed

# The probe's contexts are its own, sized by its tests; this one only loads the model.
_LOADING_CONTEXT_TOKENS = 512


class ProbeRun:
    """One run of a speed probe. Measurements that are stored already are not taken again."""

    def __init__(self, run: Run, plan: ProbePlan, workshop: Workshop) -> None:
        """Find out which tests are left."""
        self.run = run
        self._workshop = workshop
        self._control = workshop.control
        self._plan = plan
        taken = {m.test for m in workshop.recorder.load_measurements(run.id)}
        self._left = [test for test in plan.tests if test.name not in taken]
        self.answers_kept = len(plan.tests) - len(self._left)
        self._begun: set[str] = set()
        steps = len(plan.tests) * plan.repetitions
        self._pace = Pace(steps, self.answers_kept * plan.repetitions)

    @property
    def complete(self) -> bool:
        """Whether every test has its measurement."""
        return not self._left

    def carry_out(self) -> Iterator[RunEvent]:
        """Measure what is left; returns early when cancelled.

        A pause throws away the test under way: a measurement is made in one go or not at all.
        Raises `EngineFault` when the model can't be loaded or the engine is lost.
        """
        yield self._progress()
        while self._left:
            self._control.wait_while_paused()
            if self._control.ended:
                return
            engine = self._workshop.start_engine()
            try:
                self._control.attach(engine.cancel)
                yield from self._measure(engine)
            except EngineFault as fault:
                # One that does not obey a pause or cancel in time, while it loads say, is ended.
                if not fault.process_ended or not self._is_unwanted():
                    raise
            finally:
                self._control.attach(None)
                engine.close()

    def _measure(self, engine: Engine) -> Iterator[RunEvent]:
        settings = self.run.settings
        loaded = engine.load(
            LoadModel(
                path=self.run.model.path,
                context_tokens=_LOADING_CONTEXT_TOKENS,
                threads=settings.threads,
                gpu_layers=settings.gpu_layers,
                options=settings.engine,
            )
        )
        yield EngineLoaded(run_id=self.run.id, engine=loaded.facts)
        self._pace.start()
        plan = msgspec.structs.replace(self._plan, tests=tuple(self._left))
        for event in measure_speed(engine, plan, self.run.id, is_cancelled=self._is_unwanted):
            if isinstance(event, SpeedSampled):
                self._count(event)
                yield self._progress()
            else:
                yield self._store(event)
                self._left = [test for test in self._left if test.name != event.test]
        self._pace.stop()
        if not self._left:
            for measurement in (
                measure_load(loaded.facts, self.run.id),
                measure_peak_memory(engine, self.run.id),
            ):
                if measurement is not None:
                    yield self._store(measurement)

    def _count(self, sample: SpeedSampled) -> None:
        """Count a repetition; a disturbed test is made again, which is more work than planned."""
        if sample.repetition == 0:
            if sample.test in self._begun:
                self._pace.total += self._plan.repetitions
            self._begun.add(sample.test)
        self._pace.step()

    def _is_unwanted(self) -> bool:
        return self._control.wish is not Wish.GO_ON

    def _store(self, measurement: Measurement) -> MeasurementTaken:
        self._workshop.recorder.add_measurement(measurement)
        return MeasurementTaken(run_id=self.run.id, measurement=measurement)

    def _progress(self) -> Progress:
        return Progress(
            run_id=self.run.id,
            done=self._pace.done,
            total=self._pace.total,
            seconds_left=self._pace.seconds_left,
        )
