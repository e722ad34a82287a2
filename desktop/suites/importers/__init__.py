"""Public benchmarks read from the files that their authors publish, and written back to them.

`registry` lists them by name, one module a family says how a row becomes a case, `importing` and
`exporting` do the work. Nothing is fetched: people bring the files.
"""
