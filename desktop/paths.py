"""Where data, logs and resources lie, from source and when frozen. Nobody else builds these.

`TOUCHSTONE_HOME` in the environment moves everything of the user's into one folder.
"""

import os
import sys
from pathlib import Path

import platformdirs

_NAME = "touchstone"


def _own_home() -> Path | None:
    home = os.environ.get("TOUCHSTONE_HOME")
    return Path(home).expanduser() if home else None


def data_folder() -> Path:
    """Return the folder of the database and its backups; not made here."""
    home = _own_home()
    return home / "data" if home else Path(platformdirs.user_data_dir(_NAME, appauthor=False))


def settings_file() -> Path:
    """Return the file that keeps the user's settings."""
    home = _own_home()
    folder = home or Path(platformdirs.user_config_dir(_NAME, appauthor=False))
    return folder / "settings.json"


def log_folder() -> Path:
    """Return the folder of the log files."""
    home = _own_home()
    return home / "logs" if home else Path(platformdirs.user_log_dir(_NAME, appauthor=False))


def cache_folder() -> Path:
    """Return the folder of what can be had again: sample models, unfinished hashes."""
    home = _own_home()
    return home / "cache" if home else Path(platformdirs.user_cache_dir(_NAME, appauthor=False))


def hash_bookmarks_folder() -> Path:
    """Return the folder that remembers how far unfinished hashes of model files are."""
    return cache_folder() / "hashes"


def sample_models_folder() -> Path:
    """Return the folder that `make` puts the two sample models into."""
    override = os.environ.get("TOUCHSTONE_SAMPLE_MODELS")
    return Path(override) if override else cache_folder() / "models"


def default_database() -> Path:
    """Return the database that is used when none is named."""
    return data_folder() / "touchstone.sqlite"


def resources_folder() -> Path:
    """Return `resources/`, beside the package or inside the frozen bundle."""
    bundle = getattr(sys, "_MEIPASS", None)
    root = Path(bundle) if bundle else Path(__file__).resolve().parent.parent
    return root / "resources"


def resource(*parts: str) -> Path:
    """Return one resource, such as `resource("report", "comparison.typ")`.

    Raises `FileNotFoundError` that names what is there instead.
    """
    path = resources_folder().joinpath(*parts)
    if not path.exists():
        folder = path.parent
        known = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
        message = f"No resource {'/'.join(parts)}; the folder has {', '.join(known) or 'nothing'}"
        raise FileNotFoundError(message)
    return path
