"""Touchstone: which language model to deploy on your own machines, and how sure you can be.

The folders are the architecture; the direction of imports is kept by the contracts in
`pyproject.toml` and drawn in README.md.
"""

__version__ = "0.1.0"
