"""The Suites screen: what is asked of models, read, tried, changed and brought in."""
