"""The loop: a plan in, stored answers and events out.

May import probes, suites, inference, scoring and what lies below; reaches the database through the
protocol of `domain.recording` only.
"""
