"""Every option, once: its type and its default. Units are in the names."""

from enum import StrEnum

from desktop.domain.base import Value
from desktop.domain.settings import RunSettings


class Appearance(StrEnum):
    """Which colours the window takes."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Options(Value, frozen=True, kw_only=True):
    """The user's options. `version` is that of the file format.

    `hash_models` computes the SHA-256 of every model in the background, which reads each file once.
    `database_path` is empty for the default place. `window_geometry` is Qt's own state, base64.
    """

    version: int = 2
    appearance: Appearance = Appearance.SYSTEM
    model_folders: tuple[str, ...] = ()
    suite_files: tuple[str, ...] = ()
    database_path: str = ""
    run: RunSettings = RunSettings()
    hash_models: bool = True
    keep_awake: bool = True
    notify_at_end: bool = True
    sample_offer_dismissed: bool = False
    window_geometry: str = ""
    last_screen: str = ""
    splitter_sizes: dict[str, tuple[int, ...]] = {}
