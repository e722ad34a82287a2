"""Hashing in the background: told, paused, held while runs measure, ended at once."""

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.domain.language_model import HashVerdict, LanguageModel
from desktop.gguf import hashing as gguf_hashing
from desktop.gguf.kept_hash import tell_library
from desktop.storage.database import Database
from desktop.storage.model_store import ModelStore
from desktop.worker import hashing
from desktop.worker.hashing import (
    HashingEvent,
    HashingFailed,
    HashingFinished,
    HashingProgressed,
    HashingThread,
)
from desktop.worker.library import scan
from tests.unit.worker.test_library import write_model

SECONDS = 30


class Ear:
    """Hears events and lets a test wait for one."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self.heard: list[HashingEvent] = []
        self._changed = threading.Condition()

    def __call__(self, event: HashingEvent) -> None:
        """Hear an event."""
        with self._changed:
            self.heard.append(event)
            self._changed.notify_all()

    def wait(self, kind: type[HashingEvent], count: int = 1) -> list[HashingEvent]:
        """Return the events of a kind once there are so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.of(kind)) >= count, SECONDS)
            return self.of(kind)

    def of(self, kind: type[HashingEvent]) -> list[HashingEvent]:
        """Return the events of a kind."""
        return [event for event in self.heard if isinstance(event, kind)]


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[ModelStore]:
    with Database.open(tmp_path / "test.sqlite") as opened:
        yield opened.models


@pytest.fixture
def models(
    shelf: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[LanguageModel]:
    monkeypatch.setattr(gguf_hashing, "_CHUNK_BYTES", 1_000)
    paths = [write_model(tmp_path / f"{number}.gguf", seed=number) for number in range(2)]
    return list(shelf.save(scan(paths).models))


@pytest.fixture
def ear() -> Ear:
    return Ear()


def test_models_are_hashed_told_and_remembered(
    shelf: ModelStore, models: list[LanguageModel], ear: Ear
) -> None:
    digests = [hashlib.sha256(Path(model.path).read_bytes()).hexdigest() for model in models]
    (Path(models[0].path).parent / "SHA256SUMS").write_text(f"{digests[0]}  0.gguf\n")
    thread = HashingThread(shelf)
    thread.subscribe(ear)
    thread.submit(models)
    thread.submit(models)
    finished = ear.wait(HashingFinished, 2)
    thread.submit([event.model for event in finished if isinstance(event, HashingFinished)])
    thread.close()
    assert len(ear.of(HashingFinished)) == 2
    kept = {model.id: model for model in shelf.list_models()}
    assert [kept[model.id].sha256 for model in models] == digests
    check = kept[models[0].id].hash_check
    assert check is not None
    assert check.verdict is HashVerdict.MATCHES
    last = [event for event in ear.of(HashingProgressed) if event.model_id == models[1].id][-1]
    assert isinstance(last, HashingProgressed)
    assert last.done_bytes == last.total_bytes == models[1].facts.file_bytes


def test_what_fails_is_one_sentence_and_the_next_is_hashed(
    shelf: ModelStore, models: list[LanguageModel], ear: Ear
) -> None:
    Path(models[0].path).unlink()
    thread = HashingThread(shelf)
    thread.subscribe(ear)
    thread.submit(models)
    (finished,) = ear.wait(HashingFinished)
    thread.close()
    (failed,) = ear.of(HashingFailed)
    assert isinstance(failed, HashingFailed)
    assert failed.model_id == models[0].id
    assert "There is no file" in failed.message
    assert finished.model_id == models[1].id


def test_runs_hold_it_and_it_goes_on_where_it_was(
    shelf: ModelStore, models: list[LanguageModel], ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.worker.hashing._TOLD_EVERY_SECONDS", 0)
    asked = threading.Event()
    free = threading.Event()

    def is_held() -> bool:
        held = len(ear.of(HashingProgressed)) >= 3 and not free.is_set()
        if held:
            asked.set()
        return held

    thread = HashingThread(shelf, is_held)
    thread.subscribe(ear)
    thread.submit(models[:1])
    assert asked.wait(SECONDS)
    assert thread.busy
    assert ear.of(HashingFinished) == []
    free.set()
    ear.wait(HashingFinished)
    thread.close()
    done = [e.done_bytes for e in ear.of(HashingProgressed) if isinstance(e, HashingProgressed)]
    assert done == sorted(set(done))


def test_a_paused_hash_can_be_dropped_and_the_program_ended(
    shelf: ModelStore, models: list[LanguageModel], ear: Ear
) -> None:
    thread = HashingThread(shelf)
    thread.subscribe(ear)
    thread.pause()
    thread.submit(models)
    thread.cancel(models[0].id)
    thread.proceed()
    (finished,) = ear.wait(HashingFinished)
    assert finished.model_id == models[1].id
    thread.pause()
    thread.submit(models[:1])
    thread.close()
    assert {model.id for model in shelf.list_models() if model.sha256} == {models[1].id}
    assert not any(each.name == "hashing" for each in threading.enumerate())


def test_what_somebody_looks_at_goes_first(
    shelf: ModelStore, models: list[LanguageModel], ear: Ear
) -> None:
    thread = HashingThread(shelf)
    thread.subscribe(ear)
    thread.pause()
    thread.submit([models[0]])  # is taken at once, and waits
    third = write_model(Path(models[0].path).parent / "2.gguf", seed=2)
    (last,) = shelf.save(scan([third]).models)
    thread.submit([models[1], last])
    thread.submit([last], first=True)
    thread.proceed()
    order = [event.model_id for event in ear.wait(HashingFinished, 3)]
    thread.close()
    assert order.index(last.id) < order.index(models[1].id)
    assert len(order) == 3


def test_what_the_end_of_the_program_interrupts_goes_on_at_the_next_start(
    shelf: ModelStore,
    models: list[LanguageModel],
    ear: Ear,
    hash_bookmarks: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not tell_library():
        pytest.skip("this Python's OpenSSL can't be asked")
    monkeypatch.setattr(hashing, "_TOLD_EVERY_SECONDS", 0.0)
    held = threading.Event()
    first = HashingThread(shelf, held.is_set)

    def hold(event: HashingEvent) -> None:
        if isinstance(event, HashingProgressed) and event.done_bytes >= 3_000:
            held.set()

    first.subscribe(ear)
    first.subscribe(hold)
    first.submit(models[:1])
    assert held.wait(SECONDS)
    first.close()
    assert len(list(hash_bookmarks.iterdir())) == 1
    ear.heard.clear()
    second = HashingThread(shelf)
    second.subscribe(ear)
    second.submit(models[:1])
    (finished,) = ear.wait(HashingFinished)
    second.close()
    assert isinstance(finished, HashingFinished)
    path = Path(models[0].path)
    assert finished.model.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    begun = ear.of(HashingProgressed)[0]
    assert isinstance(begun, HashingProgressed)
    assert begun.done_bytes == 4_000
    assert list(hash_bookmarks.iterdir()) == []
