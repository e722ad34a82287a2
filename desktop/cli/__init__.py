"""The headless commands: what engineers and CI call.

May import worker and everything below it, never Qt. With `--json` one document goes to stdout and
nothing else; progress and sentences for people go to stderr. The documents' schemas lie in
`resources/schemas/`.
"""
