"""The scripted engine behind real pipes, in a real process."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from desktop.domain.run import StopReason
from desktop.domain.settings import Sampling, SpeedTest
from desktop.errors import EngineFault
from desktop.inference.engine import (
    ContinuationSet,
    Frame,
    GenerationFinished,
    GenerationStarted,
    LoadModel,
    Prompt,
    TextGenerated,
)
from desktop.inference.scripted import EngineScript, ScriptedEngine, ScriptedFault, ScriptedReply
from desktop.worker.engine_frames import EngineSpec
from desktop.worker.engine_process import EngineProcess, Patience, start_scripted_engine

LOAD = LoadModel(path="/m/a.gguf", context_tokens=4096, parallel_sequences=2)
QUICK = Patience(silence=2.0, cancel=0.4, end=1.0)
SLOW_STORY = EngineScript(replies=(ScriptedReply(pattern="story", text="word " * 2000),), pace=1.0)

Start = Callable[..., EngineProcess]


def ask(text: str, key: str = "k") -> Prompt:
    return Prompt(
        key=key, text=text, has_special_tokens=False, sampling=Sampling(), max_tokens=4000
    )


def act_on(
    engine: EngineProcess, kind: type[Frame], prompts: list[Prompt], action: Callable[[], object]
) -> None:
    """Generate to the end, and act whenever an event of that kind comes by."""
    for event in engine.generate(prompts):
        if isinstance(event, kind):
            action()


def script_with(fault: ScriptedFault) -> EngineScript:
    reply = ScriptedReply(pattern="bad", text="one two", fault=fault, tokens_before_fault=1)
    return EngineScript(replies=(reply,))


@pytest.fixture
def start() -> Iterator[Start]:
    """Start engines that are closed in the end; nothing of them may be left."""
    engines: list[EngineProcess] = []
    me = psutil.Process()
    threads = threading.active_count()
    warm = EngineProcess(EngineSpec(script=EngineScript()))  # brings multiprocessing's own helper
    warm.close()
    descriptors = me.num_fds() if hasattr(me, "num_fds") else 0

    def make(script: EngineScript, patience: Patience | None = None) -> EngineProcess:
        engine = EngineProcess(EngineSpec(script=script), patience)
        engines.append(engine)
        engine.load(LOAD)
        return engine

    yield make
    for engine in engines:
        engine.close()
        engine.close()
        assert not psutil.pid_exists(engine.pid)
        assert not engine._scratch.exists()
    assert threading.active_count() == threads
    if descriptors:
        assert me.num_fds() == descriptors


def test_the_pipe_changes_nothing(start: Start) -> None:
    script = EngineScript(replies=(ScriptedReply(pattern="who", text="It is me, €."),))
    near = ScriptedEngine(script)
    far = start(script)
    assert far.load(LOAD) == near.load(LOAD)
    prompts = [ask("who?", "a"), ask("what?", "b"), ask("why " * 5000, "c")]
    assert list(far.generate(prompts)) == list(near.generate(prompts))
    tests = [SpeedTest(prompt_tokens=8), SpeedTest(generated_tokens=4)]
    assert list(far.measure_speed(tests, 2)) == list(near.measure_speed(tests, 2))
    sets = [
        ContinuationSet(key=text, context=text, continuations=(" a", " b c")) for text in ("€", "")
    ]
    assert list(far.score_continuations(sets)) == list(near.score_continuations(sets))
    text = "one two three " * 40
    assert list(far.measure_perplexity(text, 16)) == list(near.measure_perplexity(text, 16))
    found = list(far.measure_perplexity(text, 16, 8))
    assert found == list(near.measure_perplexity(text, 16, 8))
    other = LoadModel(path="/other.gguf")
    divergences = list(far.measure_divergence(other, text, 16))
    assert divergences == list(near.measure_divergence(other, text, 16))
    assert far.estimate_memory(LOAD) == near.estimate_memory(LOAD)


def test_peak_memory_is_the_childs_own(start: Start) -> None:
    ballast = bytearray(300_000_000)
    engine = start(EngineScript())
    child = psutil.Process(engine.pid).memory_info().rss
    assert child * 0.9 <= engine.peak_memory_bytes() < len(ballast)


def test_a_refusal_leaves_the_process_usable(start: Start) -> None:
    engine = start(EngineScript(load_problem=""))
    with pytest.raises(EngineFault) as caught:
        start(EngineScript(load_problem="This model is broken."))
    assert caught.value.message == "This model is broken."
    assert not caught.value.process_ended
    assert [e for e in engine.generate([ask("hi")]) if isinstance(e, GenerationFinished)]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals are POSIX")
def test_killed_in_the_middle_says_so_and_stays_gone(start: Start) -> None:
    engine = start(SLOW_STORY)
    with pytest.raises(EngineFault) as caught:
        act_on(engine, TextGenerated, [ask("a story")], lambda: os.kill(engine.pid, signal.SIGKILL))
    assert caught.value.process_ended
    assert "was killed, most often because memory ran out" in caught.value.message
    for call in (lambda: engine.load(LOAD), engine.peak_memory_bytes):
        with pytest.raises(EngineFault, match="was killed"):
            call()


def test_an_exit_of_its_own_is_told_with_its_code(start: Start) -> None:
    engine = start(script_with(ScriptedFault.DIE))
    with pytest.raises(EngineFault, match="exit code 70") as caught:
        list(engine.generate([ask("bad")]))
    assert caught.value.process_ended


@pytest.mark.skipif(not hasattr(signal, "SIGABRT"), reason="signals are POSIX")
def test_an_abort_leaves_its_last_words_in_the_details(start: Start) -> None:
    engine = start(SLOW_STORY)
    with pytest.raises(EngineFault, match="check of its own failed") as caught:
        act_on(
            engine, GenerationStarted, [ask("a story")], lambda: os.kill(engine.pid, signal.SIGABRT)
        )
    assert "Fatal Python error: Aborted" in caught.value.details


def test_cancel_from_another_thread_ends_soon_and_the_engine_works_again(start: Start) -> None:
    engine = start(SLOW_STORY)
    ends = []
    for event in engine.generate([ask("a story", "a"), ask("a story", "b"), ask("c", "c")]):
        if isinstance(event, TextGenerated):
            threading.Thread(target=engine.cancel).start()
        if isinstance(event, GenerationFinished):
            ends.append((event.key, event.stop_reason))
    assert sorted(ends) == [("a", StopReason.CANCELLED), ("b", StopReason.CANCELLED)]
    assert [e for e in engine.generate([ask("hi")]) if isinstance(e, GenerationFinished)]


def test_a_cancel_before_the_first_event_is_not_lost(start: Start) -> None:
    engine = start(SLOW_STORY)
    events = engine.generate([ask("a story")])
    engine.cancel()
    reasons = [e.stop_reason for e in events if isinstance(e, GenerationFinished)]
    assert reasons in ([], [StopReason.CANCELLED])


def test_a_cancel_that_nobody_needs_harms_nothing(start: Start) -> None:
    engine = start(EngineScript())
    engine.cancel()
    ends = [e for e in engine.generate([ask("hi")]) if isinstance(e, GenerationFinished)]
    assert ends[0].stop_reason is StopReason.END_OF_ANSWER


def test_a_hang_that_ignores_cancel_is_ended(start: Start) -> None:
    engine = start(script_with(ScriptedFault.HANG), QUICK)
    with pytest.raises(EngineFault, match="did not stop when it was asked to") as caught:
        act_on(engine, TextGenerated, [ask("bad")], engine.cancel)
    assert caught.value.process_ended


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="signals are POSIX")
def test_a_silent_process_is_ended(start: Start) -> None:
    engine = start(SLOW_STORY, QUICK)
    with pytest.raises(EngineFault, match="sign of life for 2 seconds") as caught:
        act_on(engine, TextGenerated, [ask("a story")], lambda: os.kill(engine.pid, signal.SIGSTOP))
    assert caught.value.process_ended


def test_leaving_the_iterator_early_frees_the_engine(start: Start) -> None:
    engine = start(SLOW_STORY)
    for event in engine.generate([ask("a story")]):
        if isinstance(event, TextGenerated):
            break
    engine.generate([ask("a story")])  # and this one nobody even begins
    assert [e for e in engine.generate([ask("hi")]) if isinstance(e, GenerationFinished)]


def test_the_child_goes_when_the_parent_closes_its_pipe(start: Start) -> None:
    engine = start(script_with(ScriptedFault.HANG))
    for event in engine.generate([ask("bad")]):
        if isinstance(event, TextGenerated):
            engine._commands.close()
            engine._process.join(20)
            assert engine._process.exitcode == 0
            assert not engine._scratch.exists()
            break


def test_the_child_imports_neither_window_nor_database(start: Start) -> None:
    engine = start(EngineScript())
    if not Path(f"/proc/{engine.pid}/maps").exists():
        pytest.skip("needs Linux's list of mapped files")
    mapped = Path(f"/proc/{engine.pid}/maps").read_text()
    assert "QtCore" not in mapped
    assert "sqlalchemy" not in mapped
    assert "libllama" not in mapped


def test_an_interrupt_from_the_terminal_is_left_to_the_parent(start: Start) -> None:
    engine = start(SLOW_STORY)
    os.kill(engine.pid, signal.SIGINT)
    assert [e for e in engine.generate([ask("hi")]) if isinstance(e, GenerationFinished)]


def test_closed_is_closed() -> None:
    engine = start_scripted_engine()
    engine.close()
    with pytest.raises(EngineFault, match="closed") as caught:
        engine.load(LOAD)
    assert caught.value.process_ended
    engine.cancel()


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="signals are POSIX")
def test_prompts_larger_than_the_pipe_do_not_block_on_a_stopped_child(start: Start) -> None:
    engine = start(SLOW_STORY, QUICK)
    os.kill(engine.pid, signal.SIGSTOP)
    with pytest.raises(EngineFault, match="sign of life"):
        list(engine.generate([ask("a story " * 50_000)]))
