"""`import-results` on a real database: stored once, compared, listed."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from desktop import paths
from desktop.app import build_backend
from desktop.cli.arguments import parse
from desktop.cli.commands import carry_out

RESULTS = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "lm-eval-results"
pytestmark = pytest.mark.skipif(not RESULTS.is_dir(), reason="the public data sets are not here")


def _ask(database: Path, capsys: pytest.CaptureFixture[str], *typed: object) -> Any:
    def open_backend(*, read_only: bool = False) -> Any:
        return build_backend(database=str(database), scripted=True, read_only=read_only)

    def never() -> Any:
        raise AssertionError("no engine is needed")

    arguments = parse([*(str(part) for part in typed), "--json"])
    assert carry_out(arguments, open_backend, never) == 0
    return json.loads(capsys.readouterr().out)


def test_results_are_kept_once_and_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "results.sqlite"
    folder = RESULTS / "negotiationtom_qwen3-8b"
    first = _ask(database, capsys, "import-results", folder)
    schema = paths.resource("schemas", "import_results.schema.json").read_text(encoding="utf-8")
    jsonschema.validate(first, json.loads(schema))
    assert len(first["runs"]) == 4
    belief = next(r for r in first["runs"] if r["origin"]["task"] == "negotiationtom_belief")
    assert (belief["status"], belief["passed"], belief["cases"]) == ("finished", 9, 20)
    assert belief["origin"]["figures"][0] == {
        "name": "acc,none",
        "value": 0.45,
        "error": 0.11413288653790232,
    }
    assert "acc,none = 0.45 ± 0.11" in belief["note"]
    again = _ask(database, capsys, "import-results", folder)
    assert (again["runs"], sorted(again["known"])) == ([], sorted(r["id"] for r in first["runs"]))
    comparison = _ask(database, capsys, "compare", belief["id"])
    (model,) = comparison["models"]
    assert (model["label"], model["cases_passed"], model["cases_scored"]) == ("Qwen3-8B", 9, 20)
