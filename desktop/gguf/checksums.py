"""Publishers' SHA-256 sums: lists beside a model, digests in file names, texts that people type.

Understood are the forms of `sha256sum` (`<hash>  <name>`, `<hash> *<name>`), of `sha256sum --tag`
and the BSDs (`SHA256 (<name>) = <hash>`), of OpenSSL (`SHA2-256(<name>)= <hash>`), `sha256:<hash>`,
and a bare hash; what people type or paste may also have its digits in groups.
"""

import codecs
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PureWindowsPath

from desktop.domain.base import Value, utc_now
from desktop.domain.language_model import HashCheck, HashVerdict
from desktop.errors import UserError
from desktop.gguf.source import read_small, spell

LIST_LIMIT_BYTES = 4 << 20
LISTS_LIMIT = 100
ENTRIES_LIMIT = 100_000

TYPED_IN = "typed in"
_DIGITS = 64

_HASH = r"(?:(?i:sha256)[:-] ?)?(?P<hash>[0-9a-fA-F]{64})"
_LINE = re.compile(rf"(?P<escaped>\\?){_HASH}(?:[ \t]+\*?(?P<name>\S.*))?")
_TAGGED = re.compile(rf"SHA(?:2?-)?256 ?\((?P<name>.+)\) ?[=:] ?{_HASH}", re.IGNORECASE)
_LIST_NAME = re.compile(
    r"(sha-?256[-_]?sums?|checksums?|.*[._-]sha-?256([-_]?sums?)?)(\.(txt|asc))?", re.IGNORECASE
)
_GROUPED = re.compile(
    r"(?:sha-?256\s*[:=-]?\s*)?((?:[0-9a-f]{2,32}[\s:-]+)+[0-9a-f]{2,32})", re.IGNORECASE
)
_TEXT_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"))
_NAMED_BY_HASH = re.compile(r"(?:sha256[:-])?([0-9a-f]{64})")


class Checksum(Value, frozen=True, kw_only=True):
    """One entry: a SHA-256 in lower case, and of which file; a bare hash names none."""

    sha256: str
    name: str = ""


def read_checksums(text: str) -> tuple[Checksum, ...]:
    """Return the entries of a text; lines that are none (comments, signatures) are passed over."""
    found = []
    for line in text.splitlines():
        stripped = line.strip()
        match = _TAGGED.fullmatch(stripped) or _LINE.fullmatch(stripped)
        if match is None:
            continue
        name = (match["name"] or "").strip()
        if match.groupdict().get("escaped"):
            # sha256sum writes odd names so.
            name = name.replace("\\n", "\n").replace("\\\\", "\\")
        found.append(Checksum(sha256=match["hash"].lower(), name=name))
        if len(found) == ENTRIES_LIMIT:
            break
    return tuple(found)


def check_typed(paths: Sequence[Path], digests: Sequence[str], text: str) -> HashCheck:
    """Compare a model's files with what somebody typed or pasted: a hash, or lines of a list.

    `digests` are those of `paths`. Raises `UserError` for a text without a SHA-256.
    """
    return _compare(paths, digests, require_checksum(text), TYPED_IN)


def require_checksum(text: str) -> tuple[Checksum, ...]:
    """Return the entries of a text; `UserError` says what is wrong with one that has none."""
    entries = read_checksums(text) or _read_grouped(text)
    if not entries:
        raise UserError(_say_what_is_wrong(text), remedy="Paste the whole hash, or its line.")
    return entries


def _read_grouped(text: str) -> tuple[Checksum, ...]:
    """Return the one hash of a text whose digits are in groups, as people write long numbers."""
    match = _GROUPED.fullmatch(text.strip())
    digits = re.sub(r"[\s:-]", "", match[1]) if match else ""
    return (Checksum(sha256=digits.lower()),) if len(digits) == _DIGITS else ()


def check_beside(paths: Sequence[Path], digests: Sequence[str]) -> HashCheck:
    """Compare a model's files with the lists in their folder, and with digests in their names.

    The first list that has one of the files decides. Without one, the name that a store gave
    the content decides, as Ollama and the Hugging Face cache call files by their SHA-256. Raises
    `UserError` when there are lists and all of them are unreadable.
    """
    failures: list[UserError] = []
    unlisted: list[str] = []
    for path in find_lists(paths[0]):
        try:
            text = _decode(read_small(path, LIST_LIMIT_BYTES))
        except UserError as failure:
            failures.append(failure)
            continue
        entries = _own_entries(path, read_checksums(text))
        check = _compare(paths, digests, entries, spell(path))
        if check.verdict is not HashVerdict.NOT_LISTED:
            return check
        unlisted.append(spell(path))
    named = tuple(_read_names(paths))
    if named:
        return _compare(paths, digests, named, "the file's name in its store")
    if failures and not unlisted:
        raise failures[0]
    return _refuse(paths[0], unlisted)


def _decode(content: bytes) -> str:
    """Return a list's text; Windows' shell writes UTF-16 with a mark at its beginning."""
    encodings = (name for mark, name in _TEXT_MARKS if content.startswith(mark))
    return content.decode(next(encodings, "utf-8"), "replace")


def find_lists(path: Path) -> tuple[Path, ...]:
    """Return the lists of checksums beside a file, its own before those of the folder."""
    try:
        with os.scandir(path.parent) as entries:
            names = sorted(entry.name for entry in entries if _LIST_NAME.fullmatch(entry.name))
    except OSError:
        return ()
    own = [
        name for name in names if name.lower().startswith((path.name.lower(), path.stem.lower()))
    ]
    others = [name for name in names if name not in own]
    return tuple(path.parent / name for name in (*own, *others)[:LISTS_LIMIT])


def _own_entries(path: Path, entries: tuple[Checksum, ...]) -> tuple[Checksum, ...]:
    """Give a bare hash the name of the file that its list is called after."""
    stem = re.sub(r"[._-]sha-?256([-_]?sums?)?(\.(txt|asc))?$", "", path.name, flags=re.IGNORECASE)
    return tuple(
        entry if entry.name else Checksum(sha256=entry.sha256, name=stem) for entry in entries
    )


def _read_names(paths: Sequence[Path]) -> Iterator[Checksum]:
    for path in paths:
        match = _NAMED_BY_HASH.fullmatch(Path(os.path.realpath(path)).name)
        if match:
            yield Checksum(sha256=match[1], name=path.name)


def _compare(
    paths: Sequence[Path], digests: Sequence[str], entries: Sequence[Checksum], source: str
) -> HashCheck:
    """Compare each file with its entry; one that differs outweighs those that match."""
    listed = 0
    shown: tuple[str, str] | None = None
    for path, digest in zip(paths, digests, strict=True):
        wanted = _find_entry(path, entries, alone=len(paths) == 1)
        if not wanted:
            continue
        listed += 1
        if digest not in wanted:
            expected = min(wanted)
            message = f"{path.name} differs from its publisher's SHA-256 ({source}): expected "
            message += f"{expected}, but the file has {digest}."
            return _make(HashVerdict.DIFFERS, source, message, expected, digest)
        shown = shown or (digest, digest)
    if shown is None or listed < len(paths):
        return _refuse(paths[0], [source], listed=listed, count=len(paths))
    message = f"{paths[0].name} matches its publisher's SHA-256 ({source})."
    return _make(HashVerdict.MATCHES, source, message, *shown)


def _find_entry(path: Path, entries: Sequence[Checksum], *, alone: bool) -> set[str]:
    """Return the hashes that are given for a file: by its name, by any folder's file of its name.

    A bare hash is for the one file that there is.
    """
    by_name = {e.sha256 for e in entries if e.name in (path.name, f"./{path.name}")}
    if by_name:
        return by_name
    # Folders are written with either slash.
    elsewhere = {e.sha256 for e in entries if e.name and _last_part(e.name) == path.name}
    bare = {e.sha256 for e in entries if not e.name} if alone else set()
    return elsewhere or bare


def _last_part(name: str) -> str:
    return PureWindowsPath(name).name


def _refuse(path: Path, sources: Sequence[str], *, listed: int = 0, count: int = 1) -> HashCheck:
    if listed:
        message = f"Only {listed} of the {count} files of {path.name} are listed in {sources[0]}."
    elif sources:
        message = f"{path.name} is not listed in {', '.join(sources)}."
    else:
        message = f"No list of SHA-256 sums lies beside {path.name}."
    return _make(HashVerdict.NOT_LISTED, ", ".join(sources), message, "", "")


def _make(verdict: HashVerdict, source: str, message: str, expected: str, actual: str) -> HashCheck:
    return HashCheck(
        verdict=verdict,
        source=source,
        message=message,
        expected=expected,
        actual=actual,
        checked_at=utc_now(),
    )


def _say_what_is_wrong(text: str) -> str:
    grouped = _GROUPED.fullmatch(text.strip())
    digits = re.findall(r"[0-9a-fA-F]{8,}", re.sub(r"[\s:-]", "", grouped[1]) if grouped else text)
    longest = max((len(run) for run in digits), default=0)
    known = {
        32: ", the length of an MD5",
        40: ", the length of a SHA-1",
        128: ", that of a SHA-512",
    }
    if longest:
        return f"A SHA-256 has 64 hexadecimal digits; this has {longest}{known.get(longest, '')}."
    return "A SHA-256 has 64 hexadecimal digits; this text has none."
