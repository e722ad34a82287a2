"""The register of suppliers: who makes a family of models, and under what licence.

A YAML file that people may edit: `resources/suppliers/suppliers.yaml`, and one of the user's own,
`suppliers.yaml` beside the database, whose families come first. All it says of a model is a
guess by architecture and name, and carries its origin.
"""

import contextlib
import functools
import logging
import re
import zlib
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from desktop import paths
from desktop.domain.base import Value
from desktop.domain.language_model import FactOrigin, LicenseTerms, SupplierFacts
from desktop.errors import UserError
from desktop.gguf.register_file import SIZE_LIMIT_BYTES, RegisterNode, parse_register
from desktop.gguf.source import read_small

FORMAT = "touchstone-suppliers"
FORMAT_VERSION = 1
_COMMERCIAL_USE = ("yes", "conditional", "no")
_BY_FILE = FactOrigin.FILE_NAME
_LONGEST_NAME = 200
_SEPARATORS = re.compile(r"[\s_/:,()]+")
_log = logging.getLogger(__name__)


class LicenseEntry(Value, frozen=True, kw_only=True):
    """A licence; `aliases` are other ids that headers give it."""

    id: str
    name: str
    conditions: str
    commercial_use: str
    source: str
    dated: str
    aliases: tuple[str, ...] = ()


class FamilyEntry(Value, frozen=True, kw_only=True):
    """A family of models.

    `architectures` name the family by themselves; `carriers` are architectures that it shares
    with others, in which its name must be found. `names` are words in a row, as `pattern_fits`
    takes them; `versions` maps further such names to licences that differ from `license`.
    """

    family: str
    supplier: str
    country: str
    source: str
    dated: str
    names: tuple[str, ...]
    architectures: tuple[str, ...] = ()
    carriers: tuple[str, ...] = ()
    license: str = ""
    versions: tuple[tuple[str, str], ...] = ()


class Register(Value, frozen=True, kw_only=True):
    """All that is known of suppliers; `problem` says why a file could not be used."""

    date: str = ""
    licenses: tuple[LicenseEntry, ...] = ()
    families: tuple[FamilyEntry, ...] = ()
    problem: str = ""

    def find_license(self, *ids: str) -> LicenseEntry | None:
        """Return the licence that a header means by an id or name, such as `apache-2.0`."""
        wanted = {_normalize(id_) for id_ in ids if id_}
        for entry in self.licenses:
            if wanted & {_normalize(name) for name in (entry.id, entry.name, *entry.aliases)}:
                return entry
        return None

    def find_supplier(
        self, architecture: str, header_names: Sequence[str], file_name: str
    ) -> tuple[SupplierFacts, LicenseTerms | None] | None:
        """Return whose model this probably is, and its licence if that is known.

        The header's names are asked first, then its architecture, then the file's name. Where
        several families fit, the longest name decides ("Llama 3.1" rather than "Llama").
        """
        header = [_normalize(name) for name in header_names if name]
        file = [_normalize(file_name)]
        by_architecture = next((f for f in self.families if architecture in f.architectures), None)
        for origin, names in ((FactOrigin.REGISTER, header), (FactOrigin.FILE_NAME, file)):
            if found := self._match_names(architecture, names):
                family, pattern = found
                where = "its header" if origin is FactOrigin.REGISTER else "the file's name"
                matched = f"“{pattern.rstrip('*')}” in {where}"
                return self._describe(family, [*header, *file], origin, matched)
            if by_architecture is not None:
                matched = f"the architecture {architecture}"
                return self._describe(
                    by_architecture, [*header, *file], FactOrigin.REGISTER, matched
                )
        return None

    def _match_names(
        self, architecture: str, names: Iterable[str]
    ) -> tuple[FamilyEntry, str] | None:
        found = [
            (family, pattern)
            for family in self.families
            if architecture in family.architectures or architecture in family.carriers
            for pattern in family.names
            if any(pattern_fits(pattern, name) for name in names)
        ]
        return max(found, key=lambda pair: len(pair[1]), default=None)

    def _describe(
        self, family: FamilyEntry, names: Sequence[str], origin: FactOrigin, matched: str
    ) -> tuple[SupplierFacts, LicenseTerms | None]:
        """Describe a family; of `names` the last is the file's, the others the header's."""
        license_id, license_origin = family.license, origin
        # What the header calls it goes before the file's name, which anybody can give.
        for known, name_origin in ((names[:-1], FactOrigin.REGISTER), (names[-1:], _BY_FILE)):
            fitting = [
                (pattern, id_)
                for pattern, id_ in family.versions
                if any(pattern_fits(pattern, name) for name in known)
            ]
            if fitting:
                license_id = max(fitting, key=lambda pair: len(pair[0]))[1]
                license_origin = _BY_FILE if origin is _BY_FILE else name_origin
                break
        entry = self.find_license(license_id)
        supplier = SupplierFacts(
            family=family.family,
            supplier=family.supplier,
            country=family.country,
            origin=origin,
            matched=matched,
            source=family.source,
            dated=family.dated,
        )
        return supplier, describe_license(entry, license_origin) if entry else None


def describe_license(entry: LicenseEntry, origin: FactOrigin) -> LicenseTerms:
    """Return a licence's terms, with who named it."""
    return LicenseTerms(
        id=entry.id,
        name=entry.name,
        conditions=entry.conditions,
        commercial_use=entry.commercial_use,
        origin=origin,
        source=entry.source,
        dated=entry.dated,
    )


def pattern_fits(pattern: str, name: str) -> bool:
    """Tell whether a normalised name has a pattern's words in a row.

    `llama-3.1` fits `meta-llama-3.1-8b` and not `llama-3.12`; with a star at its end, `qwen*`
    fits `qwen2.5-7b` too.
    """
    words = f"-{pattern.removesuffix('*')}" + ("" if pattern.endswith("*") else "-")
    return words in f"-{name}-"


@functools.cache
def register_version() -> str:
    """Return what changes when one of the files is edited; what they told is then asked anew."""
    checksum = 0
    for path in _list_files():
        with contextlib.suppress(UserError):
            checksum = zlib.crc32(read_small(path, SIZE_LIMIT_BYTES), checksum)
    return f"{checksum:08x}"


def _list_files() -> tuple[Path, ...]:
    """Return the bundled register and, where there is one, the user's own."""
    own = paths.data_folder() / "suppliers.yaml"
    bundled = paths.resources_folder() / "suppliers" / "suppliers.yaml"
    return (bundled, own) if own.exists() else (bundled,)


@functools.cache
def load_register() -> Register:
    """Return the bundled register with the user's own before it, as they were first looked at.

    A file that can't be used is left out and told in `problem`: models can be looked at without.
    """
    loaded = Register()
    for path in _list_files():
        try:
            found = read_register(path, known=loaded.licenses)
        except UserError as error:
            _log.warning("The register of suppliers was left out: %s", error)
            loaded = Register(
                date=loaded.date,
                licenses=loaded.licenses,
                families=loaded.families,
                problem=str(error),
            )
        else:
            loaded = Register(
                date=max(found.date, loaded.date),
                licenses=found.licenses + loaded.licenses,
                families=found.families + loaded.families,
                problem=loaded.problem,
            )
    return loaded


def read_register(path: Path, known: Sequence[LicenseEntry] = ()) -> Register:
    """Read one register; `known` are licences that it may name without describing them.

    Raises `UserError` with file, line and key for whatever is wrong in it.
    """
    root = parse_register(path)
    root.only("format", "version", "date", "licenses", "families")
    if root.text("format") != FORMAT:
        raise root.at("format").wrong(f"must be {FORMAT}")
    if root.text("version") != str(FORMAT_VERSION):
        raise root.at("version").wrong(f"must be {FORMAT_VERSION}; a newer file needs a newer app")
    licenses = tuple(
        _read_license(id_, node) for id_, node in root.at("licenses", optional=True).pairs()
    )
    ids = {entry.id for entry in (*known, *licenses)}
    families = tuple(_read_family(node, ids) for node in root.at("families").items())
    return Register(date=_read_date(root, "date"), licenses=licenses, families=families)


def _read_license(id_: str, node: RegisterNode) -> LicenseEntry:
    node.only("name", "conditions", "commercial_use", "source", "date", "aliases")
    commercial_use = node.text("commercial_use")
    if commercial_use not in _COMMERCIAL_USE:
        raise node.at("commercial_use").wrong(f"must be one of {', '.join(_COMMERCIAL_USE)}")
    return LicenseEntry(
        id=id_,
        name=node.text("name"),
        conditions=node.text("conditions"),
        commercial_use=commercial_use,
        source=_read_source(node),
        dated=_read_date(node, "date"),
        aliases=node.texts("aliases"),
    )


def _read_family(node: RegisterNode, licenses: set[str]) -> FamilyEntry:
    node.only(
        "family",
        "supplier",
        "country",
        "source",
        "date",
        "names",
        "architectures",
        "carriers",
        "license",
        "versions",
    )
    names, architectures = node.texts("names"), node.texts("architectures")
    carriers = node.texts("carriers")
    if not architectures and not (names and carriers):
        raise node.wrong("needs architectures, or names with carriers, to be recognised by")
    for pattern in names:
        if _normalize(pattern.removesuffix("*")) != pattern.removesuffix("*") or len(pattern) < 2:  # noqa: PLR2004 - a letter fits everything
            raise node.at("names").wrong(
                f"has “{pattern}”; names are in lower case, words joined by hyphens"
            )
    versions = tuple(
        (pattern, _known(version.at("license"), licenses))
        for version in node.at("versions", optional=True).items()
        for pattern in version.texts("names")
    )
    stated = node.at("license", optional=True)
    return FamilyEntry(
        family=node.text("family"),
        supplier=node.text("supplier"),
        country=node.text("country"),
        source=_read_source(node),
        dated=_read_date(node, "date"),
        names=names,
        architectures=architectures,
        carriers=carriers,
        license=_known(stated, licenses) if stated.exists else "",
        versions=versions,
    )


def _known(node: RegisterNode, licenses: set[str]) -> str:
    if node.value not in licenses:
        raise node.wrong(f"names the licence “{node.value}”, which is not described under licenses")
    return node.value


def _read_source(node: RegisterNode) -> str:
    source = node.text("source")
    if not source.startswith("https://"):
        raise node.at("source").wrong("must be an address that begins with https://")
    return source


def _read_date(node: RegisterNode, key: str) -> str:
    text = node.text(key)
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise node.at(key).wrong(f"must be a date such as 2026-01-31, not “{text}”") from None


def _normalize(text: str) -> str:
    return _SEPARATORS.sub("-", text[:_LONGEST_NAME].strip().lower()).strip("-")
