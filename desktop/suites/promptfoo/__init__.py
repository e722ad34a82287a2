"""promptfoo's configurations read as suites: `config` puts together what the others read.

Nothing is executed and nothing fetched. What a suite can't have, such as JavaScript, remote
providers or measures that need an embedding model, is named in a notice with its place.
"""
