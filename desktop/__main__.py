"""The entry: the window or the command line. Also what a spawned engine process starts from."""

import multiprocessing
import sys


def main() -> int:
    """Run Touchstone; returns the exit code.

    Nothing else is imported before `freeze_support`: in a frozen program a spawned engine
    process begins right here and must not become a second window.
    """
    multiprocessing.freeze_support()
    from desktop.app import run  # noqa: PLC0415 - see above

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
