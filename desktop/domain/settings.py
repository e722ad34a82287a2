"""The settings of a run: everything that can change an answer or a speed, recorded with it."""

from enum import StrEnum

from desktop.domain.base import Value


class FlashAttention(StrEnum):
    """Whether attention is computed in one fused pass; `auto` leaves it to llama.cpp."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"


class CacheType(StrEnum):
    """How keys or values are stored in the KV cache, in ggml's names of types."""

    F32 = "f32"
    F16 = "f16"
    BF16 = "bf16"
    Q8_0 = "q8_0"
    Q5_1 = "q5_1"
    Q5_0 = "q5_0"
    Q4_1 = "q4_1"
    Q4_0 = "q4_0"
    IQ4_NL = "iq4_nl"


class EngineOptions(Value, frozen=True, kw_only=True):
    """How llama.cpp holds and runs a model, beyond its context's size.

    The defaults are llama.cpp's own. `memory_mapping` reads weights through the system's page
    cache. `rope_frequency_base` and `rope_frequency_scale` stretch the context of models that
    were made for that; `None` keeps what the file says. A quantised `value_cache_type` needs
    flash attention. `physical_batch_tokens` is llama.cpp's `n_ubatch`.
    """

    flash_attention: FlashAttention = FlashAttention.AUTO
    key_cache_type: CacheType = CacheType.F16
    value_cache_type: CacheType = CacheType.F16
    memory_mapping: bool = True
    rope_frequency_base: float | None = None
    rope_frequency_scale: float | None = None
    physical_batch_tokens: int = 512


class Sampling(Value, frozen=True, kw_only=True):
    """How the next token is chosen. A `temperature` of 0 is greedy and makes the rest moot."""

    temperature: float = 0.0
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    seed: int = 0


class RunSettings(Value, frozen=True, kw_only=True):
    """What a run is made with; `None` leaves the choice to the engine, which records it.

    `context_tokens` is the context of one sequence. `parallel_sequences` of `None` is throughput
    mode: as many as pay on this machine, found by a short trial, with shared beginnings of prompts
    read once. 1 is reproducible mode: one case at a time, nothing shared, the same bytes on every
    run on one machine. `max_tokens` limits an answer, for cases that set no limit of their own.
    A model that thinks first may do so for `max_thinking_tokens`, and is cut off there; with a
    `thinking_budget` its thinking is ended after so many tokens and it goes on to its answer.
    `gpu_layers` of -1 means as many as fit. `case_timeout_seconds` ends a case that hangs; of
    several cases at once each has a share of the engine, and only that share counts.
    With `likelihood_in_chat` cases that likelihood decides are put into the model's chat template;
    otherwise they are running text, as in lm-evaluation-harness by default.
    """

    sampling: Sampling = Sampling()
    max_tokens: int = 256
    context_tokens: int | None = None
    parallel_sequences: int | None = None
    max_thinking_tokens: int = 4096
    thinking_budget: int | None = None
    threads: int | None = None
    gpu_layers: int = -1
    engine: EngineOptions = EngineOptions()
    system_prompt: str | None = None
    repeats: int = 1
    case_timeout_seconds: float = 600.0
    likelihood_in_chat: bool = False

    @property
    def is_reproducible(self) -> bool:
        """Whether this is reproducible mode: one case at a time, nothing shared."""
        return self.parallel_sequences == 1


class SpeedTest(Value, frozen=True, kw_only=True):
    """One line of a speed probe, named as llama-bench does: `pp512` or `tg128`, `@ d1024`.

    With `prompt_tokens` the prompt is measured, with `generated_tokens` the generation; `depth`
    tokens are in the context before, untimed.
    """

    prompt_tokens: int = 0
    generated_tokens: int = 0
    depth: int = 0

    @property
    def name(self) -> str:
        """llama-bench's name of this test."""
        parts = [f"pp{self.prompt_tokens}"] if self.prompt_tokens else []
        if self.generated_tokens:
            parts.append(f"tg{self.generated_tokens}")
        depth = f" @ d{self.depth}" if self.depth else ""
        return "+".join(parts) + depth


class ProbePlan(Value, frozen=True, kw_only=True):
    """A speed probe: its tests, and how often each is repeated (5, as llama-bench does)."""

    id: str = "speed"
    tests: tuple[SpeedTest, ...] = (
        SpeedTest(prompt_tokens=512),
        SpeedTest(generated_tokens=128),
    )
    repetitions: int = 5
