"""The Machine screen: the inventory, the present load, and whether one may measure."""

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from desktop.domain.machine import Gpu, Machine, MachineLoad
from desktop.errors import EnvironmentFault
from desktop.ui.machine.quiet import SECONDS_LOOKED_AT, Quietness, judge_quietness
from desktop.ui.machine.screen import MachineScreen
from desktop.ui.screen import Context, ScreenId
from desktop.ui.widgets.figure import Fact, Figure
from desktop.ui.widgets.pill import Tone
from desktop.ui.window import MainWindow
from tests.gui.fakes import FakeOperations, FakeQueue
from tests.gui.samples import GIGA, NOW, make_machine


@pytest.fixture
def screen(window: MainWindow) -> MachineScreen:
    made = window.open_screen(ScreenId.MACHINE)
    assert isinstance(made, MachineScreen)
    return made


def make_load(
    *, processor: float = 0.03, others: float = 0.02, free: int = 20 * GIGA, busiest: str = ""
) -> MachineLoad:
    return MachineLoad(
        at=NOW,
        processor_share=processor,
        other_processes_share=others,
        free_bytes=free,
        busiest_process=busiest,
    )


def judge(
    load: MachineLoad,
    machine: Machine | None = None,
    *,
    evaluating: bool = False,
    count: int = SECONDS_LOOKED_AT,
) -> Quietness:
    return judge_quietness([load] * count, machine or make_machine(), evaluating=evaluating)


def list_facts(screen: MachineScreen) -> str:
    return "\n".join(fact.accessibleName() for fact in screen.inventory.findChildren(Fact))


def list_figures(screen: MachineScreen) -> list[str]:
    return [figure.accessibleName() for figure in screen.live.findChildren(Figure)]


def test_the_inventory_says_that_there_is_no_gpu_and_why(screen: MachineScreen) -> None:
    facts = list_facts(screen)
    assert "AMD EPYC 7B13" in facts
    assert "No NVIDIA driver is installed; runs use the processor." in facts
    assert "Cores: 2 usable · 1 physical · 2 logical" in facts
    assert "Limit of this container" not in facts


def test_a_gpu_and_a_limit_of_a_container_are_shown(
    screen: MachineScreen,
) -> None:
    machine = msgspec.structs.replace(
        make_machine(),
        gpus=(Gpu(name="NVIDIA L4", memory_bytes=24 * GIGA, driver="550.1", free_bytes=GIGA),),
        memory_limit_bytes=8 * GIGA,
    )
    screen.inventory.show_machine(machine)
    facts = list_facts(screen)
    gpu = next(line for line in facts.splitlines() if "NVIDIA L4" in line)
    assert gpu.startswith("GPU: NVIDIA L4 · 24")
    assert gpu.endswith("free · driver 550.1")
    assert "Limit of this container: 8" in facts


def test_the_load_is_shown_at_once(screen: MachineScreen) -> None:
    figures = list_figures(screen)
    assert "98% processor" in figures
    assert "1.6 GB engine's memory" in figures


def test_the_load_is_sampled_only_while_it_is_seen(
    window: MainWindow, screen: MachineScreen, operations: FakeOperations
) -> None:
    seen = [screen.live.looking]
    window.open_screen(ScreenId.MODELS)
    seen.append(screen.live.looking)
    assert seen == [True, False]
    before = operations.calls.count("sample_load")
    window.open_screen(ScreenId.MACHINE)
    assert operations.calls.count("sample_load") == before + 1


def test_the_machine_is_asked_once_only(
    window: MainWindow, screen: MachineScreen, operations: FakeOperations
) -> None:
    window.open_screen(ScreenId.MODELS)
    window.open_screen(ScreenId.MACHINE)
    assert screen.isVisible()
    assert operations.calls.count("inspect_machine") <= 2  # Evaluate asks for itself


def test_a_quiet_machine_may_measure() -> None:
    verdict = judge(make_load())
    assert verdict.tone is Tone.GOOD
    assert "can be trusted" in verdict.sentence


@pytest.mark.parametrize(("others", "tone"), [(0.08, Tone.WARNING), (0.4, Tone.BAD)])
def test_other_programs_are_named_and_weighed(others: float, tone: Tone) -> None:
    verdict = judge(make_load(processor=others, others=others, busiest="firefox"))
    assert verdict.tone is tone
    assert "firefox" in verdict.sentence
    assert "can be trusted" not in verdict.sentence


def test_load_that_nobody_can_be_named_for_is_not_quiet() -> None:
    verdict = judge(make_load(processor=0.9, others=0.01))
    assert verdict.tone is Tone.BAD
    assert "can't be named" in verdict.sentence


def test_little_memory_and_a_battery_are_reasons_too() -> None:
    machine = msgspec.structs.replace(make_machine(), power_source="battery")
    verdict = judge(make_load(free=GIGA), machine)
    assert verdict.tone is Tone.WARNING
    assert "of memory are free" in verdict.sentence
    assert "battery" in verdict.sentence


def test_a_limit_of_the_container_counts_as_the_memory() -> None:
    machine = msgspec.structs.replace(make_machine(), memory_limit_bytes=2 * GIGA)
    assert judge(make_load(free=GIGA), machine).tone is Tone.GOOD


def test_nothing_is_claimed_before_some_seconds_were_watched() -> None:
    verdict = judge(make_load(), count=SECONDS_LOOKED_AT - 1)
    assert verdict.tone is Tone.NEUTRAL


def test_during_an_evaluation_nothing_else_should_be_measured(
    window: MainWindow, queue: FakeQueue
) -> None:
    queue.is_busy = True
    screen = window.open_screen(ScreenId.MACHINE)
    assert isinstance(screen, MachineScreen)
    assert screen.pill.text() == "▸ at work"


def test_measure_speed_leads_to_evaluate_with_the_probe(
    qtbot: QtBot, window: MainWindow, screen: MachineScreen
) -> None:
    context = window.context
    assert isinstance(context, Context)
    with qtbot.waitSignal(context.speed_probe_asked):
        context.prepare_speed_probe()
    assert not screen.isVisible()


def test_a_machine_that_cannot_be_looked_at_can_be_tried_again(
    window: MainWindow, operations: FakeOperations
) -> None:
    operations.fail["inspect_machine"] = EnvironmentFault("/proc is not mounted.")
    screen = window.open_screen(ScreenId.MACHINE)
    assert isinstance(screen, MachineScreen)
    assert screen.failure.isVisible()
    assert "/proc is not mounted." in [n.title for n in window.notices.notices]
    operations.fail.clear()
    screen.activate()
    assert not screen.failure.isVisible()
    assert "AMD EPYC 7B13" in list_facts(screen)


def test_a_load_that_cannot_be_read_is_said_and_not_asked_again(
    window: MainWindow, operations: FakeOperations
) -> None:
    operations.fail["sample_load"] = EnvironmentFault("/proc is not mounted.")
    screen = window.open_screen(ScreenId.MACHINE)
    assert isinstance(screen, MachineScreen)
    assert screen.pill.text() == "? not known"
    assert not screen.live.looking
