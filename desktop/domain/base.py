"""What every type of the domain shares."""

import uuid
from datetime import UTC, datetime
from typing import Any, TypeAlias

import msgspec

# A JSON document. msgspec cannot build a decoder for a recursive alias, so it is spelt Any.
JsonValue: TypeAlias = Any


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """Base of the domain's structs: immutable, compared by content, fields by name.

    Unknown fields are ignored on decoding, so that an older program reads what a newer one of
    the same format version wrote.
    """


def new_id() -> str:
    """Return a random UUID as 36 characters; what people cite is never a row number."""
    return str(uuid.uuid4())


def utc_now() -> datetime:
    """Return the present time with its zone, UTC."""
    return datetime.now(UTC)
