"""A model in memory: loading it, or saying in a sentence why not."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from desktop.errors import EngineFault
from desktop.inference.llama.binding import api, logbook
from desktop.inference.llama.vocabulary import Vocabulary

_UNKNOWN_ARCHITECTURE = re.compile(r"unknown model architecture: '([^']*)'")
_ERROR_TEXT = re.compile(r"error loading model: (.*)")
_DEVICE = re.compile(r"using device (\S+) \((.*)\) \([^()]*\) - (\d+) MiB free")
_OFFLOADED = re.compile(r"offloaded (\d+)/\d+ layers")
_NO_MAPPING = 0
_CUT = ("not within the file bounds", "failed to read tensor", "unexpectedly reached end of file")
_NO_GGUF = ("invalid magic", "failed to read magic")


class Model(Vocabulary):
    """One GGUF file as llama.cpp holds it, vocabulary and all. Free its contexts first, then it."""

    def __init__(
        self,
        path: str,
        *,
        gpu_layers: int,
        memory_mapping: bool = True,
        weightless: bool = False,
        vocabulary_only: bool = False,
    ) -> None:
        """Load a file; `weightless` reads the header only and simulates the rest.

        With `vocabulary_only` no context can be made of it, but files without weights load.
        Raises `EngineFault` with a sentence about the file.
        """
        check_file(path)
        parameters = api.llama_model_default_params()
        parameters.n_gpu_layers = gpu_layers
        if weightless or not memory_mapping:
            parameters.load_mode = _NO_MAPPING
        parameters.no_alloc = weightless
        parameters.vocab_only = vocabulary_only
        with logbook.recording() as lines:
            encoded = path.encode("utf-8", errors="surrogateescape")
            self.pointer: Any = api.llama_model_load_from_file(encoded, parameters)
        if not self.pointer:
            raise explain_load_failure(path, lines)
        super().__init__(self.pointer)
        self._describe(lines)
        if not vocabulary_only:
            self._refuse_what_cannot_answer(path)

    def free(self) -> None:
        """Give the memory back."""
        if self.pointer:
            api.llama_model_free(self.pointer)
            self.pointer = None

    def _describe(self, lines: Sequence[str]) -> None:
        log = "\n".join(lines)
        self.devices, self.device_free_bytes = find_devices(log)
        self.layers = int(api.llama_model_n_layer(self.pointer))
        offloaded = _OFFLOADED.search(log)
        self.gpu_layers = int(offloaded.group(1)) if offloaded else 0
        # Not the buffers in the log: mapped pages count there beside their repacked copies, and
        # a simulated load has none.
        self.weights_bytes = int(api.llama_model_size(self.pointer))
        self.trained_context = int(api.llama_model_n_ctx_train(self.pointer))

    def _refuse_what_cannot_answer(self, path: str) -> None:
        name = Path(path).name
        if api.llama_model_has_encoder(self.pointer) or api.llama_model_is_diffusion(self.pointer):
            self.free()
            raise EngineFault(
                f"{name} is not a model that writes on from a text, so it can't be asked questions."
            )
        if not api.llama_model_has_decoder(self.pointer) or self.vocabulary_size <= 0:
            self.free()
            raise EngineFault(f"{name} can't write text; it may be an embedding model.")

    @property
    def heads(self) -> int:
        """Attention heads of a layer. A vocabulary without layers has none to ask for."""
        return int(api.llama_model_n_head(self.pointer))

    @property
    def window(self) -> int:
        """The sliding window in tokens, 0 for a model that has none."""
        return int(api.llama_model_n_swa(self.pointer))

    @property
    def chat_template(self) -> str | None:
        """The file's own template, bytes that are no UTF-8 replaced; `None` without one."""
        template: bytes | None = api.llama_model_chat_template(self.pointer, None)
        return template.decode("utf-8", errors="replace") if template else None


def find_devices(log: str) -> tuple[tuple[str, ...], int]:
    """Return what a load's log says it uses beside the processor, and the memory free there.

    `CPU` and 0 bytes when there is nothing else.
    """
    found = _DEVICE.findall(log)
    names = tuple(f"{name} ({description})" for name, description, _ in found)
    return names or ("CPU",), sum(int(mebibytes) for *_, mebibytes in found) * 1024 * 1024


def check_file(path: str) -> None:
    """Raise `EngineFault` for what is no readable file, before llama.cpp has to say it."""
    file = Path(path)
    if file.is_dir():
        raise EngineFault(f"{file.name} is a folder, not a model file.")
    try:
        with file.open("rb") as stream:
            magic = stream.read(4)
    except FileNotFoundError:
        raise EngineFault(f"There is no file {file}; it may have been moved or renamed.") from None
    except OSError as failure:
        raise EngineFault(f"{file.name} can't be read: {failure.strerror}.") from failure
    if magic != b"GGUF":
        raise EngineFault(f"{file.name} is not a GGUF file.")


def explain_load_failure(path: str, lines: Sequence[str]) -> EngineFault:
    """Return the fault for a model that llama.cpp did not load, from what its log says."""
    name = Path(path).name
    log = "\n".join(lines)
    architecture = _UNKNOWN_ARCHITECTURE.search(log)
    if architecture:
        message = (
            f"{name} has the architecture “{architecture.group(1)}”, which this version of"
            " llama.cpp does not know."
        )
    elif any(sign in log for sign in _CUT):
        message = f"{name} is cut short: its header promises more data than the file holds."
    elif any(sign in log for sign in _NO_GGUF):
        message = f"{name} is not a GGUF file."
    elif "unable to allocate" in log or "failed to allocate" in log:
        message = f"{name} does not fit into memory."
    else:
        said = _ERROR_TEXT.findall(log)
        reason = f": {said[-1].strip()}" if said else ""
        message = f"llama.cpp could not load {name}; the file may be damaged{reason}."
    return EngineFault(message, details=log or logbook.tail())
