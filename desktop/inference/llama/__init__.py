"""All that touches llama.cpp, through its low-level C API. Imported by the engine process only.

Never the binding's high-level class: it is up to 30 % slower, reads metadata so that one bad byte
empties all of it, and redirects the whole process's output.
"""
