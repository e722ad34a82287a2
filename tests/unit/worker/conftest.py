"""What all tests of the worker share."""

from pathlib import Path

import pytest

from desktop.worker import collection


@pytest.fixture(autouse=True)
def hash_bookmarks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep unfinished hashes out of the user's own cache."""
    folder = tmp_path / "unfinished hashes"
    monkeypatch.setattr(collection, "hash_bookmarks_folder", lambda: folder)
    return folder
