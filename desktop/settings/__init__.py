"""The user's options: typed, in one file, upgraded version by version.

May import domain, errors and paths.
"""
