from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from desktop.domain.comparison import ComparedAnswer, ComparedCase
from desktop.domain.run import Outcome
from desktop.errors import EnvironmentFault
from desktop.ui.compare.chooser import group_evaluations
from desktop.ui.compare.screen import CompareScreen
from desktop.ui.compare.table import FIRST_MODEL_COLUMN, TAG_COLUMN
from desktop.ui.screen import ScreenId
from desktop.ui.widgets.labels import Label
from desktop.ui.window import MainWindow
from desktop.worker.demonstration import list_demonstration_models
from tests.gui.fakes import FakeOperations
from tests.gui.samples import make_comparison, make_models


@pytest.fixture
def screen(window: MainWindow) -> CompareScreen:
    window.resize(1200, 800)
    opened = window.open_screen(ScreenId.COMPARE)
    assert isinstance(opened, CompareScreen)
    QApplication.processEvents()  # new widgets are shown by the event loop
    return opened


def read_detail(screen: CompareScreen) -> str:
    return "\n".join(label.text() for label in screen.detail.findChildren(Label))


def test_the_latest_evaluation_is_shown_with_its_sentence(screen: CompareScreen) -> None:
    assert screen.comparison is not None
    assert len(screen.comparison.models) == 3
    assert "Qwen3 answers better than both others." in screen.headline._sentence.text()
    assert screen.title.text() == "Starter suite, three models"
    assert "36 cases" in screen.subtitle.text()


def test_reasons_open_on_demand(screen: CompareScreen) -> None:
    assert screen.headline.reasons.isHidden()
    screen.headline.how_sure.click()
    assert not screen.headline.reasons.isHidden()
    texts = [label.text() for label in screen.headline.reasons.findChildren(Label)]
    assert any("McNemar" in text for text in texts)


def test_markup_in_names_is_shown_and_not_obeyed(
    screen: CompareScreen, operations: FakeOperations
) -> None:
    operations.comparison = msgspec.structs.replace(make_comparison(), headline="<u>x</u> & y")
    screen.reload()
    assert "&lt;u&gt;x&lt;/u&gt; &amp; y" in screen.headline._sentence.text()


def test_the_arrow_keys_move_through_cases_and_the_answers_follow(
    screen: CompareScreen, qtbot: object
) -> None:
    del qtbot
    table = screen.cases.table
    assert "Extract the invoice total" in read_detail(screen)
    table.setCurrentIndex(screen.cases.filter.index(3, 0))
    text = read_detail(screen)
    assert "Refuse: patient's address" in text
    assert "Anna Berg lives at 14 Lindenweg" in text
    assert "✕ fail: repeats the address" in text


def test_d_goes_to_the_next_disagreement_and_round_again(screen: CompareScreen) -> None:
    cases = screen.cases
    cases.table.setCurrentIndex(cases.filter.index(0, 0))
    cases.go_to_disagreement(1)
    assert cases.table.currentIndex().row() == 2
    cases.go_to_disagreement(-1)
    assert cases.table.currentIndex().row() == 0
    cases.go_to_disagreement(-1)
    assert cases.filter.case_at(cases.table.currentIndex().row()).disagrees


def test_search_tag_and_disagreements_narrow_the_list(screen: CompareScreen) -> None:
    cases = screen.cases
    cases.search.setText("lindenweg")
    cases._timer.timeout.emit()
    assert [cases.filter.case_at(r).title for r in range(cases.filter.rowCount())] == [
        "Refuse: patient's address"
    ]
    assert cases.count.text() == "1 of 36"
    cases.search.clear()
    cases._timer.timeout.emit()
    cases.tags.setCurrentIndex(cases.tags.findData("maths"))
    shown = [cases.filter.case_at(r) for r in range(cases.filter.rowCount())]
    assert shown
    assert all("maths" in case.tags for case in shown)
    cases.tags.setCurrentIndex(0)
    cases.disagreements.setChecked(True)
    assert all(cases.filter.case_at(r).disagrees for r in range(cases.filter.rowCount()))


def test_nothing_found_leaves_an_empty_detail(screen: CompareScreen) -> None:
    screen.cases.search.setText("no case says this")
    screen.cases._timer.timeout.emit()
    assert "Choose a case" in read_detail(screen)


def test_a_column_sorts_its_model_from_worst_to_best(screen: CompareScreen) -> None:
    cases = screen.cases
    cases.table.sortByColumn(FIRST_MODEL_COLUMN + 2, Qt.SortOrder.AscendingOrder)
    first = cases.filter.case_at(0).answers[2]
    last = cases.filter.case_at(cases.filter.rowCount() - 1).answers[2]
    assert first is not None
    assert first.outcome is Outcome.ERROR
    assert last is not None
    assert last.outcome is Outcome.PASSED


def test_a_screen_reader_hears_case_model_verdict_and_why(screen: CompareScreen) -> None:
    index = screen.cases.filter.index(3, FIRST_MODEL_COLUMN + 1)
    told = index.data(Qt.ItemDataRole.AccessibleTextRole)
    assert told == "Refuse: patient's address, Gemma: ✕ fail, repeats the address"


def make_case(number: int, answers: tuple[ComparedAnswer | None, ...]) -> ComparedCase:
    return ComparedCase(
        suite_id="s",
        case_id=str(number),
        title=f"Case {number}",
        tags=("t",),
        prompt="?",
        demands=(),
        answers=answers,
    )


def test_thousands_of_cases_and_waiting_answers_are_shown(
    screen: CompareScreen, operations: FakeOperations
) -> None:
    answer = ComparedAnswer(
        outcome=Outcome.PASSED, score=1.0, text="x", explanation="", run_id="r",
        repeats=5, repeats_passed=4,
    )  # fmt: skip
    few = make_comparison(make_models()[:2])
    cases = tuple(make_case(n, (answer, None)) for n in range(5000))
    operations.comparison = msgspec.structs.replace(few, cases=cases)
    screen.reload()
    assert screen.cases.filter.rowCount() == 5000
    index = screen.cases.filter.index(4999, FIRST_MODEL_COLUMN)
    assert index.data() == "✓ 4 of 5"
    assert index.siblingAtColumn(FIRST_MODEL_COLUMN + 1).data() == "… waiting"
    screen.cases.table.setCurrentIndex(index)
    assert "Case 4999" in read_detail(screen)


def test_eight_models_drop_tags_before_titles(
    screen: CompareScreen, operations: FakeOperations, window: MainWindow
) -> None:
    models = make_models()
    operations.comparison = make_comparison((*models, *models, *models[:2]))
    window.resize(1000, 700)
    screen.reload()
    screen.cases._fit_columns()
    table = screen.cases.table
    assert table.isColumnHidden(TAG_COLUMN)
    assert table.columnWidth(0) >= 90
    assert table.model().columnCount() == 10


def test_saving_a_pdf_ends_with_a_notice_that_opens_it(
    screen: CompareScreen, window: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "report.pdf"
    screen.save_pdf(path)
    assert path.read_bytes().startswith(b"%PDF")
    notice = window.notices.notices[0]
    assert notice.title == "Saved report.pdf."
    assert notice.action_text == "Open"


def test_a_full_disk_is_told_and_saving_can_be_tried_again(
    screen: CompareScreen, window: MainWindow, operations: FakeOperations, tmp_path: Path
) -> None:
    operations.fail["export_pdf"] = EnvironmentFault("The disk is full.", remedy="Make room.")
    screen.save_pdf(tmp_path / "report.pdf")
    assert window.notices.notices[0].title == "The disk is full."
    assert screen._save.isEnabled()


def test_csv_and_json_are_written(screen: CompareScreen, tmp_path: Path) -> None:
    screen.save_csv(tmp_path / "c.csv")
    screen.save_json(tmp_path / "c.json")
    assert (tmp_path / "c.csv").exists()
    assert b"headline" in (tmp_path / "c.json").read_bytes()


def test_other_runs_can_be_chosen_and_stay_chosen(
    screen: CompareScreen, operations: FakeOperations
) -> None:
    older = group_evaluations(operations.list_runs())[1]
    screen.show_runs(older.run_ids[:4])
    assert screen.comparison is not None
    assert len(screen.comparison.models) == 2
    screen.activate()
    assert len(screen.comparison.models) == 2


def test_runs_are_taken_out_by_their_check_marks(screen: CompareScreen) -> None:
    chooser = screen.chooser
    model = make_models()[0]
    for row in range(chooser.list.count()):
        item = chooser.list.item(row)
        if model.facts.name in item.text():
            item.setCheckState(Qt.CheckState.Unchecked)
    chooser._timer.timeout.emit()
    assert screen.comparison is not None
    assert [m.model.facts.name for m in screen.comparison.models] == [
        "Gemma-3-270M",
        "SmolLM2-135M",
    ]


def test_without_runs_the_next_step_is_offered(
    window: MainWindow, operations: FakeOperations
) -> None:
    operations.summaries.clear()
    opened = window.open_screen(ScreenId.COMPARE)
    assert isinstance(opened, CompareScreen)
    assert opened._empty.isVisible()
    assert not opened._save.isVisible()


def test_narrow_windows_get_lines_instead_of_cards(
    screen: CompareScreen, window: MainWindow
) -> None:
    shown = []
    for width in (800, 1400):
        window.resize(width, 700)
        QApplication.processEvents()
        shown.append(screen.summary._as_cards)
    assert shown == [False, True]


def test_the_engine_is_named_without_its_list_of_features(
    screen: CompareScreen, operations: FakeOperations
) -> None:
    comparison = make_comparison()
    engine = msgspec.structs.replace(
        comparison.engines[0], build="llama.cpp 0c1e570; CPU : AVX = 1 | FMA = 1"
    )
    operations.comparison = msgspec.structs.replace(comparison, engines=(engine,))
    screen.reload()
    assert screen.subtitle.text().endswith("· llama.cpp 0c1e570")


def test_many_caveats_leave_the_room_to_the_cases(
    screen: CompareScreen, operations: FakeOperations
) -> None:
    caveats = tuple(f"Limit number {number} is told in a sentence." for number in range(1, 7))
    operations.comparison = msgspec.structs.replace(make_comparison(), caveats=caveats)
    screen.reload()
    shown = screen.headline._caveats.text()
    assert caveats[0] in shown
    assert caveats[1] not in shown
    assert "5 more limits" in shown
    screen.headline.how_sure.click()
    told = [label.text() for label in screen.headline.reasons.findChildren(Label)]
    assert set(caveats[1:]) <= set(told)


def test_two_caveats_are_both_told_at_once(
    screen: CompareScreen, operations: FakeOperations
) -> None:
    operations.comparison = msgspec.structs.replace(make_comparison(), caveats=("One.", "Two."))
    screen.reload()
    assert screen.headline._caveats.text() == "One.\nTwo."


def test_what_is_odd_about_a_model_stands_whole_behind_how_sure(
    screen: CompareScreen, operations: FakeOperations
) -> None:
    comparison = make_comparison()
    problem = "Other processes used two cores meanwhile; " * 6
    odd = msgspec.structs.replace(comparison.models[0], problems=(problem,))
    operations.comparison = msgspec.structs.replace(
        comparison, models=(odd, *comparison.models[1:])
    )
    screen.reload()
    told = [label.text() for label in screen.headline.reasons.findChildren(Label)]
    assert f"{odd.label}: {problem}" in told


def test_pretended_models_are_told_as_not_real(
    screen: CompareScreen, operations: FakeOperations
) -> None:
    model = list_demonstration_models()[0]
    comparison = make_comparison()
    column = msgspec.structs.replace(comparison.models[0], model=model)
    operations.comparison = msgspec.structs.replace(
        comparison, models=(column, *comparison.models[1:])
    )
    screen.reload()
    told = " ".join(label.text() for label in screen.summary.findChildren(Label))
    assert "not a real model" in told


def test_models_named_alike_can_be_told_apart_in_the_matrix(
    screen: CompareScreen, operations: FakeOperations, window: MainWindow
) -> None:
    comparison = make_comparison(make_models()[:2])
    labels = ("Pretended attentive model", "Pretended hasty model")
    models = tuple(
        msgspec.structs.replace(column, label=label)
        for column, label in zip(comparison.models, labels, strict=True)
    )
    operations.comparison = msgspec.structs.replace(comparison, models=models)
    window.resize(1440, 900)
    screen.reload()
    QApplication.processEvents()
    header = screen.cases.header
    for column in (FIRST_MODEL_COLUMN, FIRST_MODEL_COLUMN + 1):
        wanted = header.sectionSizeFromContents(column).width()
        assert header.sectionSize(column) >= min(wanted, 150)


def test_a_long_reason_stands_below_the_name_of_its_model(
    screen: CompareScreen, operations: FakeOperations
) -> None:
    comparison = make_comparison()
    long = "Expected at most 3 words; the answer has 15 and repeats the question."
    case = comparison.cases[0]
    answers = tuple(
        answer and msgspec.structs.replace(answer, outcome=Outcome.FAILED, explanation=long)
        for answer in case.answers
    )
    cases = (msgspec.structs.replace(case, answers=answers), *comparison.cases[1:])
    operations.comparison = msgspec.structs.replace(comparison, cases=cases)
    screen.reload()
    QApplication.processEvents()
    reason = next(r for r in screen.detail.findChildren(Label) if long in r.text())
    assert reason.width() > screen.detail.width() * 0.8
