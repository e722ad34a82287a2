"""Prompts of imported benchmarks are those of lm-evaluation-harness, byte for byte.

For HellaSwag, ARC, WinoGrande, PIQA, OpenBookQA, CommonsenseQA, COPA, Social IQa, GSM8K and
NQ-Open the harness is given the very rows of the file. For the others `_for_harness` maps rows to
the fields that the harness's own copies of the data have, and changes nothing else.
"""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from desktop.domain.suite import Case, Metric, Suite
from desktop.suites.importers.importing import ImportOptions, import_benchmark

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not here"),
    pytest.mark.timeout(120),
]
SCRIPT = Path(__file__).with_name("harness_prompts.py")
ITEMS = 50
LETTERS = "ABCD"

Row = dict[str, Any]


class Task(NamedTuple):
    name: str
    yaml: str
    file: str
    keep: Callable[[Row], bool] = lambda _row: True
    map: Callable[[Row], Row] = dict
    items: int = ITEMS


def _of(key: str, value: str) -> Callable[[Row], bool]:
    return lambda row: bool(row[key] == value)


def _map_mmlu(row: Row) -> Row:
    return {**row, "answer": LETTERS.index(row["answer"])}


def _map_boolq(row: Row) -> Row:
    return {**row, "label": int(row["answer"])}


def _map_truthfulqa(row: Row) -> Row:
    return {
        "question": row["Question"],
        **{
            key: {"choices": list(row[key]), "labels": list(row[key].values())}
            for key in ("mc1_targets", "mc2_targets")
        },
    }


def _map_belebele(row: Row) -> Row:
    answers = {f"mc_answer{n}": choice for n, choice in enumerate(row["choices"], start=1)}
    number = str(row["answer"] + 1)
    return {
        "flores_passage": row["passage"],
        "question": row["question"],
        "correct_answer_num": number,
        **answers,
    }


def _map_answers(row: Row) -> Row:
    return {**row, "answers": {"text": row["answers"]}}


def _map_mgsm(row: Row) -> Row:
    # The harness's copy has worked answers for its training rows only.
    return {"question": row["question"], "answer": None, "answer_number": int(row["answer"])}


def _map_triviaqa(row: Row) -> Row:
    question = row["context"].removeprefix("Question: ").removesuffix("\nAnswer:")
    return {"question": question, "answer": {"aliases": row["aliases"]}}


def _map_lambada(row: Row) -> Row:
    return {"text": f"{row['context']} {row['continuation']}"}


SUBJECTS = [
    *("anatomy", "astronomy", "business_ethics", "college_medicine", "econometrics"),
    *("formal_logic", "global_facts", "high_school_biology", "high_school_us_history"),
    *("jurisprudence", "machine_learning", "moral_scenarios", "nutrition", "philosophy"),
    *("prehistory", "professional_law", "us_foreign_policy"),
]


def _mmlu(subject: str) -> Task:
    yaml = f"mmlu/default/mmlu_{subject}.yaml"
    return Task("mmlu", yaml, "mmlu/mmlu.jsonl", _of("subject", subject), _map_mmlu, 3)


def _mgsm(lang: str) -> Task:
    yaml = f"mgsm/direct/mgsm_direct_{lang}.yaml"
    return Task("mgsm", yaml, "mgsm/mgsm.jsonl", _of("lang", lang), _map_mgsm, 10)


def _xquad(lang: str) -> Task:
    yaml = f"xquad/xquad_{lang}.yaml"
    return Task("xquad", yaml, "xquad/xquad.jsonl", _of("lang", lang), _map_answers, 10)


def _belebele(lang: str) -> Task:
    yaml = f"belebele/belebele_{lang}.yaml"
    return Task("belebele", yaml, "belebele/belebele.jsonl", _of("lang", lang), _map_belebele, 20)


def _truthfulqa(metric: str) -> Task:
    name = f"truthfulqa_{metric}"
    file = "truthfulqa/truthfulqa.jsonl"
    return Task(name, f"truthfulqa/{name}.yaml", file, map=_map_truthfulqa)


TASKS = [
    Task("hellaswag", "hellaswag/hellaswag.yaml", "hellaswag/hellaswag.jsonl"),
    Task("arc", "arc/arc_easy.yaml", "arc/ARC-Easy.jsonl"),
    Task("arc", "arc/arc_challenge.yaml", "arc/ARC-Challenge.jsonl"),
    Task("winogrande", "winogrande/default.yaml", "winogrande/winogrande_xl-validation.jsonl"),
    Task("piqa", "piqa/piqa.yaml", "piqa/piqa-validation.jsonl"),
    Task("openbookqa", "openbookqa/openbookqa.yaml", "openbookqa/openbookqa-main-validation.jsonl"),
    Task(
        "commonsense_qa",
        "commonsense_qa/default.yaml",
        "commonsense_qa/commonsense_qa-validation.jsonl",
    ),
    Task("copa", "super_glue/copa/default.yaml", "copa/copa-validation.jsonl"),
    Task("social_iqa", "siqa/siqa.yaml", "social_i_qa/social_i_qa-validation.jsonl"),
    Task("gsm8k", "gsm8k/gsm8k.yaml", "gsm8k/gsm8k.jsonl"),
    Task("nq_open", "nq_open/nq_open.yaml", "nq_open/nq_open-validation.jsonl"),
    Task("boolq", "super_glue/boolq/default.yaml", "boolq/boolq-validation.jsonl", map=_map_boolq),
    *map(_mmlu, SUBJECTS),
    _truthfulqa("mc1"),
    _truthfulqa("mc2"),
    Task("triviaqa", "triviaqa/default.yaml", "triviaqa/triviaqa_sm_sub.jsonl", map=_map_triviaqa),
    Task(
        "lambada",
        "lambada/lambada_openai.yaml",
        "lambada/lambada_openai.jsonl",
        map=_map_lambada,
    ),
    Task("ifeval", "ifeval/ifeval.yaml", "ifeval/input_data.jsonl"),
    Task("human_eval", "humaneval/humaneval.yaml", "human_eval/human_eval.jsonl"),
    Task("squad", "squadv2", "squad/squad.jsonl", map=_map_answers),
    *map(_mgsm, ("bn", "de", "en", "es", "fr", "ja", "ru", "sw", "te", "th", "zh")),
    *map(_xquad, ("ar", "de", "el", "en", "es", "hi", "ro", "ru", "th", "tr", "vi", "zh")),
    *map(_belebele, ("eng_Latn", "deu_Latn")),
]
WIKITEXT = "wikitext/wikitext.yaml"
NAMES = [task.yaml for task in TASKS]


def _rows(task: Task) -> list[Row]:
    lines = (DATA / task.file).read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if task.keep(row)]


def _plain(task: Task, row: Row) -> Row:
    mapped = task.map(row)
    # IFEval's arguments have another type in each row, which no table can hold; prompts need none.
    return {key: value for key, value in mapped.items() if key != "kwargs"}


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], dict[str, Any]]:
    """Everything that these tests ask the harness, asked in one process."""
    folder = tmp_path_factory.mktemp("harness")
    jobs, keys = [], []
    for task in TASKS:
        rows = [_plain(task, row) for row in _rows(task)]
        asked = rows[: task.items]
        jobs.append({"task": task.yaml, "rows": asked, "examples": [], "shots": 0})
        keys.append((task.yaml, 0))
        if task.yaml in ONE_SHOT:
            # Of copies of one example there is one sample only, whatever its seed.
            example = [rows[0], rows[0]]
            jobs.append({"task": task.yaml, "rows": rows[1:9], "examples": example, "shots": 1})
            keys.append((task.yaml, 1))
    for subject in _dev_subjects():
        test, dev = (_mmlu_rows(f"{split}/{subject}_{split}.csv") for split in ("test", "dev"))
        yaml = f"mmlu/default/mmlu_{subject}.yaml"
        jobs.append({"task": yaml, "rows": test, "examples": dev, "shots": 5})
        keys.append((yaml, 5))
    jobs.append({"task": WIKITEXT, "rows": _pages(), "examples": [], "shots": 0})
    keys.append((WIKITEXT, 0))
    output = folder / "requests.json"
    environment = {
        **os.environ,
        "HF_HOME": str(folder),
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
    }
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(output)],
        input=json.dumps(jobs),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(zip(keys, json.loads(output.read_text(encoding="utf-8")), strict=True))


ONE_SHOT = {
    "hellaswag/hellaswag.yaml",
    "arc/arc_easy.yaml",
    "winogrande/default.yaml",
    "piqa/piqa.yaml",
    "openbookqa/openbookqa.yaml",
    "commonsense_qa/default.yaml",
    "super_glue/boolq/default.yaml",
    "super_glue/copa/default.yaml",
    "siqa/siqa.yaml",
    "gsm8k/gsm8k.yaml",
    "nq_open/nq_open.yaml",
    "triviaqa/default.yaml",
}


def _import(task: Task, rows: list[Row], folder: Path, **options: Any) -> Suite:
    path = folder / "rows.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return import_benchmark(task.name, [path], ImportOptions(**options))


def _asked(suite: Suite, case: Case) -> list[list[str]]:
    """Return what a case sends: pairs of context and continuation, or the prompt and nothing."""
    before = next((shown.text for shown in suite.few_shot if shown.id == case.few_shot), "")
    if case.continuations:
        return [[before + each.context, each.text] for each in case.continuations]
    assert len(case.messages) == 1
    return [[before + case.messages[0].content, ""]]


def _same(found: list[list[str]], wanted: list[list[str]]) -> bool:
    return found == [[context, *(more or [""])] for context, *more in wanted]


@pytest.mark.parametrize("task", TASKS, ids=NAMES)
def test_prompts_without_examples_are_the_harness_own(
    task: Task, harness: dict[tuple[str, int], dict[str, Any]], tmp_path: Path
) -> None:
    rows = _rows(task)[: task.items]
    suite = _import(task, rows, tmp_path)
    wanted = harness[task.yaml, 0]["requests"]
    assert len(suite.cases) == len(wanted) == len(rows) >= 3
    for case, requests in zip(suite.cases, wanted, strict=True):
        assert _same(_asked(suite, case), requests), case.id


@pytest.mark.parametrize("task", [t for t in TASKS if t.yaml in ONE_SHOT], ids=lambda t: t.name)
def test_an_example_is_laid_out_as_the_harness_does(
    task: Task, harness: dict[tuple[str, int], dict[str, Any]], tmp_path: Path
) -> None:
    rows = _rows(task)[:9]
    examples = tmp_path / "examples.jsonl"
    examples.write_text(json.dumps(rows[0]), encoding="utf-8")
    suite = _import(task, rows[1:], tmp_path, shots=1, shot_paths=(examples,))
    wanted = harness[task.yaml, 1]["requests"]
    assert len(suite.cases) == len(wanted) == 8
    for case, requests in zip(suite.cases, wanted, strict=True):
        assert _same(_asked(suite, case), requests), case.id


def test_stop_texts_and_headline_metrics_are_the_harness_own(
    harness: dict[tuple[str, int], dict[str, Any]], tmp_path: Path
) -> None:
    by_length = set()
    for task in TASKS:
        case = _import(task, _rows(task)[:1], tmp_path).cases[0]
        told = harness[task.yaml, 0]
        assert list(case.stop) == told["until"], task.yaml
        if case.metric is Metric.ACC_NORM:
            assert "acc_norm" in told["metrics"]
            by_length.add(task.name)
        elif case.metric is Metric.ACC and task.name != "belebele":
            # Where the harness has both, acc_norm is the headline; for letters both are the same.
            assert told["metrics"] == ["acc"], task.yaml
    assert by_length == {"hellaswag", "arc", "openbookqa", "piqa"}


def _pages() -> list[Row]:
    suite = import_benchmark("wikitext", [DATA / "wikitext2/wiki.test.sample.raw"])
    return [dict(case.source_row) for case in suite.cases]


def test_wikitext_articles_are_joined_as_the_harness_joins_them(
    harness: dict[tuple[str, int], dict[str, Any]],
) -> None:
    path = DATA / "wikitext2/wiki.test.sample.raw"
    assert "".join(page["page"] for page in _pages()) == path.read_text(encoding="utf-8")
    suite = import_benchmark("wikitext", [path])
    wanted = harness[WIKITEXT, 0]["requests"]
    assert [[[each.text for each in case.continuations]] for case in suite.cases] == wanted
    assert len(wanted) == 6


def _dev_subjects() -> list[str]:
    return [path.stem.removesuffix("_dev") for path in sorted(DATA.glob("mmlu/dev/*_dev.csv"))]


def _mmlu_rows(name: str) -> list[Row]:
    # In text mode, as the harness's copy of the data was made: a line end within a cell is one.
    with (DATA / "mmlu" / name).open(encoding="utf-8") as file:
        return [
            {"question": row[0], "choices": row[1:5], "answer": LETTERS.index(row[5])}
            for row in csv.reader(file)
        ]


def test_mmlu_with_five_examples_is_the_harness_own(
    harness: dict[tuple[str, int], dict[str, Any]],
) -> None:
    compared = 0
    for subject in _dev_subjects():
        paths = [DATA / f"mmlu/{split}/{subject}_{split}.csv" for split in ("test", "dev")]
        suite = import_benchmark("mmlu", paths, ImportOptions(shots=5))
        wanted = harness[f"mmlu/default/mmlu_{subject}.yaml", 5]["requests"]
        for case, requests in zip(suite.cases, wanted, strict=True):
            assert _same(_asked(suite, case), requests), case.id
            compared += 1
    assert compared >= ITEMS


def test_requests_that_another_harness_recorded_are_ours_too(tmp_path: Path) -> None:
    lines = (DATA / "olmes-requests/requests.jsonl").read_text(encoding="utf-8").splitlines()
    compared = 0
    for row in map(json.loads, lines):
        doc, request = row["doc"], row["request"]
        if request["context"] == "Answer:":
            continue  # how likely an answer is without its question
        if row["task"] == "arc_easy/rc_0shot":
            question = doc["query"].removeprefix("Question: ").removesuffix("\nAnswer:")
            labels = list("ABCDE")[: len(doc["choices"])]
            made = {
                "question": question,
                "choices": {"label": labels, "text": doc["choices"]},
                "answerKey": labels[doc["gold"]],
            }
            name = "arc"
        elif row["task"] == "winogrande/rc_0shot":
            made, name = doc, "winogrande"
        else:
            continue  # their layouts are others than lm-evaluation-harness's
        path = tmp_path / "row.jsonl"
        path.write_text(json.dumps(made), encoding="utf-8")
        suite = import_benchmark(name, [path])
        found = _asked(suite, suite.cases[0])
        assert [request["context"], request["continuation"]] in found
        compared += 1
    assert compared >= 20
