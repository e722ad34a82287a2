"""The window, one folder a screen.

May import worker, settings and domain (and errors, paths). No SQL, no engine, no files of its own:
every deed is an operation of `worker`.
"""
