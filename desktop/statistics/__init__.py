"""Intervals and paired tests: pure functions of numbers.

May import domain, errors and paths. Needs NumPy at most, so that a bundle stays small.
"""
