"""Synthetic documents and what is to be read out of them as JSON.

Easy: a sentence about a person, three keys. Medium: an invoice with net, tax and total, five
keys, one of them a date to be rewritten. Hard: a delivery note with a list of entries, one of
them cancelled, and a value that the document does not give. With the option `constrained` answers
are held to the JSON Schema while they are written, so that only the values can be wrong.
"""

import json
from collections.abc import Callable

from desktop.domain.base import JsonValue, Value
from desktop.domain.suite import Check
from desktop.suites.generators.chance import Draws
from desktop.suites.generators.generator import Generator, Item, Option, Request
from desktop.suites.generators.vocabulary import GOODS, MONTHS, PEOPLE, SURNAMES, TOWNS

_JOBS = ("baker", "carpenter", "dentist", "electrician", "gardener", "nurse", "pilot", "tailor")
_CURRENCIES = ("EUR", "CHF", "USD", "GBP", "SEK", "PLN")
_INDEFINITE = {"electrician": "an"}


class _Document(Value, frozen=True, kw_only=True):
    text: str
    asked: str
    schema: dict[str, JsonValue]
    right: dict[str, JsonValue]
    wrong: dict[str, JsonValue]


def _object(properties: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_STRING, _INTEGER, _NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
_STRING_OR_NULL: dict[str, JsonValue] = {"type": ["string", "null"]}


def _person(draws: Draws) -> _Document:
    name = f"{draws.choose(PEOPLE)} {draws.choose(SURNAMES)}"
    age, job = draws.between(21, 64), draws.choose(_JOBS)
    article = _INDEFINITE.get(job, "a")
    text = draws.choose(
        (
            f"{name} is {age} years old and works as {article} {job}.",
            f"Our new member is {name}, {article} {job}, aged {age}.",
            f"{name} ({age}) has been {article} {job} for many years.",
        )
    )
    right: dict[str, JsonValue] = {"name": name, "age": age, "job": job}
    return _Document(
        text=text,
        asked='"name" (text), "age" (whole number) and "job" (text, one word)',
        schema=_object({"name": _STRING, "age": _INTEGER, "job": _STRING}),
        right=right,
        wrong={**right, "age": age + 10},
    )


def _invoice(draws: Draws) -> _Document:
    number = f"{draws.choose('ABDFHKM')}-{draws.between(1000, 9999)}"
    supplier = f"{draws.choose(SURNAMES)} & {draws.choose(('Sons', 'Daughters', 'Partners'))}"
    net = 100 * draws.between(3, 90)
    tax = net // 5
    total, currency = net + tax, draws.choose(_CURRENCIES)
    year, month, day = draws.between(2031, 2039), draws.below(12), draws.between(1, 28)
    text = (
        f"{supplier}, {draws.choose(TOWNS)}. Invoice {number}. Net amount {net} {currency},"
        f" tax {tax} {currency}, total {total} {currency}."
        f" Please pay by {day} {MONTHS[month]} {year}."
    )
    right: dict[str, JsonValue] = {
        "supplier": supplier,
        "invoice": number,
        "total": total,
        "currency": currency,
        "due": f"{year}-{month + 1:02}-{day:02}",
    }
    return _Document(
        text=text,
        asked='"supplier" (text), "invoice" (text), "total" (number, tax included), "currency"'
        ' (text) and "due" (text, the date in the form YYYY-MM-DD)',
        schema=_object(
            {
                "supplier": _STRING,
                "invoice": _STRING,
                "total": _NUMBER,
                "currency": _STRING,
                "due": _STRING,
            }
        ),
        right=right,
        wrong={**right, "total": net},
    )


def _delivery(draws: Draws) -> _Document:
    goods = draws.sample(GOODS, draws.between(3, 4))
    counts = draws.numbers(len(goods), 2, 60)
    cancelled = draws.below(len(goods))
    driver = f"{draws.choose(PEOPLE)} {draws.choose(SURNAMES)}"
    number, town = draws.between(10_000, 99_999), draws.choose(TOWNS)
    listed = ", ".join(f"{n} {good}" for n, good in zip(counts, goods, strict=True))
    text = (
        f"Delivery {number} to {town}, driver {driver}. Ordered: {listed}."
        f" The {goods[cancelled]} were cancelled by telephone and are not delivered."
        " The goods were received complete; nobody has signed yet."
    )
    kept = [i for i in range(len(goods)) if i != cancelled]
    items: list[JsonValue] = [{"name": goods[i], "count": counts[i]} for i in kept]
    right: dict[str, JsonValue] = {"delivery": number, "items": items, "signed_by": None}
    entry = _object({"name": _STRING, "count": _INTEGER})
    all_items = [{"name": g, "count": n} for g, n in zip(goods, counts, strict=True)]
    return _Document(
        text=text,
        asked='"delivery" (whole number), "items" (a list in the order of the text, each an object'
        ' with "name" (text) and "count" (whole number), only what is delivered) and "signed_by"'
        " (text, or null if nobody has signed)",
        schema=_object(
            {
                "delivery": _INTEGER,
                "items": {"type": "array", "items": entry},
                "signed_by": _STRING_OR_NULL,
            }
        ),
        right=right,
        wrong={**right, "items": all_items},
    )


_BY_TIER: tuple[Callable[[Draws], _Document], ...] = (_person, _invoice, _delivery)


def _make(request: Request) -> Item | None:
    document = _BY_TIER[request.level](request.draws)
    constrained = request.options["constrained"] == "yes"
    checks = (
        Check(kind="json", expected=document.right, options={"only_keys": True}),
        Check(kind="json_schema", expected=document.schema),
    )
    return Item(
        title=f"{document.text[:60]}…",
        prompt=f"Text: {document.text}\n"
        f"Task: Write a JSON object with the keys {document.asked} for this text."
        " Write only the JSON.",
        checks=checks,
        passing=json.dumps(document.right),
        failing=json.dumps(document.wrong),
        tags=("json", "constrained") if constrained else ("json",),
        max_tokens=(64, 112, 176)[request.level],
        json_schema=document.schema if constrained else None,
    )


GENERATOR = Generator(
    name="extraction",
    version=1,
    title="Extraction to JSON",
    description="A person, an invoice or a delivery note, to be written as JSON of a given shape.",
    make_item=_make,
    options=(
        Option(
            name="constrained",
            description="Whether answers are held to the JSON Schema while they are written.",
            default="no",
            choices=("no", "yes"),
        ),
    ),
)
