"""A suite that is written is read back the same."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.domain.suite import Case, Check, Message, Role, Suite
from desktop.errors import EnvironmentFault
from desktop.suites.reader import list_bundled_suites, read_suite
from desktop.suites.writer import format_suite, write_suite

_TEXTS = st.text(
    alphabet=st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), min_size=1
).filter(lambda text: bool(text.strip()))


def without_source(suite: Suite) -> Suite:
    return msgspec.structs.replace(suite, sha256="", path="", bundled=False)


@pytest.mark.parametrize("path", list_bundled_suites(), ids=lambda path: path.stem)
def test_bundled_suites_survive_the_round_trip(path: Path, tmp_path: Path) -> None:
    suite = read_suite(path)
    copy = tmp_path / "copy.yaml"
    write_suite(suite, copy)
    assert without_source(read_suite(copy)) == without_source(suite)


@given(
    prompt=_TEXTS,
    wanted=st.one_of(
        _TEXTS, st.sampled_from(["yes", "true", "null", "~", "007", "1e5", "1_000", "0x1F", ".5"])
    ),
    value=st.one_of(st.none(), st.booleans(), st.integers(), _TEXTS, st.floats(-1e6, 1e6)),
)
def test_any_text_survives_the_round_trip(
    prompt: str, wanted: str, value: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    case = Case(
        id="a",
        title="a",
        messages=(Message(role=Role.USER, content=prompt),),
        checks=(
            Check(kind="equals", expected=wanted),
            Check(kind="json", expected={"x": value}, weight=2.0),
        ),
    )
    suite = Suite(id="s", title="t", version="1", cases=(case,))
    path = tmp_path_factory.getbasetemp() / "round.yaml"
    write_suite(suite, path)
    assert without_source(read_suite(path)) == suite


def test_long_prompts_stay_readable() -> None:
    suite = read_suite(list_bundled_suites()[0])
    assert "prompt: |-\n" in format_suite(suite)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    suite = read_suite(list_bundled_suites()[0])
    with pytest.raises(EnvironmentFault, match="could not be written"):
        write_suite(suite, tmp_path / "no" / "suite.yaml")
