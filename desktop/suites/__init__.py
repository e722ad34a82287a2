"""Suite files read, checked and written.

May import inference, scoring, statistics and what lies below them.
"""
