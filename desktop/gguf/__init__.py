"""Reading GGUF headers, finding model files, telling what a model needs of memory.

May import domain, errors and paths. Never touches weights; every length is checked against the
file before it is believed, because model files come from strangers.
"""
