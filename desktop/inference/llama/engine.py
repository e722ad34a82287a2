"""llama.cpp as an `Engine`. Lives in the engine process; one model, one thread."""

import time
from collections.abc import Callable, Iterator, Sequence

from desktop.domain.language_model import MemoryNeed
from desktop.domain.run import EngineFacts
from desktop.domain.settings import SpeedTest
from desktop.errors import EngineFault
from desktop.inference.allowance import peak_resident_bytes, usable_cores
from desktop.inference.engine import (
    GenerationEvent,
    LoadModel,
    ModelLoaded,
    Prompt,
    SpeedSampled,
)
from desktop.inference.llama.binding import (
    AbortFlag,
    api,
    binding_version,
    check_version,
    describe_build,
    logbook,
)
from desktop.inference.llama.context import (
    Context,
    check_fit,
    estimate,
    open_context,
)
from desktop.inference.llama.generation import Generation
from desktop.inference.llama.model import Model
from desktop.inference.llama.speed import SpeedMeter


class LlamaEngine:
    """Implements `Engine` with llama.cpp in this process."""

    def __init__(self, on_log: Callable[[str, bool], None] | None = None) -> None:
        """Make the library ready; `on_log` gets its lines, and whether they tell of a problem."""
        check_version()
        logbook.listener = on_log
        api.llama_backend_init()
        self._abort = AbortFlag()
        self._model: Model | None = None
        self._context: Context | None = None
        self._threads = usable_cores()

    def load(self, request: LoadModel) -> ModelLoaded:
        """Load a model and make its context, after asking whether both fit into memory."""
        self._free()
        started = time.perf_counter()
        self._threads = request.threads or usable_cores()
        need, devices = estimate(request, self._threads)
        check_fit(request, need, devices)
        model = Model(request.path, gpu_layers=request.gpu_layers)
        try:
            context = open_context(model, request, self._threads, self._abort)
        except EngineFault:
            model.free()
            raise
        self._model, self._context = model, context
        return ModelLoaded(
            facts=EngineFacts(
                name="llama.cpp",
                version=f"llama-cpp-python {binding_version}",
                build=describe_build(),
                devices=model.devices,
                context_tokens=context.sequence_tokens,
                parallel_sequences=context.sequences,
                threads=int(api.llama_n_threads(context.pointer)),
                gpu_layers=model.gpu_layers,
                weights_bytes=model.weights_bytes,
                kv_cache_bytes=context.cache_bytes,
                compute_bytes=context.compute_bytes,
                load_seconds=time.perf_counter() - started,
            ),
            chat_template=model.chat_template,
            bos_text=model.token_text(model.bos),
            eos_text=model.token_text(model.eos),
            adds_bos=model.adds_bos,
            trained_context=model.trained_context,
            vocabulary_size=model.vocabulary_size,
        )

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[GenerationEvent]:
        """Continue all prompts by continuous batching."""
        model, context = self._require_model()
        self._abort.clear()
        return Generation(model, context, prompts, self._abort).run()

    def measure_speed(self, tests: Sequence[SpeedTest], repetitions: int) -> Iterator[SpeedSampled]:
        """Measure as llama-bench does, one test after another."""
        model, _ = self._require_model()
        self._abort.clear()
        return self._measure(SpeedMeter(model, self._threads, self._abort), tests, repetitions)

    def estimate_memory(self, request: LoadModel) -> MemoryNeed:
        """Ask llama.cpp's own accounting, without loading weights."""
        need, _ = estimate(request, request.threads or usable_cores())
        return need

    def peak_memory_bytes(self) -> int:
        """Return this process's peak resident set."""
        return peak_resident_bytes()

    def cancel(self) -> None:
        """Stop the decode under way, and with it the job."""
        self._abort.set()

    def close(self) -> None:
        """Free model and context."""
        self._free()

    def _measure(
        self, meter: SpeedMeter, tests: Sequence[SpeedTest], repetitions: int
    ) -> Iterator[SpeedSampled]:
        for test in tests:
            if self._abort.is_set:
                return
            yield from meter.run(test, repetitions)

    def _require_model(self) -> tuple[Model, Context]:
        if self._model is None or self._context is None:
            raise EngineFault("No model is loaded.")
        return self._model, self._context

    def _free(self) -> None:
        """Free the context before its model: the other way round ends the process."""
        if self._context is not None:
            self._context.free()
        if self._model is not None:
            self._model.free()
        self._context = self._model = None
