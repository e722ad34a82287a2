"""What has been imported when the window is painted first: nothing that is slow."""

import json
import os
import subprocess
import sys
from pathlib import Path

_WATCH = """
import json, sys
from PySide6.QtWidgets import QApplication
from desktop.ui import start

def report():
    print(json.dumps(sorted(name for name in sys.modules if "." not in name)))
    QApplication.exit(0)

start._report_first_paint = report
sys.exit(start.show_window(lambda **_: None))
"""


def test_the_window_is_painted_before_anything_slow_is_imported(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "TOUCHSTONE_HOME": str(tmp_path),
        "TOUCHSTONE_REPORT_FIRST_PAINT": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", _WATCH],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert done.returncode == 0, done.stderr
    imported = set(json.loads(done.stdout))
    assert "PySide6" in imported
    assert not imported & {"llama_cpp", "sqlalchemy", "alembic", "pyqtgraph", "typst", "numpy"}
