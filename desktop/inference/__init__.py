"""What an engine offers (`engine.py`), and two that do: `llama/` and the scripted stand-in.

May import gguf, settings, domain, errors and paths. `llama_cpp` is imported in `llama/` only, and
`llama/` only by the engine process: an engine is driven through a pipe, never in the process
that holds the database. One protocol serves both sides of the pipe, so that whatever drives an
engine can be tested against one in the same process.
"""
