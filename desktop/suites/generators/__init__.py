"""Seeded generators of cases, so that what is asked can't have been trained on.

A generator is a pure function of seed, count, options and language: the same cases on every
machine and every version of Python, since all chance comes from `chance.Draws`, our own. Each
case has a stream of draws of its own, so that the first ten cases of a hundred are those that a
count of ten gives. The right answer is computed, never written down; a draw whose question could
be understood in two ways, or whose answer stands in the question, is thrown away and drawn again.

May import domain, errors, and what reads suites of `suites.findings`. Whoever changes what a
generator makes raises its version, and the bundled suites that use it get a new one too.
"""
