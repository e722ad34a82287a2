"""Collect the licences of everything that Touchstone is shipped with, for the window's About.

`resources/licenses/third-party.json` is written by this script after a change of requirements.lock:
`.venv/bin/python packaging/licenses.py`. With `--check` it writes nothing and
returns 1 when the file is out of date or something may not be shipped.
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "resources" / "licenses"
DOCUMENT = FOLDER / "third-party.json"

# SPDX identifiers where a package's metadata says it in words only, or offers a choice of which
# we take one.
_CHOSEN = {
    "colorama": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "nvidia-ml-py": "BSD-3-Clause",
    "pyside6-essentials": "LGPL-3.0-only",
    "shiboken6": "LGPL-3.0-only",
}
# These wheels carry no licence file; the texts lie beside the document.
_TEXTS = {
    "pyside6-essentials": ("LGPL-3.0.txt", "GPL-3.0.txt"),
    "shiboken6": ("LGPL-3.0.txt", "GPL-3.0.txt"),
}
_NOTES = {
    "typst": (
        "PDFs are set in fonts that Typst brings along: Libertinus Serif (SIL Open Font License"
        " 1.1), New Computer Modern (GUST Font License), DejaVu Sans Mono (Bitstream Vera)."
    ),
}
_QT_NOTE = (
    "Used unmodified under the LGPL, as shared libraries that may be replaced by other builds of"
    " the same version. Qt's sources are at download.qt.io."
)
_LICENSE_FILE = re.compile(r"licen[cs]e|copying|notice", re.IGNORECASE)


def read_lock(text: str) -> dict[str, set[str]]:
    """Return the packages of a lock file with their versions; markers may give several."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([\w.+!-]+)", text, re.MULTILINE):
        found.setdefault(name.lower(), set()).add(version)
    return found


def may_be_shipped(expression: str) -> bool:
    """Return whether an SPDX expression leaves a way to ship without the GPL's terms.

    An exception ("GPL-3.0-or-later WITH GCC-exception-3.1") and a choice ("LGPL-3.0-only OR
    GPL-2.0-only") do.
    """
    parts = re.split(r"\s+AND\s+", expression.replace("(", "").replace(")", ""))
    return all(any(map(_is_free_of_gpl, re.split(r"\s+OR\s+", part))) for part in parts)


def _is_free_of_gpl(identifier: str) -> bool:
    return " WITH " in identifier or not identifier.strip().startswith(("GPL", "AGPL"))


def describe(package: Distribution) -> dict[str, str]:
    """Return name, version, licence, its text and where the project lives."""
    name = package.metadata["Name"]
    key = name.lower().replace("_", "-")
    return {
        "name": name.replace("_", "-"),
        "version": package.version,
        "license": _CHOSEN.get(key) or _read_field(package, "License-Expression", "License"),
        "url": _find_home(package),
        "note": _QT_NOTE if key in _TEXTS else _NOTES.get(key, ""),
        "text": _read_text(package, key),
    }


def _read_field(package: Distribution, *names: str) -> str:
    """Return the first of the fields that the package's metadata has."""
    for name in names:
        for value in package.metadata.get_all(name) or []:
            return str(value).strip()
    return ""


def _find_home(package: Distribution) -> str:
    urls = {
        label.lower(): url
        for label, separator, url in (
            str(line).partition(", ") for line in package.metadata.get_all("Project-URL") or []
        )
        if separator
    }
    for label in ("homepage", "home", "source", "repository", "source code"):
        if label in urls:
            return urls[label]
    return _read_field(package, "Home-page")


def _read_text(package: Distribution, key: str) -> str:
    if key in _TEXTS:
        return "\n\n".join((FOLDER / file).read_text(encoding="utf-8") for file in _TEXTS[key])
    if key == "nvidia-ml-py":
        module = Path(str(package.locate_file("pynvml.py"))).read_text(encoding="utf-8")
        return _read_leading_comment(module)
    texts = [
        Path(str(package.locate_file(file))).read_text(encoding="utf-8", errors="replace").strip()
        for file in package.files or []
        if ".dist-info" in file.parts[0] and _LICENSE_FILE.search(file.name)
    ]
    return "\n\n\n".join(dict.fromkeys(texts))


def _read_leading_comment(source: str) -> str:
    lines = []
    for line in source.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.strip("#").removeprefix(" "))
    return "\n".join(lines).strip()


def describe_inner_parts(llama_cpp_version: str, qt_version: str) -> list[dict[str, str]]:
    """Return what lies inside of packages and has an author and a licence of its own."""
    return [
        {
            "name": "llama.cpp and ggml",
            "version": f"as in llama-cpp-python {llama_cpp_version}",
            "license": "MIT",
            "url": "https://github.com/ggml-org/llama.cpp",
            "note": "",
            "text": (FOLDER / "llama.cpp.txt").read_text(encoding="utf-8"),
        },
        {
            "name": "Qt",
            "version": qt_version,
            "license": "LGPL-3.0-only",
            "url": "https://www.qt.io",
            "note": _QT_NOTE,
            "text": "\n\n".join(
                (FOLDER / file).read_text(encoding="utf-8")
                for file in ("LGPL-3.0.txt", "GPL-3.0.txt")
            ),
        },
        {
            "name": "Python",
            "version": "3.11 or later",
            "license": "PSF-2.0",
            "url": "https://www.python.org",
            "note": "Part of the installed program; from source, the Python of the system is used.",
            "text": (FOLDER / "Python.txt").read_text(encoding="utf-8"),
        },
    ]


def collect() -> list[dict[str, str]]:
    """Return all components, sorted by name."""
    locked = read_lock((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    components = [describe(distribution(name)) for name in locked]
    versions = {component["name"].lower(): component["version"] for component in components}
    components += describe_inner_parts(versions["llama-cpp-python"], versions["pyside6-essentials"])
    return sorted(components, key=lambda component: component["name"].lower())


def find_faults(components: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return in sentences what stands against shipping the components."""
    faults = []
    for component in components:
        name = component["name"]
        if not component["license"]:
            faults.append(f"{name} does not say its licence: add it to _CHOSEN")
        elif not may_be_shipped(component["license"]):
            faults.append(f"{name} may only be shipped under the GPL: {component['license']}")
        if not component["text"]:
            faults.append(f"{name} brings no licence text: add it to _TEXTS")
    return faults


def is_current(components: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether the document names the same components under the same licences.

    Versions are left out: they differ with the version of Python (requirements.lock).
    """
    if not DOCUMENT.is_file():
        return False
    kept = json.loads(DOCUMENT.read_text(encoding="utf-8"))["components"]
    return {(c["name"], c["license"]) for c in kept} == {
        (c["name"], c["license"]) for c in components
    }


def main(arguments: Sequence[str]) -> int:
    """Write the document, or with `--check` compare it with what is installed."""
    components = collect()
    faults = find_faults(components)
    text = json.dumps({"components": components}, indent=1, ensure_ascii=False) + "\n"
    if "--check" in arguments:
        if not is_current(components):
            faults.append(f"{DOCUMENT.relative_to(ROOT)} is out of date: run packaging/licenses.py")
    elif not faults:
        DOCUMENT.write_text(text, encoding="utf-8", newline="\n")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
