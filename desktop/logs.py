"""Where the program's own words go: a file that does not grow, and stderr when asked."""

import logging
import logging.handlers
import sys
import threading
from pathlib import Path
from types import TracebackType

LOG_FILE = "touchstone.log"
_LARGEST_BYTES = 1_000_000
_KEPT_FILES = 3
_FORMAT = "%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"


def set_up_logging(folder: Path, *, verbose: bool) -> None:
    """Log to `folder`, and to stderr with `verbose`. A folder that can't be written is no fault."""
    # A log that can't be written, on a full disk say, is not worth a traceback on the terminal.
    logging.raiseExceptions = False
    root = logging.getLogger()
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    if verbose and sys.stderr is not None:
        handler: logging.Handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        root.addHandler(handler)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept = logging.handlers.RotatingFileHandler(
            folder / LOG_FILE, maxBytes=_LARGEST_BYTES, backupCount=_KEPT_FILES, encoding="utf-8"
        )
    except OSError:
        # Python's last resort would print warnings to a terminal that belongs to the results.
        root.addHandler(logging.NullHandler())
    else:
        kept.setFormatter(logging.Formatter(_FORMAT))
        root.addHandler(kept)
    sys.excepthook = _log_unhandled
    threading.excepthook = _log_unhandled_in_thread


def _log_unhandled(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("desktop").critical("Unhandled", exc_info=(kind, error, trace))
    if sys.stderr is not None:
        sys.__excepthook__(kind, error, trace)


def _log_unhandled_in_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None:
        _log_unhandled(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)
