"""How well models foresee the text of a file, and how far they are from a reference."""

import contextlib
from collections.abc import Callable
from pathlib import Path

from desktop.domain.base import Value
from desktop.domain.text_figures import TextFigures, add_figures
from desktop.errors import EngineFault, UserError
from desktop.inference.engine import (
    DivergenceMeasured,
    EngineFactory,
    LoadModel,
    PerplexityMeasured,
)
from desktop.statistics.divergence import LEAST_TOKENS, DivergenceFigures, summarise_divergence
from desktop.worker.engine_process import MOST_TEXT_BYTES

Tell = Callable[[int, int], None]


class TextRequest(Value, frozen=True, kw_only=True):
    """A text, and how it is read. `stride` 0 means chunks side by side."""

    text: str
    context_tokens: int = 512
    stride: int = 0
    threads: int | None = None
    gpu_layers: int = -1


class TextMeasured(Value, frozen=True, kw_only=True):
    """One model's figures; `reference` and `divergence` where it was held against another."""

    chunks: int
    figures: TextFigures
    reference: TextFigures | None = None
    divergence: DivergenceFigures | None = None


def read_text(path: Path) -> str:
    """Return a file's text without its last line's end, as llama-perplexity reads it.

    Raises `UserError` for what is no readable text within the limit of size.
    """
    try:
        if not path.is_file():
            raise UserError(f"There is no text file {path}.", remedy="Name a file of UTF-8 text.")
        if path.stat().st_size > MOST_TEXT_BYTES:
            raise UserError(
                f"{path} is larger than {MOST_TEXT_BYTES / 1e6:.0f} MB.",
                remedy="Take a part of it: a few MB are enough for any figure.",
            )
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is not UTF-8 text: byte {error.start + 1:,} is none.",
            remedy="Save the file with the encoding UTF-8.",
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"{path} could not be read: {reason}.") from None
    if not text.strip():
        raise UserError(f"{path} has no text in it.", remedy="Name a longer file.")
    return text.removesuffix("\n")


def measure_text(
    start_engine: EngineFactory,
    model: str,
    request: TextRequest,
    reference: str | None = None,
    tell: Tell = lambda _done, _all: None,
) -> TextMeasured:
    """Measure one model; `tell` hears of each chunk. `EngineFault` for what can't be measured."""
    with contextlib.closing(start_engine()) as engine:
        engine.load(_load(model, request))
        if reference is None:
            found: list[PerplexityMeasured] = []
            for part in engine.measure_perplexity(
                request.text, request.context_tokens, request.stride
            ):
                found.append(part)
                tell(len(found), part.chunks)
            return TextMeasured(chunks=len(found), figures=_add(found))
        if request.stride:
            raise EngineFault("Models are held against a reference without a stride.")
        compared: list[DivergenceMeasured] = []
        for each in engine.measure_divergence(
            _load(reference, request), request.text, request.context_tokens
        ):
            compared.append(each)
            tell(len(compared), each.chunks)
        return _compare(compared)


def _load(path: str, request: TextRequest) -> LoadModel:
    # Read for itself, a chunk has the same value always.
    return LoadModel(
        path=path,
        parallel_sequences=1,
        threads=request.threads,
        gpu_layers=request.gpu_layers,
    )


def _compare(parts: list[DivergenceMeasured]) -> TextMeasured:
    figures = _add([part.model for part in parts])
    reference = _add([part.reference for part in parts])
    divergence = summarise_divergence(
        [value for part in parts for value in part.divergences],
        [value for part in parts for value in part.changes],
        same_top=sum(part.same_top for part in parts),
        difference=figures.mean - reference.mean,
    )
    if divergence is None:
        raise EngineFault(
            f"Only {figures.tokens:,} tokens were compared; a divergence needs at least"
            f" {LEAST_TOKENS}."
        )
    return TextMeasured(
        chunks=len(parts), figures=figures, reference=reference, divergence=divergence
    )


def _add(parts: list[PerplexityMeasured]) -> TextFigures:
    return add_figures(
        TextFigures(
            tokens=part.tokens,
            bytes=part.scored_bytes,
            words=part.scored_words,
            negative_log_likelihood=part.negative_log_likelihood,
            squares=part.squares,
        )
        for part in parts
    )
