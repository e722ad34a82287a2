"""Results of lm-evaluation-harness as runs: its answers and scores unchanged, bad files refused."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from desktop.domain.run import Outcome, RunStatus
from desktop.domain.suite import Metric
from desktop.errors import UserError
from desktop.reports.comparison import compare_runs
from desktop.reports.records import RunRecord
from desktop.suites.importers.harness_results import ForeignRun, read_harness_results
from desktop.suites.importers.importing import ImportOptions, import_benchmark

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
RESULTS = DATA / "lm-eval-results"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not here")


def _by_task(found: tuple[ForeignRun, ...]) -> dict[str, ForeignRun]:
    return {each.run.origin.task: each for each in found if each.run.origin}


def _figures(found: ForeignRun) -> dict[str, float]:
    assert found.run.origin is not None
    return {figure.name: figure.value for figure in found.run.origin.figures}


@needs_data
@pytest.mark.parametrize(
    "folder",
    ["african_gemma-2b", "eqbench_flor-760m", "gsm8k_cot_llama", "negotiationtom_qwen3-8b"],
)
def test_every_score_is_kept_as_it_was(folder: str) -> None:
    kept = [_figures(found) for found in read_harness_results([RESULTS / folder])]
    reported = [
        {
            name: value
            for name, value in scores.items()
            if isinstance(value, float) and "_stderr" not in name
        }
        for path in sorted((RESULTS / folder).glob("*.json"))
        for scores in json.loads(path.read_text())["results"].values()
    ]
    assert kept == reported
    assert kept


@needs_data
def test_answers_pass_as_often_as_the_harness_says() -> None:
    found = _by_task(read_harness_results([RESULTS / "negotiationtom_qwen3-8b"]))
    for task, score in (
        ("negotiationtom_belief", "acc,none"),
        ("negotiationtom_desire", "acc,none"),
        ("negotiationtom_intention", "exact_match,none"),
    ):
        each = found[task]
        passed = sum(answer.outcome is Outcome.PASSED for answer in each.answers)
        assert passed / len(each.answers) == pytest.approx(_figures(each)[score])
    belief = found["negotiationtom_belief"]
    assert belief.run.status is RunStatus.FINISHED
    assert belief.run.model.facts.name == "Qwen3-8B"
    assert belief.run.model.facts.organization == "Qwen"
    assert belief.run.origin is not None
    assert (belief.run.origin.version, belief.run.origin.cases) == ("0.4.13.dev0", 20)
    assert len(belief.run.origin.files) == 2
    case, answer = belief.suite.cases[0], belief.answers[0]
    assert case.metric is Metric.ACC
    assert [each.correct for each in case.continuations] == [False, False, False, True]
    # -10.1 is the likeliest of four, and the fourth would have been right.
    assert (answer.text, answer.outcome) == ("A", Outcome.FAILED)


@needs_data
def test_written_answers_are_kept_whole() -> None:
    found = _by_task(read_harness_results([RESULTS / "eqbench_flor-760m"]))
    spanish = found["eqbench_es"]
    first = json.loads(
        next(RESULTS.glob("eqbench*/samples_eqbench_es*")).read_text().split("\n")[0]
    )
    assert spanish.answers[0].text == first["resps"][0][0]
    assert spanish.suite.cases[0].messages[0].content == first["arguments"]["gen_args_0"]["arg_0"]
    assert spanish.run.settings.max_tokens == 80


@needs_data
def test_old_files_need_a_name_for_the_model() -> None:
    old = RESULTS / "testdata_old_format"
    with pytest.raises(UserError, match=r"does not say which model.*--model-name"):
        read_harness_results([old])
    found = _by_task(read_harness_results([old], model_name="gpt2"))
    assert len(found) == 8
    assert _figures(found["truthfulqa_mc"]) == {
        "mc1": 0.23255813953488372,
        "mc2": 0.4462325560722362,
    }
    assert found["piqa"].run.model.facts.name == "gpt2"
    assert found["piqa"].answers == ()


# Beside our own runs

QUESTIONS = [
    {"goal": f"Goal {n}", "sol1": "one", "sol2": "another", "label": n % 2} for n in range(4)
]


def _write_results(folder: Path, samples: list[dict[str, Any]], **scores: float) -> Path:
    date = "2026-01-01T00-00-00.0"
    results = {
        "results": {"piqa": {"alias": "piqa", **scores}},
        "config": {"model": "hf", "model_args": "pretrained=acme/tiny,dtype=auto"},
        "higher_is_better": {"piqa": {"acc": True, "perplexity": False}},
        "versions": {"piqa": 1.0},
        "n-shot": {"piqa": 0},
        "date": 1_767_225_600.0,
    }
    folder.mkdir(exist_ok=True)
    (folder / f"results_{date}.json").write_text(json.dumps(results))
    lines = "".join(f"{json.dumps(sample)}\n" for sample in samples)
    (folder / f"samples_piqa_{date}.jsonl").write_text(lines)
    return folder


def _sample(number: int, **changed: Any) -> dict[str, Any]:
    question = QUESTIONS[number]
    prompt = f"Question: {question['goal']}\nAnswer:"
    return {
        "doc_id": number,
        "doc": question,
        "target": str(question["label"]),
        "arguments": [[prompt, " one"], [prompt, " another"]],
        "resps": [[[-3.0, False]], [[-4.0, False]]],
        # Per character the longer one is likelier.
        "filtered_resps": [[-3.0, False], [-4.0, True]],
        "acc": float(question["label"] == 0),
        "acc_norm": float(question["label"] == 1),
        **changed,
    }


def test_answers_to_our_own_suite_belong_to_it(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(f"{json.dumps(row)}\n" for row in QUESTIONS))
    suite = import_benchmark("piqa", [rows])
    folder = _write_results(tmp_path / "out", [_sample(n) for n in (2, 1, 0)], acc=0.5)
    (found,) = read_harness_results([folder], suite=suite)
    assert found.suite is suite
    assert [answer.case_id for answer in found.answers] == [c.id for c in suite.cases[:3]]
    assert [answer.text for answer in found.answers] == [" another"] * 3
    assert [answer.outcome is Outcome.PASSED for answer in found.answers] == [False, True, False]
    scores = found.answers[1].scores
    assert [(s.check, s.weight) for s in scores] == [("acc_norm", 1.0), ("acc", 0.0)]
    assert found.run.model.facts.name == "tiny"


def test_the_harness_is_compared_with_our_own_run_case_by_case(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(f"{json.dumps(row)}\n" for row in QUESTIONS))
    suite = msgspec.structs.replace(import_benchmark("piqa", [rows]), sha256="5" * 64)
    folder = _write_results(tmp_path / "out", [_sample(n) for n in range(4)])
    (theirs,) = read_harness_results([folder], suite=suite)
    model = msgspec.structs.replace(theirs.run.model, paths=("/models/ours.gguf",))
    run = msgspec.structs.replace(theirs.run, id="ours", model=model, origin=None)
    ours = tuple(
        msgspec.structs.replace(answer, run_id="ours", outcome=Outcome.PASSED, score=1.0)
        for answer in theirs.answers
    )
    comparison = compare_runs(
        [
            RunRecord(run=run, suite=suite, answers=ours),
            RunRecord(run=theirs.run, suite=suite, answers=theirs.answers),
        ]
    )
    assert [(m.label, m.cases_passed) for m in comparison.models] == [("ours", 4), ("tiny", 2)]
    (pair,) = comparison.pairs
    assert (pair.cases, pair.only_first_passed, pair.only_second_passed) == (4, 2, 0)
    assert len(comparison.cases) == 4


def test_a_chat_template_around_the_question_does_not_hide_it(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(f"{json.dumps(row)}\n" for row in QUESTIONS))
    suite = import_benchmark("piqa", [rows])
    around = [["<user>Goal 3<end>", " one"], ["<user>Goal 3<end>", " another"]]
    sample = _sample(3, arguments=around)
    (found,) = read_harness_results([_write_results(tmp_path / "out", [sample])], suite=suite)
    assert found.answers[0].case_id == suite.cases[3].id


def test_questions_that_the_suite_lacks_are_told(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(f"{json.dumps(row)}\n" for row in QUESTIONS))
    folder = _write_results(tmp_path / "out", [_sample(n) for n in range(4)])
    part = import_benchmark("piqa", [rows], ImportOptions(sample=3))
    (found,) = read_harness_results([folder], suite=part)
    assert len(found.answers) == 3
    assert "1 of 4 answers are to questions that are not in the suite" in found.notices[0]
    rows.write_text(json.dumps({**QUESTIONS[0], "goal": "Something else"}))
    with pytest.raises(UserError, match="no answer to a question of the suite piqa"):
        read_harness_results([folder], suite=import_benchmark("piqa", [rows]))


def test_of_two_readings_of_an_answer_the_headline_counts(tmp_path: Path) -> None:
    asked = {"gen_args_0": {"arg_0": "Question", "arg_1": {"until": ["\n"], "temperature": 0.5}}}
    said = {"doc_id": 0, "doc": {}, "target": "5", "arguments": asked, "resps": [["It is 5"]]}
    strict = {**said, "filter": "strict-match", "metrics": ["exact_match"], "exact_match": 0.0}
    flexible = {**strict, "filter": "flexible-extract", "exact_match": 1.0}
    (found,) = read_harness_results([_write_results(tmp_path / "out", [strict, flexible])])
    (answer,) = found.answers
    assert (answer.text, answer.outcome) == ("It is 5", Outcome.PASSED)
    assert found.run.settings.sampling.temperature == 0.5


def test_what_is_no_share_passes_and_fails_nothing(tmp_path: Path) -> None:
    asked = [["Text", {"until": []}]]
    samples = [
        {"doc_id": n, "doc": {}, "arguments": asked, "resps": [["x"]], "bleu": 40.0 * n, "f1": [1]}
        for n in range(2)
    ]
    (found,) = read_harness_results([_write_results(tmp_path / "out", samples, bleu=20.0)])
    assert {answer.outcome for answer in found.answers} == {Outcome.OPEN}
    assert "says that bleu is 40" in found.answers[1].scores[0].explanation


BAD_SAMPLES = {
    "line 1: it is not JSON": "{",
    'line 1: "doc_id" is missing': json.dumps({**_sample(0), "doc_id": None}),
    'line 1: "arguments" must say what was sent': json.dumps(_sample(0, arguments={"gen": 3})),
    'line 1: "filtered_resps" must hold 2 log-likelihoods': json.dumps(
        _sample(0, filtered_resps=[[-3.0, False]])
    ),
    "line 2: question 0 is answered a second time": "\n".join([json.dumps(_sample(0))] * 2),
    "holds no answers": "",
    'line 1: "resps" must hold the text': json.dumps(
        {"doc_id": 0, "arguments": [["Q", {}]], "resps": []}
    ),
}


@pytest.mark.parametrize("told", BAD_SAMPLES)
def test_bad_answers_are_told_with_file_and_line(told: str, tmp_path: Path) -> None:
    folder = _write_results(tmp_path / "out", [])
    (samples,) = folder.glob("samples_*")
    samples.write_text(BAD_SAMPLES[told])
    with pytest.raises(UserError) as raised:
        read_harness_results([folder])
    assert told in str(raised.value)
    assert str(samples) in str(raised.value)


BAD_RESULTS = {
    'the key "results" is missing': "{}",
    "it is not JSON": "{",
    '"results" has no task': '{"results": {}, "model_name": "m"}',
    '"results.t" must be keys with values': '{"results": {"t": 3}, "model_name": "m"}',
}


@pytest.mark.parametrize("told", BAD_RESULTS)
def test_bad_results_are_told(told: str, tmp_path: Path) -> None:
    path = tmp_path / "results_1.json"
    path.write_text(BAD_RESULTS[told])
    with pytest.raises(UserError) as raised:
        read_harness_results([path])
    assert told in str(raised.value)
    assert str(path) in str(raised.value)


def test_a_folder_without_results_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no results of lm-evaluation-harness"):
        read_harness_results([tmp_path])


def test_a_task_names_no_file_outside_the_folder(tmp_path: Path) -> None:
    (tmp_path / "samples_x_1.jsonl").write_text("secret")
    inner = tmp_path / "inner"
    inner.mkdir()
    results = {"results": {"a/../../samples_x": {"acc": 0.5}}, "model_name": "m"}
    (inner / "results_1.json").write_text(json.dumps(results))
    (found,) = read_harness_results([inner])
    assert found.answers == ()
