"""Engine processes in which the real llama.cpp meets a real fault. Imported by name in the child.

A prompt that contains `FAULT name` provokes that fault in the middle of its answer, with a model
loaded, a context in use and the process' other threads running.
"""

import ctypes
import importlib
import mmap
import os
import platform
import re
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection

from desktop.inference.engine import GenerationEvent, GenerationStarted, Prompt
from desktop.worker.engine_child import serve

_WORD = re.compile(r"FAULT (\w+)")
_ILLEGAL = {"x86_64": b"\x0f\x0b", "AMD64": b"\x0f\x0b"}
_STEP_BYTES = 16 * 1024 * 1024
_MOST_BYTES = 1024 * 1024 * 1024
_LEAST_BYTES = 300 * 1024 * 1024
MODEL_VARIABLE = "TOUCHSTONE_STRESS_MODEL"


def fail_assertion() -> None:
    """Decode a batch larger than the context takes: GGML_ASSERT in llama.cpp itself."""
    from desktop.inference.llama.binding import api  # noqa: PLC0415 - only in the child

    path = os.environ[MODEL_VARIABLE]
    model = api.llama_model_load_from_file(path.encode(), api.llama_model_default_params())
    parameters = api.llama_context_default_params()
    parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = 64
    context = api.llama_init_from_model(model, parameters)
    tokens = (api.llama_token * 512)(*range(512))
    api.llama_decode(context, api.llama_batch_get_one(tokens, 512))


def read_nowhere() -> None:
    ctypes.string_at(0)


def run_nonsense() -> None:
    """Execute an instruction that no processor has."""
    code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(_ILLEGAL.get(platform.machine(), b"\0\0\0\0"))
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    ctypes.CFUNCTYPE(None)(address)()


def run_out_of_memory() -> None:
    """Ask for more than a limit leaves."""
    limit_memory(_address_space() + _STEP_BYTES)
    bytearray(4 * _STEP_BYTES)


def take_all_memory() -> None:
    """Take memory until the kernel ends it; the limit is for a machine that would let it go on."""
    limit_memory(_address_space() + _MOST_BYTES)
    taken = []
    while True:
        taken.append(b"x" * _STEP_BYTES)


def limit_memory(size: int) -> None:
    resource = importlib.import_module("resource")
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _address_space() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - the shortest way
        return int(file.read().split()[0]) * mmap.PAGESIZE


FAULTS: dict[str, Callable[[], None]] = {
    "assertion": fail_assertion,
    "segmentation": read_nowhere,
    "instruction": run_nonsense,
    "memory": run_out_of_memory,
    "hunger": take_all_memory,
}


def serve_faulty(
    spec: bytes, commands: Connection, events: Connection, errors: Connection, scratch: str
) -> None:
    """Serve as always, but for prompts that ask for a fault."""
    from desktop.inference.llama.engine import LlamaEngine  # noqa: PLC0415 - only in the child

    generate = LlamaEngine.generate

    def generate_with_faults(
        engine: LlamaEngine, prompts: Sequence[Prompt]
    ) -> Iterator[GenerationEvent]:
        faults = {
            prompt.key: FAULTS[found.group(1)]
            for prompt in prompts
            if (found := _WORD.search(prompt.text))
        }
        for event in generate(engine, prompts):
            yield event
            if isinstance(event, GenerationStarted) and event.key in faults:
                faults[event.key]()

    LlamaEngine.generate = generate_with_faults  # type: ignore[method-assign,assignment]
    serve(spec, commands, events, errors, scratch)


def serve_limited(
    spec: bytes, commands: Connection, events: Connection, errors: Connection, scratch: str
) -> None:
    """Serve under a limit of memory that llama.cpp starts in but that no model fits into."""
    limit_memory(_LEAST_BYTES)
    serve(spec, commands, events, errors, scratch)
