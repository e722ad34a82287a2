"""llama.cpp as an `Engine`. Lives in the engine process; one model, one thread."""

import time
from collections.abc import Callable, Iterator, Sequence

import msgspec

from desktop.domain.language_model import MemoryNeed
from desktop.domain.settings import SpeedTest
from desktop.errors import EngineFault
from desktop.inference.allowance import numa_nodes, peak_resident_bytes, thread_choices
from desktop.inference.engine import (
    ContinuationSet,
    DivergenceMeasured,
    GenerationEvent,
    LikelihoodEvent,
    LoadModel,
    ModelLoaded,
    PerplexityMeasured,
    Prompt,
    Quantise,
    QuantiseEvent,
    SpeedSampled,
)
from desktop.inference.llama.binding import AbortFlag, api, check_version, logbook
from desktop.inference.llama.divergence import measure_divergence
from desktop.inference.llama.fitting import (
    Fit,
    check_fit,
    choose_gpu_layers,
    measure_fit,
)
from desktop.inference.llama.likelihood import score_continuations
from desktop.inference.llama.model import Model
from desktop.inference.llama.path_scorer import PathScorer
from desktop.inference.llama.perplexity import measure_perplexity
from desktop.inference.llama.quantisation import quantise
from desktop.inference.llama.speed import SpeedMeter
from desktop.inference.llama.workplace import Workplace

# enum ggml_numa_strategy in ggml-cpu.h
_NUMA_OFF, _NUMA_DISTRIBUTE = 0, 1


class LlamaEngine:
    """Implements `Engine` with llama.cpp in this process."""

    def __init__(self, on_log: Callable[[str, bool], None] | None = None) -> None:
        """Make the library ready; `on_log` gets its lines, and whether they tell of a problem."""
        check_version()
        logbook.listener = on_log
        api.llama_backend_init()
        # Spreads threads over the nodes, each of which then reads its own part of the weights.
        api.llama_numa_init(_NUMA_DISTRIBUTE if numa_nodes() > 1 else _NUMA_OFF)
        self._abort = AbortFlag()
        self._workplace: Workplace | None = None

    def load(self, request: LoadModel) -> ModelLoaded:
        """Load a model, after asking whether it fits into memory.

        The context is made as well where the request leaves nothing open about it.
        """
        self._free()
        started = time.perf_counter()
        fit = self._measure_fit(request)
        check_fit(request, fit)
        request = msgspec.structs.replace(request, gpu_layers=choose_gpu_layers(request, fit))
        model = Model(
            request.path,
            gpu_layers=request.gpu_layers,
            memory_mapping=request.options.memory_mapping,
        )
        try:
            workplace = Workplace(model, request, fit, self._abort)
        except EngineFault:
            model.free()
            raise
        workplace.load_seconds = time.perf_counter() - started
        self._workplace = workplace
        return ModelLoaded(
            facts=workplace.facts(),
            chat_template=model.chat_template,
            bos_text=model.token_text(model.bos),
            eos_text=model.token_text(model.eos),
            adds_bos=model.adds_bos,
            trained_context=model.trained_context,
            vocabulary_size=model.vocabulary_size,
            control_texts=model.control_texts,
        )

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[GenerationEvent]:
        """Continue all prompts by continuous batching."""
        workplace = self._require_model()
        self._abort.clear()
        return workplace.generate(prompts)

    def measure_speed(self, tests: Sequence[SpeedTest], repetitions: int) -> Iterator[SpeedSampled]:
        """Measure as llama-bench does, one test after another."""
        workplace = self._require_model()
        self._abort.clear()
        meter = SpeedMeter(
            workplace.model, workplace.threads, self._abort, workplace.request.options
        )
        return self._measure(meter, tests, repetitions)

    def score_continuations(self, items: Sequence[ContinuationSet]) -> Iterator[LikelihoodEvent]:
        """Tell how likely texts are, in a context made for that and freed again."""
        return score_continuations(self._make_scorer(), items)

    def measure_perplexity(
        self, text: str, context_tokens: int = 512, stride: int = 0
    ) -> Iterator[PerplexityMeasured]:
        """Measure as llama-perplexity does, in a context made for that and freed again."""
        return measure_perplexity(self._make_scorer(), text, context_tokens, stride)

    def measure_divergence(
        self, reference: LoadModel, text: str, context_tokens: int = 512
    ) -> Iterator[DivergenceMeasured]:
        """Read with both models in turn; the reference is freed at the end."""
        return self._measure_divergence(self._make_scorer(), reference, text, context_tokens)

    def quantise(self, request: Quantise) -> Iterator[QuantiseEvent]:
        """Make a smaller copy of a model, beside whatever is loaded."""
        return quantise(request)

    def estimate_memory(self, request: LoadModel) -> MemoryNeed:
        """Ask llama.cpp's own accounting, without loading weights."""
        return self._measure_fit(request).need

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

    def _measure_divergence(
        self, scorer: PathScorer, reference: LoadModel, text: str, context_tokens: int
    ) -> Iterator[DivergenceMeasured]:
        fit = self._measure_fit(reference)
        check_fit(reference, fit)
        request = msgspec.structs.replace(reference, gpu_layers=choose_gpu_layers(reference, fit))
        other = Model(
            request.path,
            gpu_layers=request.gpu_layers,
            memory_mapping=request.options.memory_mapping,
        )
        try:
            reference_scorer = PathScorer(
                other,
                request,
                self._abort,
                threads=self._require_model().threads[1],
                cache_bytes_per_token=fit.cache_bytes_per_token,
            )
            yield from measure_divergence(
                scorer, reference_scorer, text, context_tokens, self._abort
            )
        finally:
            other.free()

    def _make_scorer(self) -> PathScorer:
        workplace = self._require_model()
        self._abort.clear()
        return PathScorer(
            workplace.model,
            workplace.request,
            self._abort,
            threads=workplace.threads[1],
            cache_bytes_per_token=workplace.fit.cache_bytes_per_token,
            describe=workplace.describe_scoring,
        )

    def _measure_fit(self, request: LoadModel) -> Fit:
        return measure_fit(request, request.threads or thread_choices()[0])

    def _require_model(self) -> Workplace:
        if self._workplace is None:
            raise EngineFault("No model is loaded.")
        return self._workplace

    def _free(self) -> None:
        if self._workplace is not None:
            self._workplace.free()
        self._workplace = None
