"""The command line's JSON documents: keys are promises, see `resources/schemas/`."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from desktop.domain.base import JsonValue
from desktop.domain.language_model import LanguageModel, MemoryNeed
from desktop.domain.measurement import Measurement
from desktop.domain.run import Outcome, RunSummary, StopReason
from desktop.domain.suite import Suite
from desktop.domain.text_figures import TextFigures, add_figures
from desktop.scoring.multiple_choice import measure_text
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
        "measured": counts.measured,
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
    texts = sum_texts(details)
    document["texts"] = describe_figures(texts) if texts else None
    document["problems"] = [
        {"case_id": a.case_id, "repeat": a.repeat, "outcome": a.outcome, "message": a.problem}
        for a in details.answers
        if a.problem
    ]
    document["truncated_answers"] = sum(
        answer.stop_reason is StopReason.MAX_TOKENS for answer in details.answers
    )
    return document


def sum_texts(details: RunDetails) -> TextFigures | None:
    """Return how well a run's texts were foreseen, all taken together; `None` without any."""
    cases = {case.id: case for case in details.suite.cases} if details.suite else {}
    parts = [
        measure_text(cases[answer.case_id].continuations[0], answer.likelihoods[0])
        for answer in details.answers
        if answer.outcome is Outcome.MEASURED and answer.likelihoods and answer.case_id in cases
    ]
    return add_figures(parts) if parts else None


def describe_figures(figures: TextFigures) -> Document:
    """Return a text's figures; `None` for those that can't be told."""
    return {
        "perplexity": figures.perplexity,
        "plus_minus": figures.plus_minus,
        "bits_per_byte": figures.bits_per_byte,
        "bits_per_word": figures.bits_per_word,
        "tokens": figures.tokens,
        "bytes": figures.bytes,
        "words": figures.words,
        "negative_log_likelihood": figures.negative_log_likelihood,
    }


def say_passed(document: Document) -> str:
    """Return how many cases passed, for a table; nothing for what has no cases."""
    if not document["suite"]:
        return ""
    if document["measured"] and document["score"] is None:
        return f"{document['measured']} measured"
    return f"{document['passed']} of {document['cases']}"


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
