"""The machine, and what it does with a model.

May import inference, statistics, gguf and what lies below. Nothing here raises because a figure
cannot be had: it is absent, with a word why.
"""
