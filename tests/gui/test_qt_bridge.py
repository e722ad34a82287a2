import threading

import msgspec
import pytest
from PySide6.QtCore import QThread
from pytestqt.qtbot import QtBot

from desktop.domain.events import AnswerGrew, AnswerStarted, QueuePaused, RunEvent
from desktop.worker.qt import QtEvents, QtRunner, join_pieces
from tests.gui.fakes import FakeQueue


@pytest.fixture
def runner(qtbot: QtBot) -> QtRunner:
    del qtbot
    return QtRunner()


def test_work_is_done_elsewhere_and_answered_here(runner: QtRunner, qtbot: QtBot) -> None:
    results: list[tuple[int, bool]] = []
    here = threading.get_ident()

    def done(worker: int) -> None:
        results.append((worker, threading.get_ident() == here))

    runner.run(threading.get_ident, done)
    qtbot.waitUntil(lambda: bool(results))
    assert results[0][0] != here
    assert results[0][1]
    runner.close()
    assert not runner._thread.is_alive()


def test_operations_keep_their_order(runner: QtRunner, qtbot: QtBot) -> None:
    results: list[int] = []
    for number in range(20):
        runner.run(lambda n=number: n, results.append)  # type: ignore[misc]  # a lambda's default
    qtbot.waitUntil(lambda: len(results) == 20)
    assert results == list(range(20))
    runner.close()


def fail() -> None:
    raise ValueError("broken")


def test_a_failure_goes_to_its_receiver_or_to_the_signal(runner: QtRunner, qtbot: QtBot) -> None:
    failures: list[Exception] = []
    runner.run(fail, on_failure=failures.append)
    qtbot.waitUntil(lambda: bool(failures))
    with qtbot.waitSignal(runner.failed, timeout=5000) as blocker:
        runner.run(fail)
    assert blocker.args is not None
    assert str(blocker.args[0]) == "broken"
    runner.close()


def test_a_bug_in_a_callback_is_told(runner: QtRunner, qtbot: QtBot) -> None:
    with qtbot.waitSignal(runner.failed, timeout=5000):
        runner.run(lambda: 1, lambda _: fail())
    runner.close()


def test_what_was_asked_before_close_is_done(runner: QtRunner) -> None:
    done: list[int] = []
    for number in range(5):
        runner.run(lambda n=number: done.append(n))  # type: ignore[misc]  # a lambda's default
    runner.close()
    assert done == [0, 1, 2, 3, 4]


def test_nothing_is_called_back_after_close(runner: QtRunner, qtbot: QtBot) -> None:
    gate = threading.Event()
    called: list[bool] = []
    runner.run(gate.wait, called.append)
    gate.set()
    runner.close()
    qtbot.wait(50)
    assert not called


def test_events_of_another_thread_arrive_on_this_one(qtbot: QtBot) -> None:
    queue = FakeQueue()
    events = QtEvents(queue)
    seen: list[tuple[RunEvent, bool]] = []
    main = QThread.currentThread()
    events.happened.connect(lambda e: seen.append((e, QThread.currentThread() == main)))
    thread = threading.Thread(target=lambda: queue.tell(QueuePaused(paused=True)))
    thread.start()
    qtbot.waitUntil(lambda: bool(seen))
    thread.join()
    assert seen == [(QueuePaused(paused=True), True)]


def test_a_flood_of_text_is_at_most_ten_batches_a_second(qtbot: QtBot) -> None:
    queue = FakeQueue()
    events = QtEvents(queue)
    batches: list[int] = []
    events.batch_ended.connect(lambda: batches.append(1))
    for number in range(2000):
        queue.tell(AnswerGrew(run_id="r", case_id="c", text=str(number % 10)))
    qtbot.waitUntil(lambda: bool(batches))
    assert len(batches) <= 2


def grew(text: str, case: str = "a") -> AnswerGrew:
    return AnswerGrew(run_id="r", case_id=case, text=text)


def test_pieces_of_one_answer_are_joined_and_others_keep_their_place() -> None:
    other = QueuePaused(paused=True)
    joined = join_pieces([grew("x"), other, grew("1", "b"), grew("y"), grew("2", "b")])
    assert joined == [grew("xy"), other, grew("12", "b")]


def test_thinking_and_the_answer_after_it_stay_apart() -> None:
    thought = msgspec.structs.replace(grew("hm"), is_thinking=True)
    joined = join_pieces([thought, thought, grew("4", "b"), grew("x"), grew("y")])
    assert [(e.text, e.is_thinking) for e in joined if isinstance(e, AnswerGrew)] == [
        ("hmhm", True),
        ("4", False),
        ("xy", False),
    ]


def test_an_answer_begun_anew_does_not_take_over_old_pieces() -> None:
    again = AnswerStarted(run_id="r", case_id="a")
    assert join_pieces([grew("old"), again, grew("new")]) == [grew("old"), again, grew("new")]
