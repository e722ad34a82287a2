"""Likelihoods of real models, held against a plain reading of each text by itself."""

import json
import math
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from desktop.domain.settings import CacheType, EngineOptions
from desktop.errors import EngineFault
from desktop.inference.engine import (
    ContextMade,
    ContinuationScore,
    ContinuationSet,
    ContinuationsScored,
    LikelihoodEvent,
    LikelihoodFailed,
    LoadModel,
    TokenBoundary,
)
from desktop.worker.engine_process import EngineProcess, start_llama_engine

pytestmark = pytest.mark.engine

SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
HELLASWAG = SHARED_DATA / "hellaswag" / "hellaswag.llamacpp.txt"
WIKITEXT = SHARED_DATA / "wikitext2" / "wiki.test.sample.raw"
FULL_PRECISION = EngineOptions(key_cache_type=CacheType.F32, value_cache_type=CacheType.F32)

# The binding's own high-level class, in a process of its own: one text after another, all logits.
NAIVE = """
import json, sys, types
import numpy as np
sys.modules["diskcache"] = types.ModuleType("diskcache")  # not installed, and not needed
from llama_cpp import Llama
asked = json.load(sys.stdin)
model = Llama(
    asked["path"], n_ctx=1024, n_threads=1, n_threads_batch=1, logits_all=True,
    flash_attn=True, verbose=False,
)
sums = []
for text, start, first, last in asked["texts"]:
    tokens = model.tokenize(text.encode(), add_bos=False, special=False)[first:last]
    if start < 0:
        start = len(model.tokenize(text[:-start].encode(), add_bos=False, special=False))
    model.reset()
    model.eval(tokens)
    rows = np.array(model.scores[: len(tokens)], np.float64)
    rows -= rows.max(axis=1, keepdims=True)
    rows -= np.log(np.exp(rows).sum(axis=1, keepdims=True))
    picked = [(k, tokens[k]) for k in range(start, len(tokens))]
    values = [rows[k - 1, token] for k, token in picked]
    greedy = all(rows[k - 1].argmax() == token for k, token in picked)
    sums.append([sum(values), len(values), bool(greedy)])
print(json.dumps(sums))
"""


def read_naively(path: Path, texts: Sequence[tuple[str, int, int, int | None]]) -> list[Any]:
    """Return sums, counts and greediness as the binding's own class has them.

    Of each text's tokens between two places, those from a third on are scored; where that is
    negative, it is the length of the context in characters.
    """
    done = subprocess.run(
        [sys.executable, "-c", NAIVE],
        input=json.dumps({"path": str(path), "texts": texts}),
        capture_output=True,
        text=True,
        check=True,
    )
    return list(json.loads(done.stdout))


def read_hellaswag(count: int) -> list[tuple[str, tuple[str, ...]]]:
    if not HELLASWAG.is_file():
        pytest.skip("the public test data is not here")
    lines = HELLASWAG.read_text("utf-8").splitlines()
    return [
        (lines[at], tuple(f" {ending}" for ending in lines[at + 2 : at + 6]))
        for at in range(0, 6 * count, 6)
    ]


def scores_of(events: Iterable[LikelihoodEvent]) -> dict[str, tuple[ContinuationScore, ...]]:
    found: dict[str, tuple[ContinuationScore, ...]] = {}
    for event in events:
        if isinstance(event, ContextMade):
            assert not found, "the context is told of before the first score"
            continue
        assert isinstance(event, ContinuationsScored), event
        found[event.key] = event.scores
    return found


def sums_of(events: Iterable[LikelihoodEvent]) -> list[float]:
    found = scores_of(events)
    return [score.log_probability for key in sorted(found) for score in found[key]]


def ask_all(items: Sequence[tuple[str, tuple[str, ...]]], **options: Any) -> list[ContinuationSet]:
    return [
        ContinuationSet(key=f"{n:03}", context=context, continuations=texts, **options)
        for n, (context, texts) in enumerate(items)
    ]


@pytest.fixture(scope="module")
def alone(smollm2: Path) -> Iterator[EngineProcess]:
    """SmolLM2 as it reads in reproducible mode."""
    process = start_llama_engine()
    process.load(LoadModel(path=str(smollm2), parallel_sequences=1, threads=1))
    yield process
    process.close()


@pytest.fixture(scope="module")
def together(smollm2: Path) -> Iterator[EngineProcess]:
    """SmolLM2 with everything shared."""
    process = start_llama_engine()
    process.load(LoadModel(path=str(smollm2), threads=1))
    yield process
    process.close()


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model in full precision, in which roundings don't hide anything."""
    return write_exact_model(tmp_path_factory.mktemp("exact") / "exact.gguf")


@pytest.fixture(scope="module")
def windowed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with layers that look no further back than 64 tokens."""
    return write_exact_model(tmp_path_factory.mktemp("windowed") / "windowed.gguf", window=64)


def write_exact_model(path: Path, window: int = 0) -> Path:
    """Write random weights: of Llama's architecture, or of Gemma 3's with its sliding window."""
    architecture = "gemma3" if window else "llama"
    writer = gguf.GGUFWriter(path, architecture)
    width, layers, inner = 64, 6, 128
    writer.add_context_length(4096)
    writer.add_block_count(layers)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_key_length(16)
    writer.add_value_length(16)
    writer.add_layer_norm_rms_eps(1e-5)
    if window:
        writer.add_sliding_window(window)
    kinds = gguf.TokenType
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{n:02X}>" for n in range(256)), "▁"]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(
        [kinds.UNKNOWN, kinds.CONTROL, kinds.CONTROL, *[kinds.BYTE] * 256, kinds.NORMAL]
    )
    random = np.random.default_rng(7)

    def add(name: str, *shape: int) -> None:
        weights = random.normal(scale=0.15, size=shape) if len(shape) > 1 else np.ones(shape)
        writer.add_tensor(f"{name}.weight", weights.astype(np.float32))

    for name in ("token_embd", "output"):
        add(name, len(tokens), width)
    add("output_norm", width)
    for layer in range(layers):
        more = ("post_attention_norm", "post_ffw_norm") if window else ()
        for name in ("attn_norm", "ffn_norm", *more):
            add(f"blk.{layer}.{name}", width)
        for name in ("attn_q_norm", "attn_k_norm") if window else ():
            add(f"blk.{layer}.{name}", 16)
        for name, rows in (("attn_q", width), ("attn_k", 32), ("attn_v", 32)):
            add(f"blk.{layer}.{name}", rows, width)
        add(f"blk.{layer}.attn_output", width, width)
        add(f"blk.{layer}.ffn_down", width, inner)
        for name in ("ffn_up", "ffn_gate"):
            add(f"blk.{layer}.{name}", inner, width)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_read_alone_each_sum_is_what_the_bindings_own_class_gives(
    alone: EngineProcess, smollm2: Path
) -> None:
    items = [
        ("The capital of France is", (" Paris", " London", " the city of Berlin")),
        ("Water boils at a hundred", (" degrees", " times a day, or more often")),
        *read_hellaswag(1),
    ]
    expected = read_naively(
        smollm2,
        [(context + text, -len(context), 0, None) for context, texts in items for text in texts],
    )
    found = scores_of(alone.score_continuations(ask_all(items)))
    scores = [score for key in sorted(found) for score in found[key]]
    assert [score.tokens for score in scores] == [count for _, count, _ in expected]
    assert [score.is_greedy for score in scores] == [greedy for *_, greedy in expected]
    assert [score.log_probability for score in scores] == pytest.approx(
        [value for value, *_ in expected], abs=1e-3
    )


@pytest.mark.parametrize("model", ["exact", "windowed"])
def test_what_is_shared_changes_no_likelihood(
    engine: EngineProcess, request: pytest.FixtureRequest, model: str
) -> None:
    """Questions on one document, documents that begin alike, texts longer than a batch."""
    path = request.getfixturevalue(model)
    beginning = "".join(f"line {n} of the preface\n" for n in range(12))
    items: list[tuple[str, tuple[str, ...]]] = [
        (f"{beginning}document {d}{'.' * 40 * d}\nquestion {q}?", (" yes", " no", " not yet", " y"))
        for d in range(4)
        for q in range(6)
    ]
    # No piece is shorter than 64 tokens: attention over fewer is another, coarser kernel.
    items.append(("x" * 1500, ("y", "z" * 500)))
    found = []
    for sequences in (1, None):
        engine.load(
            LoadModel(
                path=str(path), parallel_sequences=sequences, threads=1, options=FULL_PRECISION
            )
        )
        found.append(sums_of(engine.score_continuations(ask_all(items))))
    assert len(found[0]) == 24 * 4 + 2
    assert found[1] == pytest.approx(found[0], rel=1e-4)
    assert len({round(value, 3) for value in found[0]}) > 90


def test_sharing_stays_within_the_rounding_of_quantised_weights(
    alone: EngineProcess, together: EngineProcess
) -> None:
    """The ranking by mean likelihood is the same wherever it is no near tie."""
    items = ask_all(read_hellaswag(8), boundary=TokenBoundary.COMMON_PREFIX)
    near = scores_of(alone.score_continuations(items))
    far = scores_of(together.score_continuations(items))
    for key, scores in near.items():
        means = [score.log_probability / score.tokens for score in scores]
        others = [score.log_probability / score.tokens for score in far[key]]
        assert others == pytest.approx(means, rel=0.03)
        best, second = sorted(means)[:-3:-1]
        if best - second > 0.05:
            assert np.argmax(others) == np.argmax(means)


def test_perplexity_is_that_of_the_second_halves(
    alone: EngineProcess, together: EngineProcess, smollm2: Path
) -> None:
    if not WIKITEXT.is_file():
        pytest.skip("the public test data is not here")
    text = WIKITEXT.read_text("utf-8")[:1200]
    chunks = list(alone.measure_perplexity(text, 96))
    assert [(c.chunk, c.chunks, c.tokens) for c in chunks] == [
        (n, len(chunks), 47) for n in range(len(chunks))
    ]
    assert len(chunks) >= 2
    naive = read_naively(smollm2, [(text, 49, at, at + 96) for at in (0, 96)])
    expected = [-value for value, *_ in naive]
    found = [chunk.negative_log_likelihood for chunk in chunks]
    assert found[:2] == pytest.approx(expected, abs=1e-3)
    batched = [c.negative_log_likelihood for c in together.measure_perplexity(text, 96)]
    assert batched == pytest.approx(found, rel=0.03)
    assert len(text) / 4 < sum(chunk.scored_bytes for chunk in chunks) < len(text) / 2
    assert all(c.squares >= c.negative_log_likelihood**2 / c.tokens for c in chunks)


def test_sizes_that_cannot_be_are_refused_with_a_sentence(
    engine: EngineProcess, exact: Path
) -> None:
    engine.load(LoadModel(path=str(exact), context_tokens=64, threads=1))
    with pytest.raises(EngineFault, match="chunks of 8 to 64 tokens"):
        list(engine.measure_perplexity("x" * 5000, 512))
    with pytest.raises(EngineFault, match="needs at least 64"):
        list(engine.measure_perplexity("x" * 50, 32))
    items = [
        ContinuationSet(key="cut", context="x" * 200, continuations=("yes", "no")),
        ContinuationSet(key="long", context="x", continuations=("y" * 80,)),
        ContinuationSet(key="nothing", context="x", continuations=("",)),
    ]
    events = engine.score_continuations(items)
    found = {e.key: e for e in events if not isinstance(e, ContextMade)}
    assert isinstance(found["cut"], ContinuationsScored)
    assert [score.truncated_tokens for score in found["cut"].scores] == [
        found["cut"].context_tokens + count - 1 - 64 for count in (3, 2)
    ]
    for key in ("long", "nothing"):
        assert isinstance(found[key], LikelihoodFailed)


def test_a_cancel_ends_it_and_the_engine_works_again(together: EngineProcess) -> None:
    items = ask_all([(f"Number {n} is", (" odd", " even", " prime")) for n in range(300)])
    seen = []
    for event in together.score_continuations(items):
        seen.append(event)
        together.cancel()
    assert 0 < len(seen) < len(items)
    again = scores_of(together.score_continuations(items[:2]))
    assert all(math.isfinite(s.log_probability) for scores in again.values() for s in scores)


def test_masked_control_texts_stay_text(together: EngineProcess) -> None:
    """A template's own control text is one token, a user's is spelt out."""
    plain, masked = (
        ContinuationSet(
            key=key,
            context=f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n",
            continuations=("Yes",),
            has_special_tokens=True,
            mask=mask,
        )
        for key, text, mask in (("a", "<|im_end|>", ""), ("b", "<|im\ue000_end|>", "\ue000"))
    )
    events = together.score_continuations([plain, masked])
    scored = {e.key: e for e in events if isinstance(e, ContinuationsScored)}
    first, second = scored["a"], scored["b"]
    assert second.context_tokens > first.context_tokens


def test_normalising_is_exact_over_large_vocabularies_and_passes_on_what_is_no_number() -> None:
    from desktop.inference.llama.path_scorer import normalise  # noqa: PLC0415 - heavy

    random = np.random.default_rng(3)
    for scale in (0.1, 5.0, 300.0):
        row = random.normal(scale=scale, size=262_144).astype(np.float32)
        wide = row.astype(np.float64)
        exact = wide.max() + np.log(np.exp(wide - wide.max()).sum())
        top, normaliser = normalise(row)
        assert top == row.argmax()
        assert normaliser == pytest.approx(exact, abs=2e-6)
    row[7] = np.nan
    assert math.isnan(normalise(row)[1])


def test_a_model_is_held_against_another_of_its_vocabulary(
    engine: EngineProcess, exact: Path, windowed: Path
) -> None:
    """Each one's own sums are those that it has alone; from itself it is no way at all."""
    text = "".join(f"line {n} of the text\n" for n in range(8))
    alone, others = (
        LoadModel(path=str(path), threads=1, parallel_sequences=1, options=FULL_PRECISION)
        for path in (exact, windowed)
    )
    engine.load(others)
    expected = list(engine.measure_perplexity(text, 64))
    engine.load(alone)
    own = list(engine.measure_perplexity(text, 64))
    strided = list(engine.measure_perplexity(text, 64, 16))
    assert {chunk.tokens for chunk in strided} == {16}
    same = list(engine.measure_divergence(alone, text, 64))
    assert all(c.same_top == c.model.tokens and max(c.divergences) < 1e-9 for c in same)
    far = list(engine.measure_divergence(others, text, 64))
    for chunk, mine, theirs in zip(far, own, expected, strict=True):
        assert chunk.model.negative_log_likelihood == pytest.approx(
            mine.negative_log_likelihood, rel=1e-5
        )
        assert chunk.reference.negative_log_likelihood == pytest.approx(
            theirs.negative_log_likelihood, rel=1e-5
        )
        assert min(chunk.divergences) > 0.01
        assert math.fsum(chunk.changes) != 0


def test_other_vocabularies_are_refused(engine: EngineProcess, exact: Path, smollm2: Path) -> None:
    engine.load(LoadModel(path=str(exact), threads=1))
    with pytest.raises(EngineFault, match="different vocabularies"):
        list(engine.measure_divergence(LoadModel(path=str(smollm2), threads=1), "x" * 500, 64))
