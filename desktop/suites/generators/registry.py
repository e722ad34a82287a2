"""Every generator by the name that suites give it."""

from collections.abc import Mapping

from desktop.suites.generators.generator import Generator

GENERATORS: Mapping[str, Generator] = {}
