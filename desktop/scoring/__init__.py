"""What makes an answer good: one scorer a module, answer and check in, score with a sentence out.

May import gguf, settings, domain, errors and paths; in practice domain alone.
"""
