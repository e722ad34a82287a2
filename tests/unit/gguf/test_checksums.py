"""Publishers' hashes: lists beside a model, names of stores, texts that people type."""

import hashlib
import os
import sys
from pathlib import Path

import pytest

from desktop.domain.language_model import HashVerdict
from desktop.errors import UserError
from desktop.gguf import checksums
from desktop.gguf.checksums import Checksum, check_beside, check_typed, read_checksums

CONTENT = b"weights"
HASH = hashlib.sha256(CONTENT).hexdigest()
OTHER = "0" * 64


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(CONTENT)
    return path


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (f"{HASH}  model.gguf", "model.gguf"),
        (f"{HASH} *model.gguf", "model.gguf"),
        (f"{HASH.upper()}\tmodel.gguf", "model.gguf"),
        (f"SHA256 (my model.gguf) = {HASH}", "my model.gguf"),
        (f"SHA2-256(model.gguf)= {HASH}", "model.gguf"),
        (f"SHA256:{HASH.upper()}", ""),
        (f"sha256:{HASH}", ""),
        (f"  {HASH}  ", ""),
        (f"\\{HASH}  odd\\nname.gguf", "odd\nname.gguf"),
    ],
)
def test_forms_of_an_entry(line: str, name: str) -> None:
    text = f"# sums\n\n{line}\r\n-----BEGIN PGP SIGNATURE-----\n{HASH[:63]}  short.gguf\n"
    assert read_checksums(text) == (Checksum(sha256=HASH, name=name),)


@pytest.mark.parametrize(
    ("list_name", "text"),
    [
        ("SHA256SUMS", f"{OTHER}  another.gguf\n{HASH}  model.gguf\n"),
        ("sha256sums.txt", f"{HASH}  ./model.gguf\n"),
        ("checksums.txt", f"{HASH}  dist\\model.gguf\n"),
        ("model.gguf.sha256", f"{HASH}\n"),
        ("model.sha256", f"{HASH}  model.gguf"),
    ],
)
def test_a_list_beside_a_model_is_found_and_checked(model: Path, list_name: str, text: str) -> None:
    (model.parent / list_name).write_text(text)
    check = check_beside([model], [HASH])
    assert check.verdict is HashVerdict.MATCHES
    assert check.source == str(model.parent / list_name)
    assert (check.expected, check.actual) == (HASH, HASH)


def test_a_difference_is_told_with_both_hashes(model: Path) -> None:
    (model.parent / "SHA256SUMS").write_text(f"{OTHER}  model.gguf\n")
    check = check_beside([model], [HASH])
    assert check.verdict is HashVerdict.DIFFERS
    assert (check.expected, check.actual) == (OTHER, HASH)
    assert OTHER in check.message
    assert HASH in check.message


def test_a_list_without_the_file_and_no_list_are_told(model: Path) -> None:
    assert "No list" in check_beside([model], [HASH]).message
    (model.parent / "SHA256SUMS").write_text(f"{HASH}  other.gguf\nno entry\n")
    (model.parent / "other.gguf.sha256").write_text(HASH)
    check = check_beside([model], [HASH])
    assert check.verdict is HashVerdict.NOT_LISTED
    assert "not listed in" in check.message


def test_an_entry_of_the_same_folder_outweighs_those_of_others(model: Path) -> None:
    (model.parent / "SHA256SUMS").write_text(f"{OTHER}  old/model.gguf\n{HASH}  model.gguf\n")
    assert check_beside([model], [HASH]).verdict is HashVerdict.MATCHES


def test_stores_that_call_files_by_their_hash_are_believed_and_checked(
    model: Path, tmp_path: Path
) -> None:
    blob = model.rename(tmp_path / f"sha256-{HASH}")
    assert check_beside([blob], [HASH]).verdict is HashVerdict.MATCHES
    assert check_beside([blob], [OTHER]).verdict is HashVerdict.DIFFERS
    blob.rename(tmp_path / HASH)
    link = tmp_path / "readable.gguf"
    link.symlink_to(tmp_path / HASH)
    assert check_beside([link], [HASH]).verdict is HashVerdict.MATCHES


def test_every_shard_must_be_listed_and_match(tmp_path: Path) -> None:
    paths = [tmp_path / f"m-0000{n}-of-00002.gguf" for n in (1, 2)]
    digests = [HASH, "1" * 64]
    lines = [f"{digest}  {path.name}" for path, digest in zip(paths, digests, strict=True)]
    assert check_typed(paths, digests, "\n".join(lines)).verdict is HashVerdict.MATCHES
    partly = check_typed(paths, digests, lines[0])
    assert partly.verdict is HashVerdict.NOT_LISTED
    assert "Only 1 of the 2 files" in partly.message
    wrong = check_typed(paths, [HASH, OTHER], "\n".join(lines))
    assert (wrong.verdict, wrong.expected, wrong.actual) == (
        HashVerdict.DIFFERS,
        "1" * 64,
        OTHER,
    )


@pytest.mark.parametrize(
    "text",
    [
        " ".join(HASH[at : at + 8] for at in range(0, 64, 8)),
        ":".join(HASH[at : at + 2].upper() for at in range(0, 64, 2)),
        f"SHA-256: {HASH[:32]}\n         {HASH[32:]}",
        f"\u00a0{HASH}\t",
    ],
)
def test_a_hash_may_be_pasted_with_blanks(model: Path, text: str) -> None:
    assert check_typed([model], [HASH], text).verdict is HashVerdict.MATCHES
    assert check_typed([model], [OTHER], text).verdict is HashVerdict.DIFFERS


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_lists_as_windows_writes_them(model: Path, encoding: str) -> None:
    (model.parent / "SHA256SUMS").write_text(f"{HASH} *model.gguf\r\n", encoding=encoding)
    assert check_beside([model], [HASH]).verdict is HashVerdict.MATCHES


def test_what_is_typed_is_compared(model: Path) -> None:
    assert check_typed([model], [HASH], f" SHA256:{HASH.upper()} ".lower()).verdict == "matches"
    assert check_typed([model], [HASH], OTHER).verdict == "differs"
    assert check_typed([model], [HASH], f"{HASH}  another.gguf").verdict == "not_listed"
    assert check_typed([model], [HASH], HASH).source == "typed in"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "has none"),
        ("d41d8cd98f00b204e9800998ecf8427e", "has 32, the length of an MD5"),
        ("a" * 40, "a SHA-1"),
        ("a" * 63, "this has 63"),
        ("12345678 " * 7, "this has 56"),
    ],
)
def test_what_is_no_sha256_is_refused(model: Path, text: str, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        check_typed([model], [HASH], text)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_a_pipe_or_a_giant_in_a_lists_place_is_one_sentence(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(model.parent / "SHA256SUMS")
    with pytest.raises(UserError, match="is a pipe"):
        check_beside([model], [HASH])
    (model.parent / "SHA256SUMS").unlink()
    monkeypatch.setattr(checksums, "LIST_LIMIT_BYTES", 50)
    (model.parent / "SHA256SUMS").write_text(f"{HASH}  model.gguf\n")
    with pytest.raises(UserError, match="more than 50 bytes"):
        check_beside([model], [HASH])
