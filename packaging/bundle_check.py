"""Check a frozen build: what may not be in it is not, and the program works without Python.

`.venv/bin/python packaging/bundle_check.py dist/touchstone`. The program is run with PATH and
PYTHONPATH empty and a home of its own, in a folder that holds nothing.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

# Parts of Qt that come under the GPL or a commercial licence only, and GPL libraries that
# Python's own modules may pull in.
_GPL_ONLY = re.compile(
    r"VirtualKeyboard|qtvirtualkeyboard|Qt6?Charts|Qt6?DataVisualization|Qt6?Graphs|Qt6?Quick3D"
    r"|Qt6?QuickTimeline|Qt6?Lottie|lottievectorimage|Qt6?WaylandCompositor|Qt6?NetworkAuth"
    r"|Qt6?HttpServer|Qt6?Mqtt|Qt6?Coap|libreadline|libgdbm",
    re.IGNORECASE,
)
_UNWANTED_MODULES = ("diskcache", "tkinter", "pytest", "mypy", "scipy", "readline")
_LIMIT_SECONDS = 120


def find_gpl_only(names: Iterable[str]) -> list[str]:
    """Return the names of files that must not be shipped under our licence."""
    return sorted(name for name in names if _GPL_ONLY.search(name))


def find_unwanted(modules: Iterable[str]) -> list[str]:
    """Return the modules that have no place in the program."""
    return sorted(name for name in modules if name.partition(".")[0] in _UNWANTED_MODULES)


def list_modules(program: Path) -> list[str]:
    """Return the Python modules inside a frozen program."""
    from PyInstaller.archive.readers import CArchiveReader  # noqa: PLC0415 - for this step only

    archive = CArchiveReader(str(program))
    inner = next(name for name in archive.toc if name.upper().startswith("PYZ"))
    return list(archive.open_embedded_archive(inner).toc)


def run_alone(command: Sequence[str], home: Path) -> subprocess.CompletedProcess[str]:
    """Run a program with nothing around it that it could lean on."""
    environment = {
        "PATH": "",
        "PYTHONPATH": "",
        "HOME": str(home),
        "TOUCHSTONE_HOME": str(home / "touchstone"),
        "QT_QPA_PLATFORM": "offscreen",
        "TOUCHSTONE_REPORT_FIRST_PAINT": "1",
    }
    if sys.platform == "win32":  # Windows programs do not start without these
        environment |= {name: os.environ[name] for name in ("SYSTEMROOT", "TEMP", "USERPROFILE")}
    return subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        cwd=home,
        timeout=_LIMIT_SECONDS,
        stdin=subprocess.DEVNULL,
    )


def check_programs(folder: Path) -> list[str]:
    """Run the frozen programs and return what went wrong."""
    ending = ".exe" if sys.platform == "win32" else ""
    steps = (
        [str(folder / f"touchstone{ending}"), "--version"],
        [str(folder / f"touchstone{ending}"), "self-check", "--json"],
        [str(folder / f"touchstone-window{ending}")],
    )
    faults = []
    with tempfile.TemporaryDirectory(prefix="touchstone-") as home:
        for step in steps:
            name = " ".join([Path(step[0]).name, *step[1:]])
            try:
                result = run_alone(step, Path(home))
            except (OSError, subprocess.TimeoutExpired) as error:
                faults.append(f"{name}: {error}")
                continue
            if result.returncode:
                faults.append(f"{name}: exit {result.returncode}\n{result.stdout}{result.stderr}")
            elif "--json" in step:
                json.loads(result.stdout)
            print(f"{name}: {'failed' if result.returncode else 'works'}", flush=True)
    return faults


def main(arguments: Sequence[str]) -> int:
    """Return 1 and print what is wrong with the build in the folder named, if anything is."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("Name the folder of a frozen build: bundle_check.py dist/touchstone")
        return 2
    folder = Path(arguments[0]).resolve()
    files = [path for path in folder.rglob("*") if path.is_file()]
    ending = ".exe" if sys.platform == "win32" else ""
    faults = [
        f"{name} may only be shipped under the GPL"
        for name in find_gpl_only(path.relative_to(folder).as_posix() for path in files)
    ]
    faults += [
        f"{name} has no place in the program"
        for name in find_unwanted(list_modules(folder / f"touchstone{ending}"))
    ]
    faults += check_programs(folder)
    size = sum(path.stat().st_size for path in files if not path.is_symlink())
    print(f"{len(files)} files, {size / 1e6:.0f} MB")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
