"""Pairs on the Compare screen: intervals, groups, the matrix, and what is said of two models."""

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop.domain.comparison import Comparison
from desktop.reports.comparison import compare_runs
from desktop.ui.compare.screen import CompareScreen
from desktop.ui.formatting import format_points
from desktop.ui.screen import ScreenId
from desktop.ui.widgets.difference import DifferenceBar
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.pill import Pill
from desktop.ui.window import MainWindow
from tests.gui.fakes import FakeOperations
from tests.unit.reports.sample_runs import make_answer, make_record, make_suite


@pytest.fixture
def screen(window: MainWindow) -> CompareScreen:
    window.resize(1200, 800)
    opened = window.open_screen(ScreenId.COMPARE)
    assert isinstance(opened, CompareScreen)
    QApplication.processEvents()
    return opened


def show(screen: CompareScreen, operations: FakeOperations, comparison: Comparison) -> None:
    operations.comparison = comparison
    screen.reload()
    screen.views[1].click()
    QApplication.processEvents()


def read_matrix(screen: CompareScreen) -> list[list[str]]:
    table = screen.pairs.model
    return [
        [
            str(table.index(row, column).data() or "").replace("\N{MINUS SIGN}", "-")
            for column in range(table.columnCount())
        ]
        for row in range(table.rowCount())
    ]


def read_detail(screen: CompareScreen) -> str:
    labels = [label.text() for label in screen.pair_detail.findChildren(Label)]
    return "\n".join(labels + [pill.text() for pill in screen.pair_detail.findChildren(Pill)])


CHAIN = compare_runs(
    [
        make_record("A", "+" * 32 + "-" * 28),
        make_record("B", "-" * 5 + "+" * 27 + "-" * 28),
        make_record("C", "-" * 10 + "+" * 22 + "-" * 28),
        make_record("D", "-" * 60),
    ]
)


def test_the_matrix_says_of_every_pair_who_is_better(
    screen: CompareScreen, operations: FakeOperations
) -> None:
    show(screen, operations, CHAIN)
    assert read_matrix(screen) == [
        ["A", "", "≈ +8", "✓ +17", "✓ +53"],
        ["B", "≈ -8", "", "≈ +8", "✓ +45"],
        ["C", "✕ -17", "≈ -8", "", "✓ +37"],
        ["D", "✕ -53", "✕ -45", "✕ -37", ""],
    ]
    cell = screen.pairs.model.index(0, 3)
    spoken = cell.data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "A answers better than C: A alone passed 10, C alone 0."


def test_groups_are_lines_that_overlap(screen: CompareScreen, operations: FakeOperations) -> None:
    show(screen, operations, CHAIN)
    standing = screen.pairs.standing
    assert standing is not None
    assert standing.lanes.groups == ((0, 1), (1, 2))
    assert standing.lanes.accessibleName() == "A, B; B, C"
    assert "two lines" in standing.explanation.text()


def test_a_chosen_pair_is_answered_from_its_rows_side_by_keyboard_too(
    screen: CompareScreen, operations: FakeOperations
) -> None:
    show(screen, operations, CHAIN)
    table = screen.pairs.table
    table.setCurrentIndex(screen.pairs.model.index(0, 3))
    assert "May I say that A is better than C?" in read_detail(screen)
    assert "✓ Yes" in read_detail(screen)
    (bar,) = screen.pair_detail.findChildren(DifferenceBar)
    assert bar.reach == 0.5
    assert bar.accessibleName().startswith("+17 points (+")
    table.setFocus()
    QTest.keyClick(table, Qt.Key.Key_Down)
    assert "May I say that B is better than C?" in read_detail(screen)
    assert "… Not yet: about" in read_detail(screen)
    table.setCurrentIndex(screen.pairs.model.index(2, 1))
    assert "May I say that C is better than A?" in read_detail(screen)
    assert "✕ No, the other way round" in read_detail(screen)


def test_too_few_cases_are_said_to_be_too_few(
    screen: CompareScreen, operations: FakeOperations
) -> None:
    show(screen, operations, compare_runs([make_record("A", "++++"), make_record("B", "+--+")]))
    assert read_matrix(screen)[0][2] == "! too few"
    assert "! No, not enough cases" in read_detail(screen)
    standing = screen.pairs.standing
    assert standing is not None
    texts = [label.text() for label in standing.findChildren(Label)]
    assert any(text.startswith("Not enough cases") for text in texts)


def test_models_that_share_no_case_are_not_called_a_tie(
    screen: CompareScreen, operations: FakeOperations
) -> None:
    other = make_suite(30, suite_id="other")
    records = [
        make_record("A", "+" * 30),
        make_record("B", "-" * 30),
        make_record("C", "+-" * 15, suite=other),
    ]
    show(screen, operations, compare_runs(records))
    cells = {row[0]: row[1:] for row in read_matrix(screen)}
    assert cells["C"].count("not compared") == 2
    standing = screen.pairs.standing
    assert standing is not None
    assert standing.lanes.groups == ()


def test_one_model_has_no_pairs_to_choose(
    screen: CompareScreen, operations: FakeOperations
) -> None:
    show(screen, operations, CHAIN)
    assert not screen.switch.isHidden()
    operations.comparison = compare_runs([make_record("Only", "+-+-")])
    screen.reload()
    assert screen.switch.isHidden()
    assert screen.views[0].isChecked()


def test_flaky_cases_can_be_listed(screen: CompareScreen, operations: FakeOperations) -> None:
    assert screen.cases.flaky.isHidden()
    record = make_record("A", "++--")
    again = tuple(
        make_answer(record.run.id, case.id, mark, repeat=1)
        for case, mark in zip(make_suite(4).cases, "+-+-", strict=True)
    )
    record = msgspec.structs.replace(record, answers=record.answers + again)
    show(screen, operations, compare_runs([record, make_record("B", "++++")]))
    assert not screen.cases.flaky.isHidden()
    screen.cases.flaky.setChecked(True)
    rows = screen.cases.filter.rowCount()
    assert [screen.cases.filter.case_at(row).case_id for row in range(rows)] == [
        "case-001",
        "case-002",
    ]
    show(screen, operations, CHAIN)
    assert screen.cases.filter.rowCount() == 60


def test_signs_stay_before_their_figures_where_words_run_from_right_to_left(
    qapp: QApplication,
) -> None:
    del qapp
    assert format_points(-0.17) == "\N{MINUS SIGN}17"
    QApplication.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    try:
        assert format_points(-0.17) == "\N{LEFT-TO-RIGHT MARK}\N{MINUS SIGN}17"
    finally:
        QApplication.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
