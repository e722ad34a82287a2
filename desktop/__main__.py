"""The entry: the window or the command line. Also what a spawned engine process starts from."""

import multiprocessing
import sys


def main() -> int:
    """Run Touchstone; returns the exit code.

    Nothing else is imported before `freeze_support`: in a frozen program a spawned engine
    process begins right here and must not become a second window.
    """
    multiprocessing.freeze_support()
    try:
        from desktop.app import run  # noqa: PLC0415 - see above

        return run(sys.argv[1:])
    except KeyboardInterrupt:
        from desktop.cli.output import CANCELLED, Output  # noqa: PLC0415 - see above

        Output(as_json="--json" in sys.argv).report_cancelled()
        return CANCELLED


if __name__ == "__main__":
    sys.exit(main())
