"""What a JSON Schema asks that a grammar can't hold an answer to."""


class SchemaProblem(Exception):
    """`message` is a clause that names the place in the schema, without a full stop."""

    def __init__(self, path: str, message: str) -> None:
        """Put the place first: `at #/properties/name: …`."""
        self.path = path
        self.message = f"at {path}: {message}"
        super().__init__(self.message)
