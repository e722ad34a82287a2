"""Tables as suites and back: CSV and JSONL files whose columns people map to parts of a case."""
