"""The Suites screen: the list, what is told of a suite, and its cases one by one."""

from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from desktop.domain.suite import Case, Continuation, Document, Message, Metric, Role, Suite
from desktop.errors import UserError
from desktop.ui.screen import ScreenId
from desktop.ui.suites.screen import SuitesScreen
from desktop.ui.window import MainWindow
from tests.gui.fakes import FakeOperations, FakeQueue
from tests.gui.samples import make_second_suite, make_sha, make_suite


@pytest.fixture
def screen(window: MainWindow) -> SuitesScreen:
    return open_suites(window)


def open_suites(window: MainWindow) -> SuitesScreen:
    made = window.open_screen(ScreenId.SUITES)
    assert isinstance(made, SuitesScreen)
    return made


def read(widget: QWidget) -> str:
    """Return everything that is written in a panel."""
    return "\n".join(label.text() for label in widget.findChildren(QLabel))


def titles(screen: SuitesScreen) -> list[str]:
    return [entry.title for entry in screen.table.records.shown]


def show_one(operations: FakeOperations, window: MainWindow, suite: Suite) -> SuitesScreen:
    operations.suites = [suite]
    screen = open_suites(window)
    screen.cases_button.click()
    return screen


def test_suites_are_listed_with_what_they_hold(screen: SuitesScreen) -> None:
    assert titles(screen) == ["Starter suite", "Finance suite"]
    assert screen.subtitle.text() == "2 suites, 50 cases"
    told = read(screen.details)
    assert "What an office asks of a model" in told
    assert "maths" in told
    assert "contains (36)" in told


def test_the_search_finds_suites_by_subject_and_origin(screen: SuitesScreen) -> None:
    screen.search.setText("your own disclosures")
    assert titles(screen) == ["Finance suite"]
    screen.search.setText("nothing of that name")
    assert titles(screen) == []
    assert not screen.cases_button.isEnabled()


def test_a_file_that_fails_is_listed_with_its_reason(window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("touchstone_suite: 1\nid: x\ntitel: y\n", encoding="utf-8")
    assert window.context is not None
    window.context.change_options(
        lambda now: msgspec.structs.replace(now, suite_files=(str(path),))
    )
    screen = open_suites(window)
    assert titles(screen)[-1] == "broken.yaml"
    screen.table.choose([str(path)])
    told = read(screen.details)
    assert f"{path}, line 3" in told
    assert '"title"' in told
    assert not screen.cases_button.isEnabled()


def test_a_list_that_cannot_be_read_says_so_and_can_be_tried_again(
    window: MainWindow, operations: FakeOperations
) -> None:
    operations.fail["list_suites"] = UserError("The bundled suites are missing.")
    screen = open_suites(window)
    assert window.notices.notices[0].title == "The bundled suites are missing."
    operations.fail.clear()
    screen.reload()
    assert len(titles(screen)) == 2


def test_return_opens_the_cases_and_the_way_back_leads_to_the_list(screen: SuitesScreen) -> None:
    screen.focus_first()
    QTest.keyClick(screen.table, Qt.Key.Key_Return)
    assert screen.cases.table.isVisible()
    assert screen.title.text() == "Starter suite"
    told = read(screen.cases.detail)
    assert "A good answer …" in told
    assert "✓ An answer that must pass" in told
    assert "✕ An answer that must fail" in told
    screen.cases.back.click()
    assert screen.table.isVisible()
    assert screen.title.text() == "Suites"


def test_the_next_case_is_told_with_its_checks_in_words(screen: SuitesScreen) -> None:
    screen.cases_button.click()
    screen.cases.search.setText("basis points")
    assert [case.title for case in screen.cases.table.records.shown] == ["Convert to basis points"]
    screen.cases.table.choose(["convert-to-basis-points"])
    assert 'contains "125 basis points"' in read(screen.cases.detail)


def test_cases_are_filtered_by_difficulty_and_language(
    window: MainWindow, operations: FakeOperations
) -> None:
    first, second, *rest = make_suite().cases
    cases = (
        msgspec.structs.replace(first, difficulty="hard", language="de"),
        msgspec.structs.replace(second, difficulty="easy", language="de"),
        *(msgspec.structs.replace(case, difficulty="easy") for case in rest),
    )
    screen = show_one(operations, window, msgspec.structs.replace(make_suite(), cases=cases))
    page = screen.cases
    page.language.setCurrentIndex(page.language.findData("de"))
    assert len(page.table.records.shown) == 2
    page.tier.setCurrentIndex(page.tier.findData("hard"))
    assert [case.id for case in page.table.records.shown] == [first.id]


def test_documents_and_system_prompt_belong_to_what_is_asked(
    window: MainWindow, operations: FakeOperations
) -> None:
    case = msgspec.structs.replace(make_suite().cases[0], documents=("rules",))
    suite = msgspec.structs.replace(
        make_suite(),
        cases=(case,),
        system_prompt="You are a clerk.",
        documents=(
            Document(id="rules", title="House rules", text="No shoes."),
            Document(id="other", title="Something else", text="Unused."),
        ),
    )
    detail = show_one(operations, window, suite).cases.detail
    assert "You are a clerk." in read(detail)
    buttons = {button.text() for button in detail.findChildren(QPushButton)}
    assert any("House rules" in text for text in buttons)
    assert not any("Something else" in text for text in buttons)
    screen_button(detail).click()
    assert "No shoes." in read(detail)


def screen_button(detail: QWidget) -> QPushButton:
    return next(b for b in detail.findChildren(QPushButton) if "House rules" in b.text())


def test_continuations_are_shown_with_the_right_one_marked(
    window: MainWindow, operations: FakeOperations
) -> None:
    case = Case(
        id="sky",
        title="The sky",
        messages=(),
        checks=(),
        metric=Metric.ACC_NORM,
        continuations=(
            Continuation(context="The sky is", text=" blue", correct=True),
            Continuation(context="The sky is", text=" soup"),
        ),
    )
    suite = msgspec.structs.replace(make_second_suite(), cases=(case,), sha256=make_sha("sky"))
    told = read(show_one(operations, window, suite).cases.detail)
    assert "The sky is" in told
    assert "✓   blue" in told
    assert "·   soup" in told
    assert "acc_norm" in told


def test_a_very_long_text_is_shown_in_part_and_says_so(
    window: MainWindow, operations: FakeOperations
) -> None:
    text = "begins " + "x" * 200_000 + " ends"
    case = msgspec.structs.replace(
        make_suite().cases[0], messages=(Message(role=Role.USER, content=text),)
    )
    suite = msgspec.structs.replace(make_suite(), cases=(case,))
    detail = show_one(operations, window, suite).cases.detail
    told = read(detail)
    assert "begins" in told
    assert "x ends" in told
    assert len(told) < 5000
    assert "characters are left out here" in told


def test_a_case_is_tried_on_a_model_at_once(
    window: MainWindow,
    screen: SuitesScreen,
    queue: FakeQueue,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(screen.models_menu, "popup", lambda _: None)  # offscreen has no keyboard
    screen.cases_button.click()
    screen.cases.table.choose(["convert-to-basis-points"])
    screen.cases.try_button.click()
    screen.models_menu.actions()[0].trigger()
    (run,) = queue.plans[0].runs
    assert run.suite is not None
    assert [case.id for case in run.suite.cases] == ["convert-to-basis-points"]
    assert run.suite.sha256 != make_suite().sha256
    assert window.rail.chosen is ScreenId.EVALUATE
