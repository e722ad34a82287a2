"""What a comparison rests on, for the auditor: files, suites, settings, machine, engine, runs."""

from collections.abc import Callable, Sequence
from typing import Any

from desktop.domain.comparison import ComparedModel, Comparison
from desktop.domain.machine import Machine
from desktop.domain.run import EngineFacts, SuiteReference
from desktop.domain.settings import RunSettings
from desktop.reports.engine_wording import (
    describe_at_once,
    describe_sharing,
    describe_threads,
    list_unusual_options,
    name_mode,
)
from desktop.reports.numbers import SPACE, bytes_text, count_text, moment_text
from desktop.reports.printable import one_line
from desktop.reports.wording import join

Json = dict[str, Any]


def describe_machine(machine: Machine) -> str:
    """Return a machine in one line: `AMD EPYC (2 cores, 24.0 GB, no GPU)`."""
    cores = machine.processor.usable_cores
    gpus = ", ".join(gpu.name for gpu in machine.gpus) or "no GPU"
    memory = bytes_text(machine.memory_limit_bytes or machine.memory_bytes)
    noun = "core" if cores == 1 else "cores"
    return f"{machine.processor.name} ({count_text(cores)} {noun}, {memory}, {gpus})"


def list_sources(comparison: Comparison) -> list[Json]:
    """Return headed lists of properties; the caller sets them as tables."""
    parts = [_model(model) for model in comparison.models]
    parts += [_suite(suite) for suite in comparison.suites]
    thinks = any(model.mean_thinking_tokens for model in comparison.models)
    settings = [_settings(each, thinks=thinks) for each in comparison.settings]
    parts += _numbered("Settings", settings)
    parts += _numbered("Machine", [_machine(each) for each in comparison.machines])
    parts += _numbered("Engine", _engines(comparison.engines))
    parts.append(
        {
            "heading": "This report",
            "rows": _rows(
                ("Made", moment_text(comparison.created_at)), ("Title", comparison.title)
            ),
        }
    )
    return [part for part in parts if part["rows"]]


def _rows(*pairs: tuple[str, str], codes: tuple[str, ...] = ()) -> list[Json]:
    return [
        {"name": name, "value": one_line(value, 1200), "code": name in codes}
        for name, value in pairs
        if value
    ]


def _numbered(heading: str, lists: list[list[Json]]) -> list[Json]:
    several = len(lists) > 1
    return [
        {"heading": f"{heading} {place}" if several else heading, "rows": rows}
        for place, rows in enumerate(lists, start=1)
    ]


def _model(model: ComparedModel) -> Json:
    facts = model.model.facts
    parameters = count_text(facts.parameters) if facts.parameters else ""
    rows = _rows(
        ("Name in the file", facts.name),
        ("File", ", ".join(model.model.paths)),
        ("SHA-256", model.model.sha256 or "not computed"),
        ("Size", f"{bytes_text(facts.file_bytes)} ({count_text(facts.file_bytes)} bytes)"),
        ("Architecture", facts.architecture),
        ("Parameters", parameters),
        ("Quantisation", facts.quantization),
        ("Licence", facts.license or "not stated in the file"),
        ("Supplier", facts.organization),
        ("Questions given as", model.prompt_format.replace("_", " ")),
        ("Thinking", _thinking(model)),
        ("Runs", ", ".join(model.run_ids)),
        codes=("File", "SHA-256", "Runs"),
    )
    return {"heading": f"Model {one_line(model.label, 60)}", "rows": rows}


def _thinking(model: ComparedModel) -> str:
    if model.mean_thinking_tokens is None:
        return ""
    return f"{count_text(round(model.mean_thinking_tokens))} tokens an answer on average"


def _suite(suite: SuiteReference) -> Json:
    rows = _rows(
        ("Id and version", f"{suite.id} {suite.version}"),
        ("Cases", count_text(suite.cases)),
        ("SHA-256", suite.sha256),
        codes=("SHA-256",),
    )
    return {"heading": f"Suite {one_line(suite.title, 60)}", "rows": rows}


def _settings(settings: RunSettings, *, thinks: bool) -> list[Json]:
    sampling = settings.sampling
    drawn = (
        "greedy (temperature 0)"
        if sampling.temperature == 0
        else f"temperature {sampling.temperature:g}, top-k {sampling.top_k}, "
        f"top-p {sampling.top_p:g}, min-p {sampling.min_p:g}, "
        f"repeat penalty {sampling.repeat_penalty:g}, seed {sampling.seed}"
    )
    return _rows(
        ("Mode", name_mode(settings)),
        ("Sampling", drawn),
        (
            "Longest answer",
            f"{count_text(settings.max_tokens)} tokens unless a case says otherwise",
        ),
        ("Longest thinking", _thinking_limits(settings) if thinks else ""),
        ("Context", _tokens(settings.context_tokens)),
        ("Threads", count_text(settings.threads) if settings.threads else "left to the engine"),
        (
            "Layers on the GPU",
            "as many as fit" if settings.gpu_layers < 0 else count_text(settings.gpu_layers),
        ),
        ("Options of the engine", "; ".join(list_unusual_options(settings.engine)) or "usual"),
        ("System prompt", settings.system_prompt or "that of the suite, if it has one"),
        ("Repeats of a case", count_text(settings.repeats)),
        (
            "Cases decided by likelihood",
            "in the model's chat template" if settings.likelihood_in_chat else "",
        ),
        ("Time limit of a case", f"{settings.case_timeout_seconds:g}{SPACE}s"),
    )


def _thinking_limits(settings: RunSettings) -> str:
    limit = f"{count_text(settings.max_thinking_tokens)} tokens"
    if settings.thinking_budget is None:
        return limit
    return f"{limit}; ended after {count_text(settings.thinking_budget)} to go on to the answer"


def _tokens(number: int | None) -> str:
    return f"{count_text(number)} tokens" if number else "left to the engine"


def _machine(machine: Machine) -> list[Json]:
    cores = machine.processor
    physical = f"{cores.physical_cores} physical, " if cores.physical_cores else ""
    return _rows(
        ("Processor", f"{cores.name} ({cores.architecture})"),
        ("Cores", f"{physical}{cores.logical_cores} logical, {cores.usable_cores} usable"),
        ("Memory", bytes_text(machine.memory_bytes)),
        (
            "Memory limit",
            bytes_text(machine.memory_limit_bytes) if machine.memory_limit_bytes else "",
        ),
        ("GPU", _gpus(machine)),
        ("System", machine.system),
        ("Power", machine.power_source),
        ("Virtualisation", machine.virtualization),
        ("Id", machine.id),
        codes=("Id",),
    )


def _gpus(machine: Machine) -> str:
    found = [f"{gpu.name} ({bytes_text(gpu.memory_bytes)})" for gpu in machine.gpus]
    return ", ".join(found) or machine.gpu_note or "none"


def _engines(engines: Sequence[EngineFacts]) -> list[list[Json]]:
    """Return a table an engine; what it chose for each model stands side by side."""
    groups: dict[object, list[EngineFacts]] = {}
    for engine in engines:
        build = (engine.name, engine.version, engine.build, engine.devices, engine.telling_options)
        groups.setdefault(build, []).append(engine)
    return [_engine(group) for group in groups.values()]


def _engine(group: Sequence[EngineFacts]) -> list[Json]:
    engine, contexts = group[0], sorted({each.context_tokens for each in group} - {0})
    return _rows(
        ("Name", engine.name),
        ("Version", " ".join(part for part in (engine.version, engine.build) if part)),
        ("Devices", ", ".join(engine.devices)),
        ("At once", _each(group, describe_at_once)),
        ("Threads", _each(group, describe_threads)),
        (
            "Context",
            join([count_text(tokens) for tokens in contexts]) + " tokens" if contexts else "",
        ),
        ("Shared text", _each(group, describe_sharing)),
        ("Options in force", _options(engine)),
    )


def _each(group: Sequence[EngineFacts], describe: Callable[[EngineFacts], str]) -> str:
    return " / ".join(dict.fromkeys(filter(None, map(describe, group))))


def _options(engine: EngineFacts) -> str:
    options = engine.telling_options
    if options is None:
        return ""
    found = engine.attention_by_trial
    return "; ".join(list_unusual_options(options, attention_by_trial=found)) or "usual"
