"""Make pip see again what an interrupted installation left half done.

pip writes a package's files one after the other and takes the package for installed as soon as its
`.dist-info` is there. Run by the environment's own interpreter before pip, this forgets every
package that lacks its list of files or one of the files on it, so that pip installs it anew.
"""

import shutil
import sys
import sysconfig
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path


def is_whole(distribution: Distribution) -> bool:
    """Return whether all files that the package should have are there.

    Compiled bytecode does not count: Python writes it again.
    """
    files = distribution.files
    if not files or not (distribution.metadata["Name"]):
        return False
    return all(
        Path(str(distribution.locate_file(file))).exists()
        for file in files
        if file.suffix != ".pyc"
    )


def forget_broken(site_packages: Path) -> list[str]:
    """Remove the records of broken packages, and return their folders' names."""
    broken = []
    for record in sorted(site_packages.glob("*.dist-info")):
        if not is_whole(PathDistribution(record)):
            shutil.rmtree(record)
            broken.append(record.name)
    # What pip set aside while it replaced a package: `~ame-1.0.dist-info`.
    for leftover in site_packages.glob("~*"):
        shutil.rmtree(leftover, ignore_errors=True)
    return broken


def main() -> int:
    """Repair the environment of the interpreter that runs this."""
    if sys.prefix == sys.base_prefix:
        print("This repairs a virtual environment only; run it with .venv/bin/python.")
        return 2
    for folder in sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}):
        for name in forget_broken(Path(folder)):
            print(f"Installing again what was left half done: {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
