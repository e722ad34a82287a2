"""Where cases come from that nobody wrote into the suite: generators, or files of benchmarks.

Seeded generators are asked for under `generate` and recorded under `generated`. The same name,
version, seed, count and options give the same cases on every machine. What was generated is part
of the suite from then on: a run stores the cases themselves.
"""

import re
from collections.abc import Mapping

import msgspec

from desktop.domain.suite import Case, Generated, Imported
from desktop.errors import UserError
from desktop.suites.fields import IDENTIFIER, Fields
from desktop.suites.findings import Findings, nearest
from desktop.suites.generators.generator import Generator
from desktop.suites.generators.registry import GENERATORS

GENERATE_KEYS = ("generator", "version", "seed", "count", "options", "language", "prefix")
MOST_GENERATED = 100_000
MOST_SEED = 2**63 - 1


def read_generate(
    fields: Fields,
    language: str,
    findings: Findings,
    generators: Mapping[str, Generator] = GENERATORS,
) -> tuple[tuple[Generated, tuple[Case, ...], int], ...]:
    """Make what `generate` asks for: each entry with its cases and its line."""
    made = []
    for position, node in enumerate(fields.items("generate"), start=1):
        entry = Fields(node, f"entry {position} of generate", GENERATE_KEYS, findings)
        before = findings.count
        wanted = _read_entry(entry, language, findings)
        generator = generators.get(wanted.generator)
        if generator is None:
            if wanted.generator:
                hint = nearest(wanted.generator, generators)
                message = f'there is no generator "{wanted.generator}", named in {entry.where}'
                findings.add(entry.key_line("generator"), f"{message}{hint}")
            continue
        _check_version(entry, generator, findings)
        if findings.count == before:
            wanted = msgspec.structs.replace(wanted, version=generator.version)
            made.append((wanted, _make(generator, wanted, entry, findings), entry.line))
    return tuple(made)


def read_generated(fields: Fields, findings: Findings) -> tuple[Generated, ...]:
    """Return the record of how cases that stand in the file were once made."""
    records = []
    for position, node in enumerate(fields.items("generated"), start=1):
        entry = Fields(node, f"entry {position} of generated", GENERATE_KEYS, findings)
        entry.require("version")
        records.append(_read_entry(entry, "en", findings))
    return tuple(records)


def read_imported(fields: Fields) -> Imported | None:
    """Return the record of the files that cases were imported from, as the importer wrote it."""
    if "imported" not in fields:
        return None
    try:
        return msgspec.convert(fields.options("imported"), Imported)
    except msgspec.ValidationError as error:
        fields.wrong("imported", f"the record that an importer writes ({error})")
        return None


def _read_entry(entry: Fields, language: str, findings: Findings) -> Generated:
    entry.require("generator", "seed", "count")
    prefix = entry.text("prefix")
    if prefix and not re.fullmatch(IDENTIFIER, prefix):
        findings.add(
            entry.key_line("prefix"),
            f'"prefix" in {entry.where} must be letters, digits and . _ : / - only',
        )
    return Generated(
        generator=entry.text("generator"),
        version=entry.whole("version", 1, 1_000_000) or 1,
        seed=entry.whole("seed", 0, MOST_SEED) or 0,
        count=entry.whole("count", 1, MOST_GENERATED) or 1,
        options=entry.options("options"),
        language=entry.text("language", language),
        prefix=prefix,
    )


def _check_version(entry: Fields, generator: Generator, findings: Findings) -> None:
    version = entry.whole("version", 1, 1_000_000)
    if version is not None and version != generator.version:
        findings.add(
            entry.key_line("version"),
            f"{entry.where} wants version {version} of its generator, and this program has version"
            f" {generator.version}, which makes other cases",
        )


def _make(
    generator: Generator, wanted: Generated, entry: Fields, findings: Findings
) -> tuple[Case, ...]:
    try:
        cases = generator.make(wanted.seed, wanted.count, wanted.options, wanted.language)
    except UserError as error:
        findings.add(entry.line, f"{error.message.rstrip('.')}, in {entry.where}")
        return ()
    if not wanted.prefix:
        return cases
    return tuple(msgspec.structs.replace(case, id=f"{wanted.prefix}{case.id}") for case in cases)
