"""Which runs count: runs sorted by language model, one for each suite, with a short name each."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath, PureWindowsPath

from desktop.domain.base import Value
from desktop.domain.language_model import LanguageModel
from desktop.domain.run import RunStatus
from desktop.reports.records import RunRecord

PALETTE_SIZE = 8
_SHORT_ID = 8
_SHARD = re.compile(r"-\d{5}-of-\d{5}$")
_MEANINGLESS = re.compile(
    r"(?:(?:ggml[-_.]?)?(?:model|weights|snapshot|unsloth)s?|sha256[-_:]?[0-9a-f]+|[0-9a-f]{16,})"
    r"(?:[-_. ].{0,8})?",
    re.IGNORECASE,
)


class ModelRuns(Value, frozen=True, kw_only=True):
    """A language model with the runs that count, and those that others took the place of."""

    label: str
    color: int
    model: LanguageModel
    chosen: tuple[RunRecord, ...]
    left_out: tuple[RunRecord, ...] = ()

    @property
    def suite_runs(self) -> tuple[RunRecord, ...]:
        """The chosen runs that asked a suite."""
        return tuple(record for record in self.chosen if record.run.suite)

    @property
    def probe_runs(self) -> tuple[RunRecord, ...]:
        """The chosen runs that measured."""
        return tuple(record for record in self.chosen if record.run.probe)


def select_runs(records: Sequence[RunRecord], *, apart: bool = False) -> tuple[ModelRuns, ...]:
    """Group runs by language model, whatever the order they come in; colours by label.

    A model is known by its SHA-256; a run from before it was computed belongs to the file of
    the same path, size and time, or else to its path. With `apart` every run stands for itself,
    so that runs of one model with other settings can be held against each other.
    """
    hashes = {_file(record.run.model): sha for record in records if (sha := _sha256(record))}
    groups: dict[str, list[RunRecord]] = {}
    for record in {record.run.id: record for record in records}.values():
        model = record.run.model
        key = model.sha256 or hashes.get(_file(model)) or model.path
        groups.setdefault(key, []).append(record)
    models = {key: _newest(group).run.model for key, group in groups.items()}
    labels = make_labels(models)
    if apart:
        groups, models, labels = _set_apart(groups, labels)
    order = sorted(groups, key=lambda key: (labels[key].casefold(), labels[key], key))
    result = []
    for color, key in enumerate(order):
        chosen, left_out = _choose(groups[key])
        model = models[key]
        if model.sha256 is None and key in hashes.values():
            model = next((r.run.model for r in groups[key] if r.run.model.sha256), model)
        result.append(
            ModelRuns(
                label=labels[key],
                color=color % PALETTE_SIZE,
                model=model,
                chosen=chosen,
                left_out=left_out,
            )
        )
    return tuple(result)


def _set_apart(
    groups: dict[str, list[RunRecord]], labels: dict[str, str]
) -> tuple[dict[str, list[RunRecord]], dict[str, LanguageModel], dict[str, str]]:
    """Give every run a group of its own, named after the run where a model has several."""
    alone: dict[str, list[RunRecord]] = {}
    names: dict[str, str] = {}
    for key, group in groups.items():
        for record in group:
            alone[record.run.id] = [record]
            run = f"run {record.run.id[:_SHORT_ID]}"
            names[record.run.id] = f"{labels[key]} ({run})" if len(group) > 1 else labels[key]
    taken = list(names.values())
    for run_id, name in names.items():
        if taken.count(name) > 1:  # the beginnings of two ids are the same
            names[run_id] = name.replace(f"run {run_id[:_SHORT_ID]}", f"run {run_id}")
    return alone, {key: group[0].run.model for key, group in alone.items()}, names


def make_labels(models: dict[str, LanguageModel]) -> dict[str, str]:
    """Return a short name for each model, different from all others.

    The file's name is what people know a model by. Quantisation, then the folder, then the
    beginning of the hash are added only where two would share a name.
    """
    parts = {key: _name_parts(key, model) for key, model in models.items()}
    labels = {key: names[0] for key, names in parts.items()}
    for added in range(1, max((len(names) for names in parts.values()), default=0)):
        alike: dict[str, list[str]] = {}
        for key, label in labels.items():
            alike.setdefault(label.casefold(), []).append(key)
        for keys in alike.values():
            if len({parts[key][added] for key in keys}) > 1:
                for key in keys:
                    labels[key] = f"{labels[key]} {parts[key][added]}".rstrip()
    return labels


def _sha256(record: RunRecord) -> str | None:
    return record.run.model.sha256


def _file(model: LanguageModel) -> tuple[str, int, int]:
    return model.path, model.facts.file_bytes, model.modified_ns


def _newest(records: Sequence[RunRecord]) -> RunRecord:
    return max(records, key=lambda record: (record.run.created_at, record.run.id))


def _choose(
    records: Sequence[RunRecord],
) -> tuple[tuple[RunRecord, ...], tuple[RunRecord, ...]]:
    """Keep one run a suite or probe: the newest finished one, else the newest with results.

    Of probes, one that nothing disturbed comes before newer ones.
    """
    kinds: dict[str, list[RunRecord]] = {}
    for record in sorted(records, key=lambda r: (r.run.created_at, r.run.id)):
        run = record.run
        kinds.setdefault(run.suite.id if run.suite else "\0probe", []).append(record)
    best = [max(group, key=_preference) for group in kinds.values()]
    chosen = tuple(sorted(best, key=lambda r: (r.run.suite is None, r.run.created_at, r.run.id)))
    kept = {record.run.id for record in chosen}
    return chosen, tuple(record for record in records if record.run.id not in kept)


def _preference(record: RunRecord) -> tuple[bool, bool, str]:
    finished = record.run.status is RunStatus.FINISHED
    # A peak of memory is rarely disturbed; it is the speed that a probe is run for.
    speeds = [m for m in record.measurements if m.unit == "tokens/s"]
    useful = bool(record.answers) or any(m.valid for m in speeds or record.measurements)
    return (finished and useful, useful, record.run.created_at.isoformat())


def _name_parts(key: str, model: LanguageModel) -> tuple[str, str, str, str]:
    path = PureWindowsPath(model.path) if "\\" in model.path else PurePosixPath(model.path)
    stem = _SHARD.sub("", path.name.removesuffix(".gguf").removesuffix(".GGUF"))
    quantization = model.facts.quantization
    name = stem
    if quantization and stem.lower().endswith(quantization.lower()):
        name = stem[: -len(quantization)].rstrip("-_. ")
    if path.suffix.lower() != ".gguf" or not name or _MEANINGLESS.fullmatch(name):
        name = model.facts.name or stem or "Unnamed"
    digest = (model.sha256 or "")[:8] or key
    return " ".join(name.split()), quantization, f"({path.parent.name or stem})", f"({digest})"
