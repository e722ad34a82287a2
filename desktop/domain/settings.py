"""The settings of a run: everything that can change an answer or a speed, recorded with it."""

from desktop.domain.base import Value


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

    `context_tokens` is the context of one sequence. `parallel_sequences` of 1 is the
    reproducible mode: bit-stable answers. `max_tokens` holds for cases that set no limit of
    their own. `gpu_layers` of -1 means as many as fit. `case_timeout_seconds` ends a case that
    hangs.
    """

    sampling: Sampling = Sampling()
    max_tokens: int = 256
    context_tokens: int | None = None
    parallel_sequences: int = 1
    threads: int | None = None
    gpu_layers: int = -1
    system_prompt: str | None = None
    repeats: int = 1
    case_timeout_seconds: float = 600.0


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
