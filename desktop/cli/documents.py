"""The command line's JSON documents: keys are promises, see `resources/schemas/`."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from desktop.domain.base import JsonValue
from desktop.domain.language_model import LanguageModel, MemoryNeed
from desktop.domain.measurement import Measurement
from desktop.domain.run import RunSummary, StopReason
from desktop.domain.suite import Suite
from desktop.statistics.intervals import wilson_interval
from desktop.worker.operations import MemoryFit, RunDetails

Document = dict[str, JsonValue]


def describe_model(model: LanguageModel) -> Document:
    """Return a model as `scan` and `inspect` list it."""
    facts = model.facts
    return {
        "path": model.path,
        "paths": list(model.paths),
        "name": facts.name,
        "header_name": facts.header_name or None,
        "sha256": model.sha256,
        "hash_check": msgspec.to_builtins(model.hash_check),
        "modified": _tell_time(model.modified_ns),
        "store": model.store or None,
        "store_names": list(model.store_names),
        "kind": facts.kind.value,
        "architecture": facts.architecture,
        "parameters": facts.parameters,
        "quantization": facts.quantization,
        "bits_per_weight": facts.bits_per_weight,
        "context_length": facts.context_length,
        "vocabulary_size": facts.vocabulary_size,
        "file_bytes": facts.file_bytes,
        "license": facts.license or None,
        "organization": facts.organization or None,
        "has_chat_template": facts.has_chat_template,
        "family": facts.family or None,
        "family_origin": facts.family_origin,
        "supplier": msgspec.to_builtins(facts.supplier),
        "license_terms": msgspec.to_builtins(facts.license_terms),
        "active_parameters": facts.active_parameters,
        "tensor_shares": [
            {**msgspec.to_builtins(share), "bits_per_weight": share.bits_per_weight}
            for share in facts.tensor_shares
        ],
        "layers": facts.layers,
        "attention": facts.attention,
        "attention_heads": facts.attention_heads,
        "key_value_heads": list(facts.key_value_heads),
        "sliding_window": facts.sliding_window,
        "rope": msgspec.to_builtins(facts.rope),
        "tokenizer": facts.tokenizer or None,
        "languages": list(facts.languages),
        "base_models": list(facts.base_models),
        "template_names": list(facts.template_names),
        "thinks": facts.thinks,
        "uses_tools": facts.uses_tools,
        "warnings": [msgspec.to_builtins(warning) for warning in model.warnings],
    }


def _tell_time(nanoseconds: int) -> datetime | None:
    """Return a file's time, `None` for one that no calendar has."""
    try:
        return datetime.fromtimestamp(nanoseconds / 1e9, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def describe_memory(need: MemoryNeed, fit: MemoryFit) -> Document:
    """Return what a model needs, in bytes."""
    return {
        "context_tokens": need.context_tokens,
        "sequences": need.sequences,
        "weights_bytes": need.weights_bytes,
        "kv_cache_bytes": need.kv_cache_bytes,
        "compute_bytes": need.compute_bytes,
        "beside_bytes": need.beside_bytes,
        "total_bytes": need.total_bytes,
        "available_bytes": fit.available_bytes,
        "fits": fit.fits,
        "source": need.source,
    }


def describe_suite(suite: Suite) -> Document:
    """Return a suite as `suites` lists it."""
    return {
        "id": suite.id,
        "title": suite.title,
        "version": suite.version,
        "cases": len(suite.cases),
        "description": suite.description,
        "license": suite.license or None,
        "sha256": suite.sha256,
        "path": suite.path,
        "bundled": suite.bundled,
        "tags": sorted({tag for case in suite.cases for tag in case.tags}),
    }


def describe_run(summary: RunSummary) -> Document:
    """Return a run as `runs` lists it."""
    run, counts = summary.run, summary.counts
    # Repeats of a case are no further cases: the interval is that of the cases.
    repeats = run.settings.repeats
    scored = round(counts.scored / repeats)
    interval = wilson_interval(round(counts.passed / repeats), scored) if scored else None
    return {
        "id": run.id,
        "evaluation_id": run.evaluation_id,
        "name": run.name,
        "model": run.model.facts.name or Path(run.model.path).stem,
        "model_path": run.model.path,
        "model_sha256": run.model.sha256,
        "quantization": run.model.facts.quantization,
        "suite": run.suite.id if run.suite else None,
        "suite_version": run.suite.version if run.suite else None,
        "probe": run.probe.id if run.probe else None,
        "status": run.status.value,
        "cases": counts.cases,
        "passed": counts.passed,
        "failed": counts.failed,
        "refused": counts.refused,
        "truncated": counts.truncated,
        "thinking_only": counts.thinking_only,
        "errors": counts.errors,
        "open": counts.open,
        "score": counts.passed / counts.scored if counts.scored else None,
        "interval": [interval.low, interval.high] if interval else None,
        "mean_thinking_tokens": summary.mean_thinking_tokens,
        "metrics": _list_metrics(summary),
        "seconds": summary.seconds,
        "created_at": run.created_at,
        "prompt_format": run.prompt_format or None,
        "problem": run.problem or None,
        "origin": msgspec.to_builtins(run.origin),
        "settings": msgspec.to_builtins(run.settings),
        "engine": msgspec.to_builtins(run.engine),
        "note": run.note,
        "tags": list(run.tags),
    }


def _list_metrics(summary: RunSummary) -> Document:
    metrics = {
        "generation_tokens_per_second": summary.tokens_per_second,
        "prompt_tokens_per_second": summary.prompt_tokens_per_second,
        "peak_memory_bytes": summary.peak_memory_bytes,
        "share_passed": summary.counts.passed / summary.counts.scored
        if summary.counts.scored
        else None,
    }
    return {name: value for name, value in metrics.items() if value is not None}


def describe_run_closely(summary: RunSummary, details: RunDetails) -> Document:
    """Return a run as `run` and `resume` tell it, with what went wrong in single cases."""
    document = describe_run(summary)
    document["problems"] = [
        {"case_id": a.case_id, "repeat": a.repeat, "outcome": a.outcome, "message": a.problem}
        for a in details.answers
        if a.problem
    ]
    document["truncated_answers"] = sum(
        answer.stop_reason is StopReason.MAX_TOKENS for answer in details.answers
    )
    return document


def describe_measurement(measurement: Measurement) -> Document:
    """Return a measurement as `run` tells it."""
    return {
        "run": measurement.run_id,
        "test": measurement.test,
        "value": measurement.value,
        "unit": measurement.unit,
        "standard_deviation": measurement.standard_deviation,
        "repetitions": list(measurement.repetitions),
        "valid": measurement.valid,
        "disturbances": [msgspec.to_builtins(d) for d in measurement.disturbances],
    }


def describe_speed(measurement: Measurement) -> Document:
    """Return a measurement as `probe speed` tells it."""
    return {
        "test": measurement.test,
        "mean_tokens_per_second": measurement.value,
        "standard_deviation": measurement.standard_deviation,
        "repetitions": len(measurement.repetitions),
        "samples_tokens_per_second": list(measurement.repetitions),
        "valid": measurement.valid,
        "disturbances": [msgspec.to_builtins(d) for d in measurement.disturbances],
    }
