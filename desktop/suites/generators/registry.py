"""Every generator by its name, as suite files call it under `generate`."""

from collections.abc import Mapping

from desktop.suites.generators import (
    arithmetic,
    dates,
    extraction,
    facts,
    instructions,
    lists,
    needle,
    tables,
)
from desktop.suites.generators.generator import Generator

GENERATORS: Mapping[str, Generator] = {
    generator.name: generator
    for generator in (
        arithmetic.GENERATOR,
        tables.GENERATOR,
        needle.GENERATOR,
        instructions.GENERATOR,
        extraction.GENERATOR,
        facts.GENERATOR,
        dates.GENERATOR,
        lists.GENERATOR,
    )
}
