"""Older settings files, brought up to date one version at a time.

A file of version n goes through `UPGRADES[n]`, then through the next, until it is of the present
version. A step is never changed once it has been released; a new one is added at the end.
"""

from collections.abc import Callable
from typing import Any

Document = dict[str, Any]


def _name_plurals_and_appearance(old: Document) -> Document:
    """0 → 1: the first format had no version, one folder of models and a `theme`."""
    new = {key: value for key, value in old.items() if key not in {"model_folder", "theme"}}
    if old.get("model_folder"):
        new["model_folders"] = [old["model_folder"]]
    if "theme" in old:
        new["appearance"] = old["theme"]
    return new


def _leave_sequences_to_the_engine(old: Document) -> Document:
    """1 → 2: one case at a time was the default and stood in every file; now it is a choice.

    Whether a 1 was chosen can't be told, so it goes; any other number was chosen and stays.
    """
    run = old.get("run")
    if not isinstance(run, dict) or run.get("parallel_sequences") != 1:
        return old
    kept = {key: value for key, value in run.items() if key != "parallel_sequences"}
    return {**old, "run": kept}


UPGRADES: tuple[Callable[[Document], Document], ...] = (
    _name_plurals_and_appearance,
    _leave_sequences_to_the_engine,
)
VERSION = len(UPGRADES)


def upgrade(document: Document) -> Document:
    """Return a document of the present version; `document` itself stays as it is."""
    version = document.get("version", 0)
    for step in UPGRADES[version:]:
        version += 1
        document = {**step(document), "version": version}
    return document
