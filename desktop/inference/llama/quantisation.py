"""Making a smaller copy of a model, with llama.cpp's own quantiser.

The copy appears under its name only when it is whole. llama.cpp can't be stopped while it works,
and does not notice every failed write, so what it has written is measured against what it said.
"""

import os
import re
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from desktop.errors import EngineFault
from desktop.inference.allowance import usable_cores
from desktop.inference.engine import Quantise, Quantised, QuantiseEvent, QuantiseProgress
from desktop.inference.llama.binding import api, logbook
from desktop.inference.llama.model import check_file, explain_load_failure
from desktop.inference.quantising import QUANTISATION_KINDS, partial_path

_MEBIBYTE = 1024 * 1024
_TELL_EVERY_SECONDS = 0.1
_TENSOR = re.compile(r"^\[\s*(\d+)/\s*(\d+)\] .* type =\s*(\w+),")
_SIZE = re.compile(r"(model|quant) size\s+=\s+([\d.]+) MiB \(([\d.]+) BPW\)")
_FALLBACK = re.compile(r"WARNING: (\d+) of (\d+) tensor\(s\) required fallback quantization")
_FAILURE = re.compile(r"failed to quantize: (.*)")
_FULL_WEIGHTS = ("f32", "f16", "bf16")
# Names of tensors, alignment, and the rounding of sizes in the log.
_SLACK_BYTES = 1 * _MEBIBYTE


class _Account(NamedTuple):
    """What llama.cpp says of a quantisation, before it or after."""

    tensors: int
    source_bytes: int
    bytes: int
    bits_per_weight: float


def file_type_of(kind: str) -> int:
    """Return llama.cpp's number for a kind; raises `EngineFault` for one that it does not make."""
    if kind not in QUANTISATION_KINDS:
        known = ", ".join(QUANTISATION_KINDS)
        raise EngineFault(f"A model can't be quantised to “{kind}”; possible are {known}.")
    prefix = "LLAMA_FTYPE_ALL_" if kind == "F32" else "LLAMA_FTYPE_MOSTLY_"
    return int(getattr(api, prefix + kind))


def quantise(request: Quantise) -> Iterator[QuantiseEvent]:
    """Yield progress and, last, the result; raises `EngineFault` with a sentence.

    Left early, it waits for llama.cpp to end, and leaves no file behind.
    """
    started = time.perf_counter()
    parameters = api.llama_model_quantize_default_params()
    parameters.ftype = file_type_of(request.kind)
    parameters.nthread = request.threads or usable_cores()
    parameters.allow_requantize = True
    check_file(request.source)
    _check_target(request)
    account = _foresee(request, parameters)
    _check_room(request, account)
    yield QuantiseProgress(done_tensors=0, tensors=account.tensors)
    partial = partial_path(request.target)
    partial.unlink(missing_ok=True)
    try:
        lines: list[str] = []
        yield from _run(request.source, partial, parameters, account.tensors, lines)
        written = _finish(request, partial, account)
    finally:
        partial.unlink(missing_ok=True)
    yield Quantised(
        path=request.target,
        file_bytes=written,
        bits_per_weight=_read_account(lines).bits_per_weight,
        seconds=time.perf_counter() - started,
        caveats=_list_caveats(lines, request.kind),
    )


def _check_target(request: Quantise) -> None:
    target = Path(request.target)
    if not target.parent.is_dir():
        raise EngineFault(f"There is no folder {target.parent} to write {target.name} to.")
    if os.path.lexists(target):
        raise EngineFault(f"{target} exists already; choose another name, or delete it first.")
    if not os.access(target.parent, os.W_OK):
        raise EngineFault(f"The folder {target.parent} may not be written to.")


def _foresee(request: Quantise, parameters: Any) -> _Account:
    """Let llama.cpp reckon what would come out, without doing it."""
    parameters.dry_run = True
    with logbook.recording() as lines:
        code = _call(request.source, Path(request.target), parameters)
    parameters.dry_run = False
    if code:
        raise explain_load_failure(request.source, lines)
    if any("will require an imatrix" in line for line in lines):
        raise EngineFault(
            f"{request.kind} of {Path(request.source).name} needs an importance matrix, which has"
            " to be measured on text first; choose a larger kind."
        )
    return _read_account(lines)


def _check_room(request: Quantise, account: _Account) -> None:
    beside_weights = Path(request.source).stat().st_size - account.source_bytes
    needed = account.bytes + max(0, beside_weights) + _SLACK_BYTES
    folder = Path(request.target).parent
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise EngineFault(
            f"{Path(request.target).name} needs {needed / 1e9:.2f} GB, but only {free / 1e9:.2f} GB"
            f" are free in {folder}; make room or choose a smaller kind."
        )


def _run(
    source: str, partial: Path, parameters: Any, tensors: int, lines: list[str]
) -> Iterator[QuantiseProgress]:
    """Quantise in a thread of its own, and tell how far it is; `lines` gets the log."""
    codes: list[int] = []
    with logbook.recording() as recorded:
        thread = threading.Thread(
            target=lambda: codes.append(_call(source, partial, parameters)), name="quantisation"
        )
        thread.start()
        try:
            told = read = 0
            while thread.is_alive():
                thread.join(_TELL_EVERY_SECONDS)
                fresh, read = recorded[read:], len(recorded)
                begun = [int(found.group(1)) for line in fresh if (found := _TENSOR.match(line))]
                if begun and begun[-1] - 1 > told:
                    told = begun[-1] - 1
                    yield QuantiseProgress(done_tensors=told, tensors=tensors)
        finally:
            thread.join()
    lines += recorded
    if codes != [0]:
        raise _explain_failure(source, partial, lines)


def _call(source: str, target: Path, parameters: Any) -> int:
    names = (path.encode("utf-8", errors="surrogateescape") for path in (source, str(target)))
    return int(api.llama_model_quantize(*names, parameters))


def _finish(request: Quantise, partial: Path, account: _Account) -> int:
    """Make sure that the file is whole and on the disk, and give it its name."""
    size = partial.stat().st_size
    if size < account.bytes - _SLACK_BYTES:
        raise _explain_full_disk(partial)
    try:
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        if os.path.lexists(request.target):
            raise EngineFault(f"{request.target} has come into being meanwhile, and was kept.")
        partial.rename(request.target)
    except OSError as failure:
        reason = failure.strerror or failure
        raise EngineFault(f"{request.target} could not be written: {reason}.") from failure
    return size


def _explain_failure(source: str, partial: Path, lines: Sequence[str]) -> EngineFault:
    log = "\n".join(lines)
    found = _FAILURE.search(log)
    reason = found.group(1).strip() if found else "it did not say why"
    if "iostream" in reason:
        return _explain_full_disk(partial)
    message = f"llama.cpp could not quantise {Path(source).name}: {reason}."
    return EngineFault(message, details=log)


def _explain_full_disk(partial: Path) -> EngineFault:
    return EngineFault(
        f"The model could not be written to {partial.parent}: the disk is full, or this user may"
        " not have files so large. Nothing of it was left behind."
    )


def _read_account(lines: Sequence[str]) -> _Account:
    tensors = [int(found.group(2)) for line in lines if (found := _TENSOR.match(line))]
    sizes = {found[1]: found for line in lines if (found := _SIZE.search(line))}
    if not tensors or sizes.keys() != {"model", "quant"}:
        raise EngineFault("llama.cpp did not tell what it would make.", details="\n".join(lines))
    return _Account(
        tensors=tensors[-1],
        source_bytes=round(float(sizes["model"][2]) * _MEBIBYTE),
        bytes=round(float(sizes["quant"][2]) * _MEBIBYTE),
        bits_per_weight=float(sizes["quant"][3]),
    )


def _list_caveats(lines: Sequence[str], kind: str) -> tuple[str, ...]:
    """Say what makes the result differ from a usual file of this kind."""
    found: list[str] = []
    converted: dict[str, None] = {}
    current = ""
    for line in lines:
        tensor = _TENSOR.match(line)
        current = tensor.group(3) if tensor else current
        if line.startswith("converting to") and current not in _FULL_WEIGHTS:
            converted[current.upper()] = None
    if converted:
        found.append(
            f"The source was quantised itself ({', '.join(converted)}): what that lost is lost here"
            f" too, so this is worse than {kind} made from the original weights."
        )
    fallback = next((f for line in lines if (f := _FALLBACK.search(line))), None)
    if fallback:
        found.append(
            f"{fallback[1]} of {fallback[2]} tensors have rows that {kind} can't divide into its"
            " blocks, and were given a larger kind."
        )
    return tuple(found)
