"""Ask lm-evaluation-harness for its requests; a process of its own, since it is slow and loud.

Reads from stdin a JSON list of `{"task", "rows", "examples", "shots"}`, `task` being a YAML file of
the harness. Writes to the file of its first argument, for each, `requests` (a list a row of pairs
of context and continuation; what is generated has no continuation), `until` and `metrics`.
Nothing is fetched: rows take the place of each task's data set.
"""

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")


# Their scorers import what is not installed; the prompts need no scorer.
_WITHOUT_SCORERS = ("ifeval/", "humaneval/", "xquad/")


def _refuse(*_args: object) -> NoReturn:
    raise OSError("these tests are offline")


socket.socket.connect = _refuse  # type: ignore[method-assign]


def _make_task(job: dict[str, Any]) -> Any:
    import datasets  # noqa: PLC0415
    from lm_eval import tasks  # noqa: PLC0415
    from lm_eval.api.task import ConfigurableTask  # noqa: PLC0415
    from lm_eval.tasks._yaml_loader import load_yaml  # noqa: PLC0415

    path = Path(tasks.__file__).parent / job["task"]
    if job["task"].startswith(_WITHOUT_SCORERS):
        config = load_yaml(path, resolve_func=False)
        config = {k: v for k, v in config.items() if k not in ("process_results", "filter_list")}
        config["metric_list"] = []
    else:
        config = load_yaml(path, resolve_func=True)
    rows = datasets.Dataset.from_list(job["rows"])
    examples = datasets.Dataset.from_list(job["examples"] or job["rows"])
    splits = {
        name: rows
        if name in (config.get("test_split"), config.get("validation_split"))
        else examples
        for key, name in config.items()
        if key.endswith("_split") and name
    }
    config |= {"custom_dataset": lambda **_: splits, "dataset_path": "none"}
    config.pop("class", None)
    return ConfigurableTask(config=config)


def _ask(job: dict[str, Any]) -> dict[str, Any]:
    if job["task"] == "squadv2":  # a class instead of a YAML file
        from lm_eval.tasks.squadv2.task import SQuAD2  # noqa: PLC0415

        texts = [[[SQuAD2.doc_to_text(None, row), ""]] for row in job["rows"]]
        return {"requests": texts, "until": ["\n"], "metrics": ["exact", "f1"]}
    task = _make_task(job)
    until: list[str] = []
    requests = []
    for doc in task.eval_docs:
        context = task.fewshot_context(doc, job["shots"])
        made = task.construct_requests(doc, context, metadata=("", 0, 1))
        made = made if isinstance(made, list) else [made]
        requests.append([[a if isinstance(a, str) else "" for a in m.arguments] for m in made])
        for argument in made[0].arguments:
            until = argument["until"] if isinstance(argument, dict) else until
    metrics = [str(metric["metric"]) for metric in task.config.metric_list]
    return {"requests": requests, "until": until, "metrics": metrics}


if __name__ == "__main__":
    found = [_ask(job) for job in json.load(sys.stdin)]
    Path(sys.argv[1]).write_text(json.dumps(found), encoding="utf-8")
