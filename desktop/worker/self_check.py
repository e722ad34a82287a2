"""What `self-check` looks at: whether this program, as it is installed, can do its work."""

from pathlib import Path

from desktop.domain.base import utc_now
from desktop.domain.comparison import Comparison
from desktop.errors import EngineFault
from desktop.inference.engine import EngineFactory
from desktop.storage.database import Database


def check_engine(start_engine: EngineFactory) -> str:
    """Start an engine process, which loads its library before it says that it is ready."""
    engine = start_engine()
    try:
        peak = engine.peak_memory_bytes()
    finally:
        engine.close()
    if not peak:
        raise EngineFault("The engine process does not tell its memory.")
    return f"the engine process is up, with {peak / 1e6:.0f} MB of memory"


def check_database(folder: Path) -> str:
    """Migrate an empty database, back it up, open it again."""
    with Database.open(folder / "check.sqlite") as database:
        database.back_up(folder / "copy.sqlite")
    with Database.open(folder / "copy.sqlite", read_only=True) as copy:
        runs = copy.runs.count_runs()
    return f"schema {copy.schema_version}, {runs} runs in a new database, backed up and read"


def check_report(folder: Path) -> str:
    """Write a PDF."""
    from desktop.reports.pdf import write_pdf  # noqa: PLC0415 - Typst is large

    path = folder / "check.pdf"
    comparison = Comparison(
        title="Self-check",
        created_at=utc_now(),
        models=(),
        cases=(),
        pairs=(),
        headline="This page shows that a report can be written.",
    )
    write_pdf(comparison, path)
    return f"a PDF of {path.stat().st_size:,} bytes"
