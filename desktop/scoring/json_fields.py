"""`json`: the answer is a JSON document with these values.

The argument maps paths (`customer.name`, `items.0.price`) to values; an empty mapping wants JSON
and nothing else. `types` maps paths to JSON types, `only_keys` allows no further keys at the top,
`alone` allows no prose around the document (a code fence is always allowed). Texts are compared
without regard to case and white space unless `match_case`; a number written as a text counts
unless `match_types`. The score is the share of demands met.
"""

from decimal import Decimal, InvalidOperation

from desktop.domain.base import JsonValue
from desktop.domain.suite import Check
from desktop.scoring.json_text import Found, find_json
from desktop.scoring.kind import CheckKind, Shape, Verdict, flag, verdict
from desktop.scoring.plain_text import fold, quote, shorten, squeeze

_ABSENT = object()
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def _value_at(document: JsonValue, path: str) -> object:
    if isinstance(document, dict) and path in document:
        return document[path]
    here: object = document
    for part in path.split("."):
        if isinstance(here, dict) and part in here:
            here = here[part]
        elif isinstance(here, list) and part.isdecimal() and int(part) < len(here):
            here = here[int(part)]
        else:
            return _ABSENT
    return here


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value).strip().replace(",", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _same(said: object, wanted: object, check: Check) -> bool:
    if isinstance(wanted, str) and isinstance(said, str):
        pair = [squeeze(fold(text)).rstrip(".") for text in (said, wanted)]
        if not flag(check, "match_case"):
            pair = [text.casefold() for text in pair]
        return pair[0] == pair[1]
    if isinstance(wanted, list) and isinstance(said, list):
        pairs = zip(said, wanted, strict=False)
        return len(said) == len(wanted) and all(_same(a, b, check) for a, b in pairs)
    if isinstance(wanted, dict) and isinstance(said, dict):
        return said.keys() == wanted.keys() and all(
            _same(said[key], wanted[key], check) for key in wanted
        )
    if isinstance(wanted, bool) or isinstance(said, bool) or wanted is None or said is None:
        return wanted is said
    if flag(check, "match_types") and isinstance(wanted, str) is not isinstance(said, str):
        return False
    numbers = _number(said), _number(wanted)
    return numbers[0] is not None and numbers[0] == numbers[1]


def _has_type(said: object, name: str) -> bool:
    if name in {"number", "integer"} and isinstance(said, bool):
        return False
    if name == "integer" and isinstance(said, float):
        return said.is_integer()
    return isinstance(said, _TYPES[name])


def _show(value: object) -> str:
    return quote(value, 40) if isinstance(value, str) else shorten(repr(value), 40)


def _faults(found: Found, check: Check) -> tuple[list[str], int]:
    """Return what is wrong, and how many demands there were."""
    faults: list[str] = []
    fields: dict[str, JsonValue] = check.expected or {}
    types: dict[str, str] = check.options.get("types", {})
    for path, wanted in fields.items():
        said = _value_at(found.document, path)
        if said is _ABSENT:
            faults.append(f"{path} is missing")
        elif not _same(said, wanted, check):
            faults.append(f"{path} should be {_show(wanted)} and is {_show(said)}")
    for path, name in types.items():
        said = _value_at(found.document, path)
        if said is _ABSENT:
            faults.append(f"{path} is missing")
        elif not _has_type(said, name):
            faults.append(f"{path} should be of type {name} and is {_show(said)}")
    demands = len(fields) + len(types)
    if flag(check, "only_keys"):
        demands += 1
        known = {path.split(".")[0] for path in (*fields, *types)} | set(fields)
        further = [k for k in found.document if k not in known] if _is_object(found) else []
        faults += [f"the key {shorten(key, 40)} was not asked for" for key in further[:1]]
    if flag(check, "alone"):
        demands += 1
        faults += [] if found.alone else ["there is text around the JSON"]
    return faults, demands


def _is_object(found: Found) -> bool:
    return isinstance(found.document, dict)


def _judge(text: str, check: Check) -> Verdict:
    found = find_json(text)
    if found is None:
        return verdict(f"Expected JSON; found none in {quote(text, 60)}.", passed=False)
    needs_object = bool(check.expected) or bool(check.options.get("types"))
    if needs_object and not isinstance(found.document, dict | list):
        said = f"Expected a JSON object; the answer is {_show(found.document)}."
        return verdict(said, passed=False, spans=(found.span,))
    faults, demands = _faults(found, check)
    if not faults:
        said = "The answer is JSON with all that was asked for."
        return verdict(said, passed=True, spans=(found.span,))
    share = max(0.0, 1 - len(faults) / demands)
    said = f"The answer is JSON, but {'; '.join(faults[:4])}."
    return verdict(said, passed=False, score=share, spans=(found.span,))


def _describe(check: Check) -> str:
    fields = [f"{path} = {_show(value)}" for path, value in (check.expected or {}).items()]
    types = [f"{path} of type {name}" for path, name in check.options.get("types", {}).items()]
    alone = " and nothing else" if flag(check, "alone") else ""
    demands = ", ".join(fields + types)
    return f"is JSON{' with ' + demands if demands else ''}{alone}"


KIND = CheckKind(
    name="json",
    expects=Shape.FIELDS,
    judge=_judge,
    describe=_describe,
    options={
        "types": Shape.TYPES,
        "only_keys": Shape.FLAG,
        "alone": Shape.FLAG,
        "match_case": Shape.FLAG,
        "match_types": Shape.FLAG,
    },
)
