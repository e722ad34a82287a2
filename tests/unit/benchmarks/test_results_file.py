from pathlib import Path

import pytest
from results import record, table


def test_a_section_replaces_its_older_self_and_leaves_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "RESULTS.md"

    for title, body in (("First", "old figures"), ("Second", "others"), ("First", "new figures")):
        record(title, aim="to be fast", body=body, verdict="The aim is reached.", file=file)

    text = file.read_text(encoding="utf-8")
    assert "old figures" not in text
    assert text.count("## First\n") == 1
    assert text.index("## First") < text.index("new figures") < text.index("## Second")
    assert "others" in text
    # What it was measured on stands with every section, for they may come from different days.
    assert text.count("llama-cpp-python") == 2
    assert "new figures" in capsys.readouterr().out


def test_figures_of_a_table_stand_to_the_right() -> None:
    lines = table(("model", "t/s"), [("small", 7), ("larger one", 1234.5)]).splitlines()

    assert lines[1] == "|------------|-------:|"
    assert lines[2] == "| small      |      7 |"
    assert lines[3] == "| larger one | 1234.5 |"
