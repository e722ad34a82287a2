"""llama.cpp's own tools, built once from the source that the installed binding was built from.

So peer and program run the same code of the same commit, compiled here with the same flags, and
what differs is how it is driven.
"""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

from desktop import paths

BINDING = "llama-cpp-python"
TOOLS = ("llama-bench", "llama-batched-bench", "llama-perplexity", "llama-server")
# The sample models and how each is asked: one was made for conversations, one goes on from text.
_FORMATS = {
    "SmolLM2-135M-Instruct.Q4_1.gguf": (
        "<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
    ),
    "gemma-3-270m-q4_k_m.gguf": "Question: {question}\nAnswer:",
}
_ROOT = Path(__file__).resolve().parent.parent
# The options of the binding's own build, as far as they reach ggml and llama.
_CMAKE_OPTIONS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DLLAMA_CURL=OFF",
    "-DLLAMA_OPENSSL=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_SERVER=ON",
    "-DLLAMA_BUILD_UI=OFF",
)


def sample_models() -> tuple[Path, ...]:
    """Return the files of both sample models; ends the program without them."""
    models = tuple(paths.sample_models_folder() / name for name in _FORMATS)
    missing = [str(model) for model in models if not model.is_file()]
    if missing:
        print(f"Missing: {', '.join(missing)}; run `make sample-models` first.")
        sys.exit(2)
    return models


def write_prompt(model: Path, question: str) -> str:
    """Return the text that asks a sample model; the same for everyone who asks it."""
    return _FORMATS[model.name].format(question=question)


def find_tool(name: str) -> Path:
    """Return one of `TOOLS`; the first call ever builds them all, which takes some minutes."""
    folder = paths.cache_folder() / f"llama.cpp-tools-{binding_version()}"
    programs = folder / "build" / "bin"
    if not all((programs / tool).is_file() for tool in TOOLS):
        _build(folder)
    return programs / name


def binding_version() -> str:
    """Return the version of the installed binding."""
    return importlib.metadata.version(BINDING)


def run_tool(name: str, *arguments: object) -> str:
    """Run a tool to its end and return its output; ends the program if it fails."""
    command: Sequence[str] = [str(find_tool(name)), *(str(argument) for argument in arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        print(f"{name} failed (exit {done.returncode}):\n{done.stderr[-2000:]}")
        sys.exit(2)
    return done.stdout


def _build(folder: Path) -> None:
    source = folder / "source"
    if not source.is_dir():
        _unpack_source(folder, source)
    cmake = shutil.which("cmake", path=f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}")
    if cmake is None:
        print("cmake is missing; `make environment` installs it.")
        sys.exit(2)
    flags = f"-DCMAKE_CXX_FLAGS=-include {_ROOT / 'packaging' / 'amx_tiles.h'}"
    build = str(folder / "build")
    print("Building llama.cpp's tools; this takes some minutes …", flush=True)
    for command in (
        [cmake, "-S", str(source), "-B", build, *_CMAKE_OPTIONS, flags],
        [cmake, "--build", build, "--target", *TOOLS, "--parallel", str(os.cpu_count() or 1)],
    ):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _unpack_source(folder: Path, source: Path) -> None:
    """Fetch the binding's source distribution through pip and unpack llama.cpp out of it."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
            *("--no-build-isolation", "--no-binary", ":all:"),
            *(f"{BINDING}=={binding_version()}", "-d", str(folder)),
        ],
        check=True,
    )
    archive = next(folder.glob("llama_cpp_python-*.tar.gz"))
    unpacked = folder / "unpacked"
    with tarfile.open(archive) as tar:
        tar.extractall(unpacked, filter="data")
    next(unpacked.glob("*/vendor/llama.cpp")).rename(source)
    shutil.rmtree(unpacked)
    archive.unlink()
