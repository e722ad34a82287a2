"""Models that are read, remembered and checked before a run."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from gguf import GGUFWriter

from desktop.domain.language_model import LanguageModel, MemoryNeed
from desktop.domain.machine import Gpu
from desktop.domain.settings import CacheType, EngineOptions, RunSettings
from desktop.errors import Cancelled, EngineFault, EnvironmentFault, UserError
from desktop.evaluation.control import RunControl
from desktop.inference.engine import LoadModel
from desktop.inference.scripted import ScriptedEngine
from desktop.probes.machine import inspect_machine
from desktop.storage.database import Database
from desktop.worker import library
from desktop.worker.demonstration import list_demonstration_models, make_demonstration_script
from desktop.worker.library import (
    MemoryAccountant,
    check_model,
    find_sample_models,
    read_model,
    scan,
)


def write_model(path: Path, name: str = "Tiny", seed: int = 0) -> Path:
    """Write a small GGUF file with random weights."""
    writer = GGUFWriter(path, "llama")
    writer.add_name(name)
    writer.add_block_count(1)
    writer.add_context_length(512)
    writer.add_embedding_length(32)
    writer.add_head_count(4)
    weights = np.random.default_rng(seed).normal(size=(64, 32)).astype(np.float32)
    writer.add_tensor("token_embd.weight", weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "test.sqlite") as opened:
        yield opened


def test_a_folder_gives_its_models_and_what_is_broken(tmp_path: Path) -> None:
    write_model(tmp_path / "one.gguf")
    (tmp_path / "two.gguf").write_bytes(b"GGUF")
    found = scan([tmp_path])
    assert [Path(model.path).name for model in found.models] == ["one.gguf"]
    assert [Path(problem.path).name for problem in found.problems] == ["two.gguf"]


def test_a_folder_with_several_models_does_not_name_one(tmp_path: Path) -> None:
    write_model(tmp_path / "one.gguf")
    assert read_model(tmp_path).facts.header_name == "Tiny"
    write_model(tmp_path / "two.gguf", seed=1)
    with pytest.raises(UserError, match="2 models"):
        read_model(tmp_path)


def test_a_model_is_hashed_once_and_remembered(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_model(tmp_path / "one.gguf")
    (model,) = database.models.save(scan([path]).models)
    checked = check_model(model, database.models, RunControl())
    assert checked.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert checked.id == model.id

    monkeypatch.setattr("desktop.worker.collection.hash_files", lambda *_, **__: 1 / 0)
    again = check_model(model, database.models, RunControl())
    assert again.sha256 == checked.sha256


def test_a_file_that_was_exchanged_under_a_begun_run_is_refused(
    database: Database, tmp_path: Path
) -> None:
    path = write_model(tmp_path / "one.gguf")
    (model,) = database.models.save(scan([path]).models)
    begun = check_model(model, database.models, RunControl())
    before = path.stat()
    write_model(path, seed=5)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 10**9))
    with pytest.raises(UserError, match="has changed"):
        check_model(begun, database.models, RunControl())


def test_a_file_that_is_gone_is_told(database: Database, tmp_path: Path) -> None:
    path = write_model(tmp_path / "one.gguf")
    (model,) = database.models.save(scan([path]).models)
    path.unlink()
    with pytest.raises(UserError, match="is gone"):
        check_model(model, database.models, RunControl())


def test_hashing_ends_when_the_run_is_cancelled(database: Database, tmp_path: Path) -> None:
    (model,) = database.models.save(scan([write_model(tmp_path / "one.gguf")]).models)
    control = RunControl()
    control.cancel()
    with pytest.raises(Cancelled):
        check_model(model, database.models, control)


def test_the_sample_models_are_offered_only_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHSTONE_SAMPLE_MODELS", str(tmp_path))
    write_model(tmp_path / "gemma-3-270m-q4_k_m.gguf", "Gemma")
    assert find_sample_models() == ()
    write_model(tmp_path / "SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2")
    assert [model.facts.name for model in find_sample_models()] == [
        "SmolLM2-135M-Instruct",
        "gemma-3-270m",
    ]


def _tiny(tmp_path: Path) -> LanguageModel:
    return read_model(write_model(tmp_path / "one.gguf"))


def test_a_model_that_does_not_fit_is_refused_with_both_figures(tmp_path: Path) -> None:
    accountant = MemoryAccountant(ScriptedEngine, lambda: 100_000_000)
    with pytest.raises(EnvironmentFault) as refusal:
        accountant.require(_tiny(tmp_path), RunSettings(context_tokens=4096))
    assert refusal.value.exit_code == 3
    assert "4,096 tokens" in refusal.value.message
    assert "0.1 GB are free" in refusal.value.message


def test_sequences_left_to_the_engine_are_no_reason_to_refuse(tmp_path: Path) -> None:
    """It takes fewer when memory is short, so that one is all that must fit."""
    accountant = MemoryAccountant(ScriptedEngine, lambda: 400_000_000)
    chosen = RunSettings(context_tokens=4096, parallel_sequences=16)
    with pytest.raises(EnvironmentFault, match="each of 16 cases at once needs") as refusal:
        accountant.require(_tiny(tmp_path), chosen)
    assert "to the engine" in refusal.value.remedy
    left = msgspec.structs.replace(chosen, parallel_sequences=None)
    assert accountant.require(_tiny(tmp_path), left).need.sequences == 1


def test_the_engine_is_asked_with_the_options_of_the_run(tmp_path: Path) -> None:
    asked: list[LoadModel] = []

    class Noting(ScriptedEngine):
        def estimate_memory(self, request: LoadModel) -> MemoryNeed:
            asked.append(request)
            return super().estimate_memory(request)

    accountant = MemoryAccountant(Noting, lambda: 10**12)
    model, options = _tiny(tmp_path), EngineOptions(key_cache_type=CacheType.Q8_0)
    for engine in (EngineOptions(), options, options):
        accountant.check(model, RunSettings(engine=engine, gpu_layers=0), ask_engine=True)
    assert [request.options for request in asked] == [EngineOptions(), options]
    assert {request.gpu_layers for request in asked} == {0}


def test_a_model_that_the_engine_refuses_is_bad_input(tmp_path: Path) -> None:
    class Refusing(ScriptedEngine):
        def estimate_memory(self, request: LoadModel):  # type: ignore[no-untyped-def]  # noqa: ANN202
            raise EngineFault(f"No such architecture in {request.path}.")

    accountant = MemoryAccountant(Refusing, lambda: 10**12)
    with pytest.raises(UserError, match="No such architecture") as refusal:
        accountant.require(_tiny(tmp_path), RunSettings())
    assert refusal.value.exit_code == 2


def test_the_formula_answers_without_an_engine(tmp_path: Path) -> None:
    def refuse() -> ScriptedEngine:
        raise AssertionError

    fit = MemoryAccountant(refuse, lambda: 10**12).check(_tiny(tmp_path), RunSettings())
    assert fit.need.source == "formula"
    assert fit.fits


def test_pretended_models_say_that_they_are_and_answer_the_bundled_suites(
    database: Database,
) -> None:
    models = list_demonstration_models()
    assert len(models) == 2
    assert all("Pretended" in model.facts.name for model in models)
    assert check_model(models[0], database.models, RunControl()) == models[0]
    script = make_demonstration_script()
    assert len(script.replies) >= 2 * 30
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(script), type=type(script)) == script


def test_the_formula_counts_what_lies_beside_only_where_the_processor_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count(gpus: tuple[Gpu, ...], gpu_layers: int) -> int:
        machine = msgspec.structs.replace(inspect_machine(), gpus=gpus)
        monkeypatch.setattr(library, "_inspect_once", lambda: machine)
        accountant = MemoryAccountant(ScriptedEngine, lambda: 10**12)
        settings = RunSettings(gpu_layers=gpu_layers)
        return accountant.check(_tiny(tmp_path), settings).need.beside_bytes

    card = Gpu(name="Card", memory_bytes=8 << 30)
    assert count((), -1) > 0
    assert count((card,), 0) == count((), -1)
    assert count((card,), -1) == 0
