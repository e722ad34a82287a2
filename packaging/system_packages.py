"""Install what Qt and the tests need of a Debian system, or say what is missing.

What counts is whether a library can be loaded or a program be found, so that a system which has
them under other names is left alone. Only Linux needs anything.
"""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence

# What PySide6's libraries and its xcb plugin are linked against (ldd libqxcb.so), but for what
# every system with a C library has, and the Debian package that brings it.
LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
# xauth is only recommended by xvfb, and xvfb-run does not start without it.
# strace shows what the engine's process does to the world.
PROGRAMS = {"xvfb-run": "xvfb", "xauth": "xauth", "xdotool": "xdotool", "strace": "strace"}


def can_load(library: str) -> bool:
    """Return whether the dynamic linker finds the library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def find_missing(
    loads: Callable[[str], bool] = can_load,
    finds: Callable[[str], str | None] = shutil.which,
) -> list[str]:
    """Return the Debian packages of what is not there."""
    missing = [package for library, package in LIBRARIES.items() if not loads(library)]
    missing += [package for program, package in PROGRAMS.items() if not finds(program)]
    return missing


def find_installer(
    finds: Callable[[str], str | None] = shutil.which,
    *,
    is_root: bool | None = None,
    sudo_works: Callable[[], bool] | None = None,
) -> list[str] | None:
    """Return how apt-get may be called here, or `None` if it may not."""
    if not finds("apt-get"):
        return None
    if os.geteuid() == 0 if is_root is None else is_root:
        return ["apt-get"]
    asks_nothing = sudo_works or _sudo_asks_nothing
    return ["sudo", "-n", "apt-get"] if finds("sudo") and asks_nothing() else None


def _sudo_asks_nothing() -> bool:
    return subprocess.run(["sudo", "-n", "true"], check=False, capture_output=True).returncode == 0  # noqa: S607 - sudo is where PATH says


def install(packages: Sequence[str], installer: Sequence[str]) -> bool:
    """Install the packages and return whether apt-get said yes; if not, its words go to stderr."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    steps = (
        [*installer, "update", "-qq"],
        [*installer, "install", "-qq", "--yes", "--no-install-recommends", *packages],
    )
    for step in steps:
        result = subprocess.run(
            step, check=False, env=environment, stdin=subprocess.DEVNULL, capture_output=True
        )
        if result.returncode:
            sys.stderr.write((result.stdout + result.stderr).decode("utf-8", "replace"))
            return False
    return True


def main() -> int:
    """Return 0 when everything is there, 3 with a sentence when it is not."""
    if not sys.platform.startswith("linux"):
        return 0
    missing = find_missing()
    if not missing:
        return 0
    installer = find_installer()
    if installer:
        print(f"Installing what the tests need: {' '.join(missing)}", flush=True)
        install(missing, installer)
        missing = find_missing()
    if missing:
        print(
            "The tests need system packages that are not here and may not be"
            f" installed from here. As root: apt-get install {' '.join(missing)}",
            file=sys.stderr,
        )
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
