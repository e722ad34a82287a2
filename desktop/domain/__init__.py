"""The vocabulary: frozen structs and enums that every other folder speaks, without any I/O.

May import `errors` and `paths` only. Everything is a frozen `msgspec.Struct`, so that the same
type goes through pipes, into the database and into JSON. Enums carry no text for people: that
lies in `ui` and `reports`. Units are part of names (`file_bytes`, `seconds`). Times are UTC.
"""
