"""The language models that Touchstone knows: found, remembered, and checked before a run."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import msgspec

from desktop.domain.hardware import Capacity, CatalogueMachine
from desktop.domain.language_model import FileProblem, LanguageModel, MemoryNeed
from desktop.domain.machine import Machine
from desktop.domain.settings import EngineOptions, RunSettings
from desktop.errors import EngineFault, EnvironmentFault, UserError
from desktop.evaluation.control import RunControl
from desktop.gguf import capacity
from desktop.gguf.finder import find_models, stream_models
from desktop.gguf.header import read_header
from desktop.gguf.memory import estimate_need
from desktop.gguf.residence import count_beside
from desktop.gguf.shape import ModelShape, read_shape, shape_of_facts
from desktop.gguf.stores import find_stores
from desktop.inference.engine import EngineFactory, LoadModel
from desktop.paths import sample_models_folder
from desktop.probes.machine import inspect_machine
from desktop.worker.collection import Collection, compute_hash, keep_names, settle
from desktop.worker.demonstration import is_pretended
from desktop.worker.operations import MemoryFit, ModelPlace, ScanResult, StoreScan

SAMPLE_FILES = ("SmolLM2-135M-Instruct.Q4_1.gguf", "gemma-3-270m-q4_k_m.gguf")

# Counted with when the context is left to the engine, which takes what the cases need.
_USUAL_CONTEXT = 2048


def scan(paths: Sequence[Path]) -> ScanResult:
    """Read files and folders; nothing is remembered.

    Raises `UserError` for a path that does not exist, for a single file that is no usable model,
    and when folders hold no model at all.
    """
    for path in paths:
        if not path.exists():
            raise UserError(f"There is no file or folder {path}.", remedy="Check the path.")
    models, problems = find_models([Path(path) for path in paths])
    if not models:
        if problems:
            raise UserError(
                problems[0].message,
                details="\n".join(f"{problem.path}: {problem.message}" for problem in problems),
            )
        named = ", ".join(str(path) for path in paths)
        raise UserError(
            f"No language model was found in {named}.",
            remedy="Touchstone reads GGUF files; choose a folder that holds some.",
        )
    return ScanResult(models=models, problems=problems)


def scan_stores(folders: Sequence[Path] = ()) -> StoreScan:
    """Read the stores of other programs, and further folders; nothing is remembered.

    A machine without any gives an empty result: that is no mistake.
    """
    stores = find_stores()
    finds = list(stream_models([*stores, *folders]))
    return StoreScan(
        stores=tuple(ModelPlace(store=s.kind.label, folder=str(s.folder)) for s in stores),
        models=tuple(find for find in finds if isinstance(find, LanguageModel)),
        problems=tuple(find for find in finds if isinstance(find, FileProblem)),
    )


def read_model(path: Path) -> LanguageModel:
    """Read one model's header; raises `UserError` for anything that is not one usable model."""
    if path.is_dir():
        found = scan([path])
        if len(found.models) > 1:
            names = ", ".join(Path(model.path).name for model in found.models[:3])
            names += " …" if len(found.models) > 3 else ""  # noqa: PLR2004 - as many as are named
            raise UserError(
                f"The folder {path} holds {len(found.models)} models ({names}).",
                remedy="Name one file.",
            )
        return found.models[0]
    return scan([path]).models[0]


def find_sample_models() -> tuple[LanguageModel, ...]:
    """Return the two sample models if both lie in the cache, else nothing."""
    paths = [sample_models_folder() / name for name in SAMPLE_FILES]
    if not all(path.is_file() for path in paths):
        return ()
    found = scan(paths).models
    order = {str(path.resolve()): index for index, path in enumerate(paths)}
    return tuple(sorted(found, key=lambda model: order.get(model.path, 0)))


def check_model(model: LanguageModel, shelf: Collection, control: RunControl) -> LanguageModel:
    """Make sure that a model's file is there and is what it was; return it with its SHA-256.

    The file is hashed unless it was hashed before and has the same size and time. Raises
    `UserError` when it is gone or has become another model, `Cancelled` when the run is ended.
    """
    if is_pretended(model):
        return model
    if not Path(model.path).exists():
        raise UserError(
            f"The model file {model.path} is gone.", remedy="Put it back, or add it again."
        )
    present = keep_names(read_model(Path(model.path)), model)
    known = next((m for m in shelf.list_models() if m.path == present.path), None)
    for remembered in (model, known):
        if (
            remembered is not None
            and remembered.sha256
            and remembered.modified_ns == present.modified_ns
            and remembered.facts.file_bytes == present.facts.file_bytes
        ):
            return msgspec.structs.replace(
                keep_names(present, remembered),
                sha256=remembered.sha256,
                shard_sha256=remembered.shard_sha256,
                hash_check=remembered.hash_check,
            )
    hashed = compute_hash(present, is_cancelled=lambda: control.ended)
    if model.sha256 and model.sha256 != hashed.sha256:
        raise UserError(
            f"The file {model.path} has changed since this run was begun.",
            remedy="Start a new run with the file as it is now.",
        )
    return settle(hashed, shelf)


def check_capacity(
    model: LanguageModel,
    machine: CatalogueMachine,
    context_tokens: int,
    users: int,
    options: EngineOptions | None = None,
    *,
    reserved_share: float | None = None,
) -> Capacity:
    """Return whether a machine carries a model for so many users; see `gguf.capacity`.

    By the file's headers, or by what is remembered of them when the file is gone.
    """
    shape = _find_shape(model)
    options = options or EngineOptions()
    return capacity.check_capacity(
        shape, machine, context_tokens, users, options, reserved_share=reserved_share
    )


def _find_shape(model: LanguageModel) -> ModelShape:
    try:
        return read_shape(model.paths)
    except UserError:
        return shape_of_facts(model.facts)


class MemoryAccountant:
    """Tells what models need, from llama.cpp where it answers, and remembers it."""

    def __init__(
        self, start_engine: EngineFactory, available_memory_bytes: Callable[[], int]
    ) -> None:
        """Take what starts an engine; it is only used to ask, and closed at once."""
        self._start_engine = start_engine
        self._available = available_memory_bytes
        self._known: dict[tuple[int, LoadModel, bool], MemoryNeed] = {}

    @property
    def available_bytes(self) -> int:
        """What can be taken now without swapping."""
        return self._available()

    def check(
        self, model: LanguageModel, settings: RunSettings, *, ask_engine: bool = False
    ) -> MemoryFit:
        """Return need and what is free; by formula, or with `ask_engine` from llama.cpp itself.

        Cases at once that are left to the engine are counted as one: it takes more only as memory
        allows. With `ask_engine` raises `UserError` when the engine can't load this model at all.
        """
        request = _request_load(model, settings)
        key = (model.modified_ns, request, ask_engine)
        need = self._known.get(key)
        if need is None:
            need = self._ask_engine(request) if ask_engine else _count(model, request)
            self._known[key] = need
        return MemoryFit(need=need, available_bytes=self._available())

    def require(self, model: LanguageModel, settings: RunSettings) -> MemoryFit:
        """Like `check` with the engine's own figures, but raise when the model does not fit.

        Raises `EnvironmentFault` for too little memory, `UserError` when the engine refuses.
        """
        # An absurd context is refused by our own count, before the engine is asked to plan it.
        _refuse_misfit(model, self.check(model, settings))
        fit = self.check(model, settings, ask_engine=True)
        _refuse_misfit(model, fit)
        return fit

    def _ask_engine(self, request: LoadModel) -> MemoryNeed:
        engine = self._start_engine()
        try:
            return engine.estimate_memory(request)
        except EngineFault as fault:
            raise UserError(fault.message, details=fault.details) from fault
        finally:
            engine.close()


def _request_load(model: LanguageModel, settings: RunSettings) -> LoadModel:
    trained = model.facts.context_length or _USUAL_CONTEXT
    return LoadModel(
        path=model.path,
        context_tokens=settings.context_tokens or min(_USUAL_CONTEXT, trained),
        parallel_sequences=settings.parallel_sequences or 1,
        threads=settings.threads,
        gpu_layers=settings.gpu_layers,
        options=settings.engine,
    )


def _count(model: LanguageModel, request: LoadModel) -> MemoryNeed:
    """Return the need by formula; that of a graphics card where there is one to be used."""
    need = estimate_need(
        _find_shape(model),
        request.context_tokens or _USUAL_CONTEXT,
        request.parallel_sequences or 1,
        request.options,
    )
    machine = _inspect_once()
    if machine.gpus and request.gpu_layers:
        return need
    try:
        headers = [read_header(Path(path)) for path in model.paths]
    except UserError:
        return need
    beside = count_beside(headers, machine.processor.features)
    return msgspec.structs.replace(need, beside_bytes=beside)


@cache
def _inspect_once() -> Machine:
    return inspect_machine()


def _refuse_misfit(model: LanguageModel, fit: MemoryFit) -> None:
    if fit.fits:
        return
    gigabytes = 1e9
    several = fit.need.sequences > 1
    at_once = f" for each of {fit.need.sequences} cases at once" if several else ""
    raise EnvironmentFault(
        f"{model.facts.name or Path(model.path).name} with a context of"
        f" {fit.need.context_tokens:,} tokens{at_once} needs"
        f" {fit.need.total_bytes / gigabytes:,.1f} GB of memory;"
        f" {fit.available_bytes / gigabytes:,.1f} GB are free.",
        remedy="Leave the number of cases at once to the engine, or choose a smaller context."
        if several
        else "Choose a smaller context or model, or close other programs.",
    )
