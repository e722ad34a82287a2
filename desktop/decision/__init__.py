"""Weights, cost, supplier and licence facts, and the verdict: the place for them.

May import inference, scoring, statistics and what lies below.
"""
