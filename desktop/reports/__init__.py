"""A comparison as data, then as PDF, CSV and JSON.

May import probes, decision, suites and what lies below. Text for people is allowed here.
"""
