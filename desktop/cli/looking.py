"""The commands that only look: at files, suites, runs, the machine, and the program itself."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from desktop import paths
from desktop.cli.capacity import asks_for_capacity, describe_capacity, say_capacity, work_out
from desktop.cli.documents import (
    describe_memory,
    describe_model,
    describe_run,
    describe_suite,
    say_passed,
)
from desktop.cli.facts_words import say_kind, say_origin, say_structure, say_template
from desktop.cli.output import (
    CUT_OFF,
    Output,
    align,
    say_unless_none,
    shorten_bytes,
)
from desktop.cli.suite_files import tell_notices
from desktop.domain.base import JsonValue
from desktop.domain.energy import EnergyAccess
from desktop.domain.language_model import HashVerdict, MemoryNeed
from desktop.domain.machine import Disk, Machine
from desktop.domain.settings import CacheType, EngineOptions, RunSettings
from desktop.domain.suite import Suite
from desktop.errors import EnvironmentFault, UserError
from desktop.inference.engine import EngineFactory
from desktop.probes.machine import inspect_machine
from desktop.settings.store import SettingsStore
from desktop.suites.reader import list_bundled_suites, read_suite
from desktop.suites.selections import count_cases, list_selections
from desktop.worker.collection import hash_and_check
from desktop.worker.library import MemoryAccountant, read_model, scan, scan_stores
from desktop.worker.operations import StoreScan
from desktop.worker.suite_exchange import read_any_suite

if TYPE_CHECKING:  # SQLAlchemy comes with it, which most commands do without
    from desktop.worker.backend import Backend


@dataclass(frozen=True)
class Tools:
    """What `inspect`, `perplexity` and `self-check` need: an engine to ask, and the checks."""

    memory: MemoryAccountant
    start_engine: EngineFactory
    checks: tuple[tuple[str, Callable[[], str]], ...]


def list_found(arguments: argparse.Namespace, output: Output) -> int:
    """`scan`: list the models in files and folders, or in other programs' stores and one's own."""
    found = scan(arguments.paths) if arguments.paths else _scan_stores()
    stores = found.stores if isinstance(found, StoreScan) else ()
    rows = [
        (
            *("name", "what it is", "parameters", "quantisation", "context", "size"),
            *("licence", "warnings", "store", "file"),
        )
    ] + [
        (
            model.facts.name,
            say_kind(model.facts.kind),
            _say_parameters(model.facts.parameters),
            model.facts.quantization,
            f"{model.facts.context_length:,}" if model.facts.context_length else "",
            shorten_bytes(model.facts.file_bytes),
            model.facts.license or "not stated",
            str(len(model.warnings) or ""),
            model.store,
            model.path,
        )
        for model in found.models
    ]
    lines = align(rows, right=(2, 4, 5, 7), optional=(1, 7, 8))
    if not found.models:
        lines = ["No models in other programs' stores or your folders: touchstone scan PATH"]
    output.print_document(
        {
            "models": [describe_model(model) for model in found.models],
            "problems": [msgspec.to_builtins(problem) for problem in found.problems],
            "stores": [msgspec.to_builtins(store) for store in stores],
        },
        [
            *(f"{store.store}: {store.folder}" for store in stores),
            *lines,
            *(f"{p.path}: {p.message}" for p in found.problems),
        ],
    )
    return 0


def _scan_stores() -> StoreScan:
    options = SettingsStore(paths.settings_file()).load()
    return scan_stores([Path(folder) for folder in options.model_folders])


def inspect_model(arguments: argparse.Namespace, tools: Tools, output: Output) -> int:
    """`inspect`: header facts, need of memory, warnings."""
    model = read_model(arguments.model)
    if arguments.sha256 is not None:
        model = hash_and_check(model, arguments.sha256)
    check = model.hash_check
    kind = arguments.cache_type or CacheType.F16
    options = EngineOptions(key_cache_type=kind, value_cache_type=kind)
    settings = RunSettings(context_tokens=arguments.context, engine=options)
    try:
        fit = tools.memory.check(model, settings, ask_engine=True)
        refusal = ""
    except UserError as error:
        # The header can be told even of a model that the engine refuses.
        fit = tools.memory.check(model, settings)
        refusal = str(error)
    document = describe_model(model)
    document["memory"] = describe_memory(fit.need, fit)
    document["engine_refusal"] = refusal or None
    facts = model.facts
    need = fit.need
    place: list[tuple[str, str]] = []
    if asks_for_capacity(arguments):
        capacity = work_out(arguments, model, need.context_tokens, fit.available_bytes, options)
        document["capacity"] = describe_capacity(capacity)
        place = say_capacity(capacity)
    lines = align(
        [
            ("name", facts.name),
            ("architecture", facts.architecture),
            ("parameters", _say_parameters(facts.parameters)),
            ("quantisation", facts.quantization),
            ("context", f"{facts.context_length or 0:,} tokens"),
            ("vocabulary", f"{facts.vocabulary_size or 0:,}"),
            ("file", _say_file(facts.file_bytes, document["modified"])),
            *((("SHA-256", model.sha256),) if model.sha256 else ()),
            *((("checked", check.message),) if check else ()),
            *say_structure(facts),
            ("licence", facts.license or "not stated"),
            ("organisation", facts.organization or "not stated"),
            *say_origin(facts),
            ("chat template", say_template(facts)),
            ("memory", _say_memory(need)),
            *(("warning", warning.message) for warning in model.warnings),
            *((("refused", refusal),) if refusal else ()),
            *place,
        ]
    )
    output.print_document(document, lines)
    return UserError.exit_code if check and check.verdict is HashVerdict.DIFFERS else 0


def list_suites(arguments: argparse.Namespace, output: Output) -> int:
    """`suites`: list the bundled ones."""
    del arguments
    suites = [
        msgspec.structs.replace(read_suite(path), bundled=True) for path in list_bundled_suites()
    ]
    rows = [("id", "title", "version", "cases")] + [
        (suite.id, suite.title, suite.version, str(len(suite.cases))) for suite in suites
    ]
    selections = [(s, count_cases(s, suites)) for s in list_selections()]
    said = [
        f"--selection {s.id}: {count} cases of {len(s.counts)} suites" for s, count in selections
    ]
    output.print_document(
        {
            "suites": [describe_suite(suite) for suite in suites],
            "selections": [
                {
                    "id": s.id,
                    "title": s.title,
                    "description": s.description,
                    "cases": count,
                    "suites": s.counts,
                }
                for s, count in selections
            ],
        },
        [*align(rows, right=(3,)), *said],
    )
    return 0


def describe_hardware(arguments: argparse.Namespace, output: Output) -> int:
    """`probe hardware`: tell what this machine is."""
    del arguments
    machine = inspect_machine()
    processor = machine.processor
    rows = [
        ("system", machine.system),
        ("processor", processor.name),
        (
            "cores",
            (
                f"{processor.physical_cores or '?'} physical, {processor.logical_cores} logical,"
                f" {processor.usable_cores} usable here"
            ),
        ),
        *((("governor", processor.governor),) if processor.governor else ()),
        ("memory", _say_installed(machine)),
        *((("disk", _say_disk(machine.disk)),) if machine.disk else ()),
        *(("GPU", f"{gpu.name}, {shorten_bytes(gpu.memory_bytes)}") for gpu in machine.gpus),
        *((("GPU", machine.gpu_note),) if machine.gpu_note else ()),
        *(("energy", _say_energy(access)) for access in machine.energy),
    ]
    output.print_document(dict(msgspec.to_builtins(machine)), align(rows))
    return 0


def _say_installed(machine: Machine) -> str:
    parts = [shorten_bytes(machine.memory_bytes)]
    if machine.memory_type:
        parts.append(machine.memory_type)
    if machine.memory_megatransfers:
        parts.append(f"{machine.memory_megatransfers:,} MT/s")
    if machine.memory_limit_bytes is not None:
        parts.append(f"this container may use {shorten_bytes(machine.memory_limit_bytes)}")
    return ", ".join(parts)


def _say_disk(disk: Disk) -> str:
    parts = [disk.kind or "kind not available", *([disk.model] if disk.model else [])]
    if disk.total_bytes is not None and disk.free_bytes is not None:
        free, total = shorten_bytes(disk.free_bytes), shorten_bytes(disk.total_bytes)
        parts.append(f"{free} of {total} free")
    return ", ".join(parts)


def _say_energy(access: EnergyAccess) -> str:
    if access.measurable:
        return f"{access.boundary}: measurable ({', '.join(access.parts)})"
    return f"{access.boundary}: not measurable here. {access.reason} {access.remedy}"


def list_runs(arguments: argparse.Namespace, backend: "Backend", output: Output) -> int:
    """`runs`: list what is stored, the newest first."""
    del arguments
    documents = [describe_run(summary) for summary in backend.operations.list_runs()]
    rows = [("run", "made", "model", "suite or probe", "status", "passed", CUT_OFF, "name")]
    rows += [
        (
            str(document["id"])[:8],
            f"{document['created_at']:%Y-%m-%d %H:%M}",
            str(document["model"]),
            str(document["suite"] or document["probe"]),
            str(document["status"]),
            say_passed(document),
            say_unless_none(document["truncated"]),
            str(document["name"]),
        )
        for document in documents
    ]
    lines = align(rows, right=(5, 6), optional=(6,))
    output.print_document(
        {"runs": documents}, lines if documents else ["No runs yet: touchstone run --help"]
    )
    return 0


def check_self(arguments: argparse.Namespace, tools: Tools, output: Output) -> int:
    """`self-check`: engine loads, database migrates, a PDF is written."""
    del arguments
    results: list[dict[str, JsonValue]] = []
    for name, check in tools.checks:
        try:
            results.append({"name": name, "passed": True, "message": check()})
        except Exception as error:  # noqa: BLE001 - whatever breaks is what this command is for
            results.append({"name": name, "passed": False, "message": f"{error}"})
    passed = all(bool(result["passed"]) for result in results)
    rows = [
        ("ok" if result["passed"] else "FAILED", str(result["name"]), str(result["message"]))
        for result in results
    ]
    output.print_document({"passed": passed, "checks": results}, align(rows))
    return 0 if passed else EnvironmentFault.exit_code


def find_suite(name: str, output: Output) -> Suite:
    """Return a bundled suite by its id, or the suite of a file; tell what of it is left out."""
    for path in list_bundled_suites():
        suite = read_suite(path)
        if suite.id == name:
            return suite
    found = read_any_suite(Path(name))
    tell_notices(found.notices, output)
    return found.suite


def _say_parameters(count: int | None) -> str:
    if count is None:
        return "unknown"
    for unit, size in (("B", 1e9), ("M", 1e6)):
        if count >= size:
            return f"{count / size:.1f}{unit}".replace(".0", "")
    return str(count)


def _say_file(size_bytes: int, modified: object) -> str:
    day = f", of {modified:%Y-%m-%d}" if isinstance(modified, datetime) else ""
    return shorten_bytes(size_bytes) + day


def _say_memory(need: MemoryNeed) -> str:
    parts = [
        f"weights {shorten_bytes(need.weights_bytes)}",
        f"KV cache {shorten_bytes(need.kv_cache_bytes)}",
        f"compute {shorten_bytes(need.compute_bytes)}",
    ]
    if need.beside_bytes:
        parts.append(f"packed copies and tables {shorten_bytes(need.beside_bytes)}")
    total = shorten_bytes(need.total_bytes)
    context = f"{need.context_tokens:,} tokens of context"
    return f"{total} at {context} ({', '.join(parts)}; by {need.source})"
