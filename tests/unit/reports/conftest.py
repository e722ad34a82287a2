"""Lets tests import the builder of runs beside them."""

import sys
from pathlib import Path

# Test folders are no packages, and pytest's importlib mode leaves the path alone.
ROOT = str(Path(__file__).resolve().parents[3])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)
