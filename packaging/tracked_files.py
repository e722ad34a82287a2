"""What no tracked file may hold: registries' addresses, and paths of one machine.

Lock files go to people whose packages come from a mirror inside their own network, and a path of
the machine that something was written on is of use to nobody else. Called by `make lint`,
pre-commit and the tests.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Written apart, so that this file does not find itself.
_HOSTS = (
    "pypi" + ".org",
    "python" + "hosted.org",
    "npmjs" + ".org",
    "deb.debian" + ".org",
    "crates" + ".io",
)
_HOST = re.compile("|".join(re.escape(host) for host in _HOSTS), re.IGNORECASE)
# Where a path begins: not within a longer one, nor within an address.
_BEGINNING = r"(?<![\w./~$}>-])"
# Usual places on build machines; invented ones of people ("/home/ada") are fine in examples.
_USUAL = tuple(f"/{name}/" for name in ("root", "work", "github", "__w"))
# Licence texts are quoted as they are, addresses and all.
_QUOTED = ("resources/licenses/", "LICENSE")
_TEXT_LIMIT_BYTES = 5_000_000


def compile_machine_paths(*own: Path) -> re.Pattern[str]:
    """Return what finds a machine's paths: the usual ones, and those of this machine."""
    places = {*_USUAL, *(str(path) for path in own if len(path.parts) > 2)}  # noqa: PLR2004 - `/` and `/x` say little
    return re.compile(_BEGINNING + "(?:" + "|".join(map(re.escape, sorted(places))) + ")")


def list_tracked(root: Path = ROOT) -> list[Path]:
    """Return the files that git tracks and that are there; none outside of a checkout."""
    git = shutil.which("git")
    if not git or not (root / ".git").exists():
        return []
    listing = subprocess.run(
        [git, "-C", str(root), "ls-files", "-z"], check=True, capture_output=True
    ).stdout
    names = listing.decode("utf-8", "surrogateescape").split("\0")
    return [root / name for name in names if name and (root / name).is_file()]


def find_offences(name: str, text: str, *own: Path) -> Iterator[str]:
    """Yield a line for each address or path that should not be in the file called `name`."""
    if name.startswith(_QUOTED):
        return
    machine_path = compile_machine_paths(*own)
    for number, line in enumerate(text.splitlines(), start=1):
        for pattern, what in ((_HOST, "a registry's address"), (machine_path, "a machine's path")):
            found = pattern.search(line)
            if found:
                yield f"{name}:{number}: {what}: {found.group()}"


def check(files: Iterable[Path], root: Path = ROOT) -> list[str]:
    """Return the offences in all of the files that are text."""
    own = (Path.home(), root)
    offences: list[str] = []
    for path in files:
        content = path.read_bytes()[:_TEXT_LIMIT_BYTES]
        if b"\0" not in content:
            name = path.relative_to(root).as_posix()
            offences += find_offences(name, content.decode("utf-8", "replace"), *own)
    return offences


def main() -> int:
    """Return 1 and print the offences, if there are any."""
    offences = check(list_tracked())
    for offence in offences:
        print(offence)
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main())
