import sys

import pytest

from desktop.worker.awake import Awake, CommandBlocker, WindowsBlocker, choose_blocker


class RememberingBlocker:
    def __init__(self, *, works: bool = True) -> None:
        self.calls: list[str] = []
        self.works = works

    def hold(self, reason: str) -> bool:
        self.calls.append(reason)
        return self.works

    def release(self) -> None:
        self.calls.append("released")


def test_holding_twice_holds_once_and_release_ends_it() -> None:
    blocker = RememberingBlocker()
    awake = Awake(blocker)
    awake.hold("evaluating")
    awake.hold("evaluating")
    awake.release()
    awake.release()
    assert blocker.calls == ["evaluating", "released"]


def test_a_system_that_refuses_is_not_released() -> None:
    blocker = RememberingBlocker(works=False)
    awake = Awake(blocker)
    awake.hold("evaluating")
    awake.release()
    assert not awake.held
    assert blocker.calls == ["evaluating"]


def test_a_command_that_is_missing_is_no_failure() -> None:
    blocker = CommandBlocker(lambda _: ("no-such-program-anywhere",))
    assert not blocker.hold("evaluating")
    blocker.release()


def test_a_command_lives_until_released() -> None:
    waits = "import sys; sys.stdin.read()"
    blocker = CommandBlocker(lambda _: (sys.executable, "-c", waits))
    assert blocker.hold("evaluating")
    process = blocker._process
    assert process is not None
    assert process.poll() is None
    blocker.release()
    assert process.poll() is not None


class FakeKernel:
    def __init__(self) -> None:
        self.states: list[int] = []

    def SetThreadExecutionState(self, state: int) -> int:  # noqa: N802 -- Windows' name
        self.states.append(state)
        return 1


def test_windows_is_told_and_told_back() -> None:
    kernel = FakeKernel()
    blocker = WindowsBlocker(kernel)
    assert blocker.hold("evaluating")
    blocker.release()
    assert kernel.states == [0x80000001, 0x80000000]


def test_linux_names_the_reason_and_other_systems_do_nothing() -> None:
    linux = choose_blocker("linux")
    assert isinstance(linux, CommandBlocker)
    command = linux._make_command("Evaluating two models")
    assert command[0] == "systemd-inhibit"
    assert "--why=Evaluating two models" in command
    assert choose_blocker("plan9") is None


@pytest.mark.parametrize("platform", ["darwin", "linux"])
def test_nothing_outlives_the_program(platform: str) -> None:
    blocker = choose_blocker(platform)
    assert isinstance(blocker, CommandBlocker)
    command = blocker._make_command("x")
    assert command[-1] == "cat" or "-w" in command
