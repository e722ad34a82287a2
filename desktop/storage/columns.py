"""Column types: times in UTC, enums by value, frozen structs as JSON text."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import DateTime, Dialect, String, Text
from sqlalchemy.types import TypeDecorator


class UnreadableValue(Exception):
    """What is stored cannot be what this program stored; the message says why."""


class UtcDateTime(TypeDecorator[datetime]):
    """A time that knows its zone. SQLite keeps none, so UTC goes in and comes out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC; a time without a zone is a bug of the caller (`ValueError`)."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"A time without a zone cannot be stored: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say that it is UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Document(TypeDecorator[Any]):
    """A struct or a tuple of them as JSON text, checked against its type when it comes out."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        """Take the type that the document has; it is part of SQLAlchemy's cache key."""
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Encode; `None` becomes NULL, not the JSON word."""
        del dialect
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Decode; raises `UnreadableValue` if the text is not of this type."""
        del dialect
        try:
            return None if value is None else msgspec.json.decode(value, type=self.kind)
        except msgspec.DecodeError as error:
            raise UnreadableValue(str(error)) from error


class EnumByValue(TypeDecorator[StrEnum]):
    """An enum as its value, the word that JSON has too."""

    impl = String(16)
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        """Take the enum; it is part of SQLAlchemy's cache key."""
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        """Take the value; a word that is none of the enum's is a bug of the caller."""
        del dialect
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """Return the member; raises `UnreadableValue` for a word that is none."""
        del dialect
        try:
            return None if value is None else self.kind(value)
        except ValueError as error:
            raise UnreadableValue(str(error)) from error
