"""The worker thread, the engine process, and operations: what the window and the command line call.

May import everything but `ui`, `cli` and `app`. PySide6 only in `qt.py`.
"""
