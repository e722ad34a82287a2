"""What is said of the time before a run: from the model's own speed, or that there is none."""

import msgspec
import pytest

from desktop.cli.arguments import parse
from desktop.cli.output import Output
from desktop.cli.selecting import tell_estimates
from desktop.domain.language_model import LanguageModel
from desktop.domain.run import RunCounts, RunSummary
from desktop.domain.settings import RunSettings
from desktop.errors import UserError
from tests.unit.reports.sample_runs import make_model, make_run, make_suite

MODEL = make_model("small")


def summarise(
    model: LanguageModel, reading: float | None, writing: float | None, day: int = 0
) -> RunSummary:
    return RunSummary(
        run=make_run(model, day=day),
        counts=RunCounts.of_outcomes({}, 0),
        prompt_tokens_per_second=reading,
        tokens_per_second=writing,
    )


def tell(capsys: pytest.CaptureFixture[str], *history: RunSummary, cases: int = 36) -> list[str]:
    tell_estimates([MODEL], [make_suite(cases)], RunSettings(), history, Output(as_json=False))
    lines = capsys.readouterr().err.splitlines()
    # Between them stands what differences the cases could show, which is tested elsewhere.
    return [lines[0], lines[-1]]


def test_the_newest_speed_of_the_same_model_counts(capsys: pytest.CaptureFixture[str]) -> None:
    other = make_model("other")
    work, line = tell(
        capsys,
        summarise(other, 9000.0, 900.0, day=3),
        summarise(MODEL, None, 40.0, day=2),
        summarise(MODEL, 100.0, 20.0, day=1),
        summarise(MODEL, 5000.0, 500.0),
    )
    assert "36 cases in 1 suite:" in work
    assert "(100 and 20 tokens/s)" in line
    # 36 answers of at least 24 and at most 256 tokens, and about a thousand tokens to read.
    assert "1 to 8 min" in line


@pytest.mark.parametrize(
    ("rate", "cases", "said"), [(10_000.0, 3, " s,"), (20.0, 36, " min,"), (1.0, 600, " h,")]
)
def test_the_unit_fits_the_length(
    capsys: pytest.CaptureFixture[str], rate: float, cases: int, said: str
) -> None:
    assert said in tell(capsys, summarise(MODEL, rate, rate), cases=cases)[1]


def test_a_model_of_unknown_speed_gets_no_guess(capsys: pytest.CaptureFixture[str]) -> None:
    _, line = tell(capsys, summarise(make_model("other"), 100.0, 20.0))
    assert "no estimate" in line
    assert not any(sign.isdigit() for sign in line.replace("small", ""))


def test_a_moved_file_is_known_by_its_hash(capsys: pytest.CaptureFixture[str]) -> None:
    moved = msgspec.structs.replace(MODEL, paths=("/elsewhere.gguf",))
    assert "100 and 20" in tell(capsys, summarise(moved, 100.0, 20.0))[1]
    changed = msgspec.structs.replace(moved, sha256="0" * 64)
    assert "no estimate" in tell(capsys, summarise(changed, 100.0, 20.0))[1]


def test_a_selection_can_be_typed_and_only_a_known_one() -> None:
    assert parse(["run", "--model", "m.gguf", "--selection", "short"]).selection == "short"
    with pytest.raises(UserError, match="standard"):
        parse(["run", "--model", "m.gguf", "--selection", "tiny"])
