"""What `make run` does: compare the two sample models and open the window on the result.

It only calls the program's own command line, as anyone could, and tells how each step goes.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from system_packages import LIBRARIES, can_load

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"

# Exit codes of the program (README.md): everything, or everything that could be done.
DONE, DONE_WITH_ERRORS = 0, 1


def find_program() -> Path:
    """Return the program of the environment that runs this."""
    name = "touchstone.exe" if sys.platform == "win32" else "touchstone"
    return Path(sys.executable).parent / name


def choose_models(folder: Path) -> list[Path]:
    """Return the sample models, told by the order of their names."""
    return sorted(folder.glob("*.gguf"))


def find_run_ids(document: Mapping[str, Any]) -> list[str]:
    """Return the runs of a `touchstone run --json` document, those of probes too, each once."""
    suites = [str(run["id"]) for run in document.get("runs", [])]
    probes = [str(measurement["run"]) for measurement in document.get("measurements", [])]
    return list(dict.fromkeys(suites + probes))


def why_no_window(
    environment: Mapping[str, str],
    platform: str,
    missing_packages: Sequence[str] = (),
) -> str:
    """Return in a sentence why no window can be opened here, or nothing if one can."""
    if environment.get("CI", "").lower() not in {"", "0", "false"}:
        return "No window is opened, because CI is set."
    if platform in {"darwin", "win32"}:
        return ""
    if not environment.get("DISPLAY") and not environment.get("WAYLAND_DISPLAY"):
        return "There is no display here (DISPLAY and WAYLAND_DISPLAY are not set): no window."
    if missing_packages:
        return (
            "The window needs system libraries that are not here: as root,"
            f" apt-get install {' '.join(missing_packages)}"
        )
    return ""


def find_missing_libraries() -> list[str]:
    """Return the Debian packages of the libraries that Qt needs and this system lacks."""
    if not sys.platform.startswith("linux"):
        return []
    return [package for library, package in LIBRARIES.items() if not can_load(library)]


def evaluate(program: Path, models: Sequence[Path], result: Path) -> int:
    """Run the starter suite and the speed probe on the models; the document goes to `result`."""
    command = [str(program), "run", "--json", "--suite", "starter", "--probe", "speed"]
    for model in models:
        command += ["--model", str(model)]
    result.parent.mkdir(parents=True, exist_ok=True)
    with result.open("wb") as stream:
        return subprocess.run(command, check=False, stdout=stream).returncode


def main() -> int:
    """Return the exit code of the first step that failed; 1 if single cases did; else 0."""
    from desktop.paths import sample_models_folder  # noqa: PLC0415 - tests load this file alone

    program = find_program()
    models = choose_models(sample_models_folder())
    if len(models) < 2:  # noqa: PLR2004 - a comparison is of two
        print(
            f"The two sample models are not in {sample_models_folder()}: make sample-models",
            file=sys.stderr,
        )
        return 2

    print(f"Evaluating {' and '.join(model.stem for model in models)}", flush=True)
    document = BUILD / "run.json"
    evaluated = evaluate(program, models, document)
    if evaluated not in {DONE, DONE_WITH_ERRORS}:
        return evaluated
    runs = find_run_ids(json.loads(document.read_text(encoding="utf-8")))

    pdf = BUILD / "comparison.pdf"
    compared = subprocess.run([str(program), "compare", *runs, "--pdf", str(pdf)], check=False)
    if compared.returncode not in {DONE, DONE_WITH_ERRORS}:
        return compared.returncode
    print(f"\nThe comparison as a PDF: {pdf.relative_to(ROOT)}", flush=True)

    reason = why_no_window(os.environ, sys.platform, find_missing_libraries())
    if reason:
        print(reason)
        return evaluated
    print("Opening the window on this comparison.", flush=True)
    shown = subprocess.run([str(program), "--compare", *runs], check=False)
    return shown.returncode or evaluated


if __name__ == "__main__":
    sys.exit(main())
