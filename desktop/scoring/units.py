"""Units beside a number, and numbers in one unit read as another of the same kind.

Written as people do: 5 km, 5,000 m, $12, 12 €, 20 %. A unit that is not in the table only fits
itself, in any case.
"""

from decimal import Decimal

import regex

from desktop.scoring.plain_text import fold

# How many of the first unit of a line one of the others is. Temperatures have no common zero.
_TABLE = """
m:1 meter:1 meters:1 metre:1 metres:1 km:1000 kilometer:1000 kilometers:1000 kilometre:1000
 kilometres:1000 cm:0.01 mm:0.001 in:0.0254 inch:0.0254 inches:0.0254 ft:0.3048 foot:0.3048
 feet:0.3048 yd:0.9144 yard:0.9144 yards:0.9144 mi:1609.344 mile:1609.344 miles:1609.344
g:1 gram:1 grams:1 kg:1000 kilogram:1000 kilograms:1000 mg:0.001 t:1000000 tonne:1000000
 tonnes:1000000 oz:28.349523125 ounce:28.349523125 ounces:28.349523125 lb:453.59237 lbs:453.59237
 pound:453.59237 pounds:453.59237
s:1 sec:1 second:1 seconds:1 ms:0.001 min:60 mins:60 minute:60 minutes:60 h:3600 hr:3600 hrs:3600
 hour:3600 hours:3600 d:86400 day:86400 days:86400 week:604800 weeks:604800
l:1 liter:1 liters:1 litre:1 litres:1 ml:0.001 cl:0.01 dl:0.1
b:1 byte:1 bytes:1 kb:1000 mb:1000000 gb:1000000000 tb:1000000000000 kib:1024 mib:1048576
 gib:1073741824
w:1 watt:1 watts:1 kw:1000 mw:1000000
wh:1 kwh:1000 mwh:1000000
%:1 percent:1 per cent:1 pct:1
$:1 usd:1 dollar:1 dollars:1
€:1 eur:1 euro:1 euros:1
£:1 gbp:1 pound sterling:1 pounds sterling:1
°c:1 celsius:1 degrees celsius:1
°f:1 fahrenheit:1 degrees fahrenheit:1
"""
_KINDS: dict[str, tuple[int, Decimal]] = {
    name.strip(): (number, Decimal(factor))
    for number, line in enumerate(_TABLE.replace("\n ", " ").strip().splitlines())
    for name, factor in regex.findall(r"([^\d:][^:]*):([\d.]+)", line)
}
_AFTER = regex.compile(
    r"[\s*_]*-?(%|[€£$]|°\s?\w|per\s+cent|degrees\s+\w+|pounds?\s+sterling|[\p{L}]+)"
)
_BEFORE = regex.compile(r"([€£$]|\p{Lu}{3})\s?$")


def find_unit(text: str, start: int, end: int) -> str:
    """Return the unit of the number at a place, after it or before; empty if there is none."""
    folded = fold(text)
    before = _BEFORE.search(folded[max(0, start - 5) : start])
    inside = _BEFORE.search(folded[start : start + 1])
    after = _AFTER.match(folded, end, end + 40)
    for found in (inside, before, after):
        if found is not None:
            unit = regex.sub(r"°\s", "°", found[1].strip())
            if found is after or unit.casefold() in _KINDS:
                return str(unit)
    return ""


def convert(value: Decimal, unit: str, wanted: str) -> Decimal | None:
    """Return a value in the wanted unit, `None` if that is another kind of thing."""
    said, asked = unit.casefold().strip(), wanted.casefold().strip()
    if said == asked:
        return value
    if said not in _KINDS or asked not in _KINDS or _KINDS[said][0] != _KINDS[asked][0]:
        return None
    return value * _KINDS[said][1] / _KINDS[asked][1]
