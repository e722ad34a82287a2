"""Whatever a benchmark's file holds, an import ends in a suite or in one sentence."""

import functools
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from desktop.errors import UserError
from desktop.suites.importers.exporting import format_publisher_files
from desktop.suites.importers.harness_results import read_harness_results
from desktop.suites.importers.importing import import_benchmark

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not here")

ROUNDS = 40
FILES = {
    "arc": "arc/ARC-Easy.jsonl",
    "belebele": "belebele/belebele.jsonl",
    "boolq": "boolq/boolq-validation.jsonl",
    "copa": "copa/copa-validation.jsonl",
    "gsm8k": "gsm8k/gsm8k.jsonl",
    "hellaswag": "hellaswag/hellaswag.jsonl",
    "human_eval": "human_eval/human_eval.jsonl",
    "ifeval": "ifeval/input_data.jsonl",
    "mgsm": "mgsm/mgsm_de.tsv",
    "mmlu": "mmlu/test/anatomy_test.csv",
    "mt_bench": "mt-bench/question.jsonl",
    "openai_evals": "openai-evals/samples.jsonl",
    "squad": "squad/squad.jsonl",
    "svamp": "svamp/svamp.jsonl",
    "triviaqa": "triviaqa/triviaqa_sm_sub.jsonl",
    "truthfulqa_mc2": "truthfulqa/truthfulqa.jsonl",
    "wikitext": "wikitext2/wiki.test.sample.raw",
    "winogrande": "winogrande/winogrande.llamacpp.csv",
}
PIECES = (b"null", b"-1", b"1e400", b"[]", b"{}", b'""', b"\x00", b"\xff", b"\n", b"\t", b",", b'"')
VALUES: tuple[Any, ...] = (None, True, -1, 1e308, [], {}, "", " ", "x", [1], [None], [{}], 10**30)


def _break_bytes(content: bytes, chance: random.Random) -> bytes:
    broken = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(broken) + 1)
        end = place + chance.choice((0, 0, 1, 40))
        broken[place:end] = chance.choice((*PIECES, b"", bytes([chance.randrange(256)])))
    return bytes(broken)


def _break_values(value: Any, chance: random.Random) -> None:
    """Put something else in the place of one value, at any depth."""
    while isinstance(value, dict | list) and value:
        key: Any = chance.choice(list(value) if isinstance(value, dict) else range(len(value)))
        inner = value[key]
        if not isinstance(inner, dict | list) or not inner or chance.random() < 0.5:
            value[key] = chance.choice(VALUES)
            return
        value = inner


def _broken(line: bytes, suffix: str, chance: random.Random) -> bytes:
    if suffix != ".jsonl" or chance.random() < 0.4:
        return _break_bytes(line, chance)
    value = json.loads(line)
    _break_values(value, chance)
    return json.dumps(value).encode()


def _there_and_back(name: str, path: Path) -> None:
    format_publisher_files(import_benchmark(name, [path]))


def _expect_a_sentence(read: Callable[[], object], place: Path) -> None:
    """Read; what is refused names the place in one line, and anything else raised is a bug."""
    try:
        read()
    except UserError as refusal:
        told = str(refusal)
    else:
        return
    assert str(place) in told
    assert "\n" not in told


@pytest.mark.parametrize("name", FILES)
def test_broken_benchmarks_are_told_in_a_sentence(name: str, tmp_path: Path) -> None:
    chance = random.Random(name)  # noqa: S311 - the same files each time
    source = DATA / FILES[name]
    lines = [line for line in source.read_bytes().split(b"\n")[:200] if line]
    path = tmp_path / source.name
    for _ in range(ROUNDS):
        line = chance.choice(lines) if source.suffix == ".jsonl" else b"\n".join(lines[:8])
        path.write_bytes(_broken(line, source.suffix, chance))
        _expect_a_sentence(functools.partial(_there_and_back, name, path), path)


def test_broken_results_are_told_in_a_sentence(tmp_path: Path) -> None:
    chance = random.Random(1)  # noqa: S311 - the same files each time
    folder = DATA / "lm-eval-results" / "negotiationtom_qwen3-8b"
    (results,) = folder.glob("results_*.json")
    for round_ in range(6 * ROUNDS):
        samples = chance.choice(sorted(folder.glob("samples_*.jsonl")))
        texts = {
            results.name: results.read_bytes(),
            samples.name: samples.read_bytes().split(b"\n")[round_ % 20],
        }
        victim = chance.choice(sorted(texts))
        texts[victim] = _broken(texts[victim], ".jsonl", chance)
        place = tmp_path / str(round_)
        place.mkdir()
        for name, content in texts.items():
            (place / name).write_bytes(content)
        _expect_a_sentence(functools.partial(read_harness_results, [place]), place)
