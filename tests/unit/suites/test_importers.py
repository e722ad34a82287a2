"""Benchmarks imported by name: there and back, sampled, shown examples, and refused when bad."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from desktop.domain.suite import Metric, Suite
from desktop.errors import UserError
from desktop.scoring.registry import KINDS
from desktop.suites.importers.exporting import export_suite, format_publisher_files
from desktop.suites.importers.importing import ImportOptions, import_benchmark
from desktop.suites.importers.registry import BENCHMARKS
from desktop.suites.importers.sampling import share_out
from desktop.suites.reader import read_suite
from desktop.suites.writer import write_suite

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not here")

# Every file of the public samples that an importer names, with how many questions it holds.
FILES = [
    ("arc", "arc/ARC-Challenge.jsonl", 149),
    ("arc", "arc/ARC-Easy.jsonl", 200),
    ("belebele", "belebele/belebele.jsonl", 200),
    ("boolq", "boolq/boolq-validation.jsonl", 200),
    ("commonsense_qa", "commonsense_qa/commonsense_qa-validation.jsonl", 200),
    ("copa", "copa/copa-validation.jsonl", 50),
    ("gsm8k", "gsm8k/gsm8k.jsonl", 200),
    ("hellaswag", "hellaswag/hellaswag.jsonl", 200),
    ("hellaswag", "hellaswag/hellaswag.llamacpp.txt", 200),
    ("human_eval", "human_eval/human_eval.jsonl", 81),
    ("ifbench", "ifbench/IFBench_test.jsonl", 147),
    ("ifeval", "ifeval/input_data.jsonl", 200),
    ("lambada", "lambada/lambada_openai.jsonl", 200),
    ("mgsm", "mgsm/mgsm.jsonl", 198),
    ("mgsm", "mgsm/mgsm_*.tsv", 108),
    ("mmlu", "mmlu/mmlu.jsonl", 200),
    ("mmlu", "mmlu/test/*.csv", 202),
    ("mt_bench", "mt-bench/question.jsonl", 40),
    ("nq_open", "nq_open/nq_open-validation.jsonl", 200),
    ("openai_evals", "openai-evals/samples.jsonl", 200),
    ("openbookqa", "openbookqa/openbookqa-main-validation.jsonl", 200),
    ("piqa", "piqa/piqa-validation.jsonl", 200),
    ("social_iqa", "social_i_qa/social_i_qa-validation.jsonl", 200),
    ("squad", "squad/dev-v1.1.json", 197),
    ("squad", "squad/squad.jsonl", 197),
    ("svamp", "svamp/svamp.jsonl", 150),
    ("triviaqa", "triviaqa/triviaqa_sm_sub.jsonl", 200),
    ("truthfulqa_mc1", "truthfulqa/TruthfulQA.csv", 200),
    ("truthfulqa_mc1", "truthfulqa/truthfulqa.jsonl", 200),
    ("truthfulqa_mc2", "truthfulqa/TruthfulQA.csv", 200),
    ("truthfulqa_mc2", "truthfulqa/truthfulqa.jsonl", 200),
    ("wikitext", "wikitext2/wiki.test.sample.raw", 6),
    ("winogrande", "winogrande/winogrande.llamacpp.csv", 200),
    ("winogrande", "winogrande/winogrande_xl-validation.jsonl", 200),
    ("xquad", "xquad/xquad.??.json", 80),
    ("xquad", "xquad/xquad.jsonl", 192),
]


def _same(suite: Suite) -> Suite:
    """Return a suite without what says where its bytes lay."""
    imported = msgspec.structs.replace(suite.imported, files=()) if suite.imported else None
    return msgspec.structs.replace(suite, imported=imported, sha256="", path="")


def test_every_importer_has_a_file_to_prove_itself() -> None:
    assert {name for name, _, _ in FILES} == set(BENCHMARKS)
    for benchmark in BENCHMARKS.values():
        assert benchmark.license
        assert benchmark.citation
        assert benchmark.source.startswith("https://")


@needs_data
@pytest.mark.parametrize(("name", "pattern", "count"), FILES, ids=[f[1] for f in FILES])
def test_files_come_back_as_the_same_suite(
    name: str, pattern: str, count: int, tmp_path: Path
) -> None:
    paths = sorted(DATA.glob(pattern))
    suite = import_benchmark(name, paths)
    assert len(suite.cases) == count
    assert len({case.id for case in suite.cases}) == count
    several = "" not in format_publisher_files(suite)
    written = export_suite(suite, tmp_path / ("out" if several else paths[0].name))
    assert _same(import_benchmark(name, written)) == _same(suite)


@needs_data
@pytest.mark.parametrize(("name", "pattern", "count"), FILES, ids=[f[1] for f in FILES])
def test_suites_survive_their_own_file(name: str, pattern: str, count: int, tmp_path: Path) -> None:
    suite = import_benchmark(name, sorted(DATA.glob(pattern)), ImportOptions(sample=5))
    write_suite(suite, tmp_path / "suite.yaml")
    read = read_suite(tmp_path / "suite.yaml")
    assert msgspec.structs.replace(read, sha256="", path="") == suite
    assert suite.imported is not None
    assert suite.imported.rows == count
    assert format_publisher_files(read) == format_publisher_files(suite)


@needs_data
@pytest.mark.parametrize(("name", "pattern", "count"), FILES, ids=[f[1] for f in FILES])
def test_every_case_can_be_decided(name: str, pattern: str, count: int) -> None:
    suite = import_benchmark(name, sorted(DATA.glob(pattern)))
    del count
    for case in suite.cases:
        correct = [each.correct for each in case.continuations]
        if case.metric in (Metric.GREEDY, Metric.PERPLEXITY):
            assert correct == [True]
        elif case.metric in (Metric.MC1, Metric.ACC, Metric.ACC_NORM, Metric.ACC_TOKEN_NORM):
            assert sum(correct) == 1 < len(correct)
        elif case.metric is Metric.MC2:
            assert 0 < sum(correct) < len(correct)
        else:
            assert case.messages[-1].content.strip()
            assert case.checks
            for check in case.checks:
                assert KINDS[check.kind].find_fault(check) == ""


@needs_data
def test_the_authors_table_and_its_copy_give_the_same_truths() -> None:
    """TruthfulQA.csv says the same as the copies with mc1_targets, where both have a question."""
    for name in ("truthfulqa_mc1", "truthfulqa_mc2"):
        table = import_benchmark(name, [DATA / "truthfulqa/TruthfulQA.csv"])
        copy = import_benchmark(name, [DATA / "truthfulqa/truthfulqa.jsonl"])
        by_title = {case.continuations[0].context: case for case in copy.cases}
        common = [c for c in table.cases if c.continuations[0].context in by_title]
        same = [
            set(case.continuations) == set(by_title[case.continuations[0].context].continuations)
            for case in common
        ]
        assert len(common) >= 30
        # The authors corrected some answers later.
        assert sum(same) / len(same) > 0.8


AUTHORS: dict[str, dict[str, Any]] = {
    "arc": {
        "id": "Q1",
        "question": {
            "stem": "Why?",
            "choices": [{"text": "so", "label": "A"}, {"text": "no", "label": "B"}],
        },
        "answerKey": "B",
    },
    "commonsense_qa": {
        "id": "c1",
        "question": {
            "stem": "Why?",
            "question_concept": "why",
            "choices": [{"text": letter * 2, "label": letter} for letter in "ABCDE"],
        },
        "answerKey": "C",
    },
    "boolq": {"question": "is it", "title": "It", "answer": True, "passage": "It is."},
    "lambada": {"text": "the last word is lamb"},
    "mmlu": {"subject": "anatomy", "question": "Q", "choices": ["1", "2", "3", "4"], "answer": 3},
    "svamp": {
        "ID": "chal-1", "Body": "He has 3", "Question": "How many?", "Equation": "3", "Answer": 3.0,
    },
    "truthfulqa_mc1": {"question": "Q", "mc1_targets": {"choices": ["a", "b"], "labels": [1, 0]}},
    "belebele": {
        "link": "https://example.org", "question_number": 1, "flores_passage": "P", "question": "Q",
        "mc_answer1": "a", "mc_answer2": "b", "mc_answer3": "c", "mc_answer4": "d",
        "correct_answer_num": "4", "dialect": "deu_Latn",
    },
    "squad": {
        "id": "s1", "title": "T", "context": "C", "question": "Q",
        "answers": {"text": ["C"], "answer_start": [0]},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", AUTHORS)
def test_other_published_forms_are_understood(name: str, tmp_path: Path) -> None:
    suite = import_benchmark(name, [_write(tmp_path, [AUTHORS[name]])])
    case = suite.cases[0]
    expected = {
        "arc": "no",
        "commonsense_qa": "C",
        "boolq": "yes",
        "lambada": "lamb",
        "mmlu": "D",
        "truthfulqa_mc1": "a",
        "belebele": "D",
    }
    if case.continuations:
        right = [each.text for each in case.continuations if each.correct]
        assert right == [f" {expected[name]}"]
    elif name == "svamp":
        assert case.messages[0].content == "Question: He has 3. How many?\nAnswer:"
        assert case.checks[0].expected == 3
    else:
        assert case.checks[0].expected == ["C"]


def test_labels_may_lie_in_a_file_of_their_own(tmp_path: Path) -> None:
    rows = [{"goal": f"g{n}", "sol1": "a", "sol2": "b"} for n in range(3)]
    questions = _write(tmp_path, rows)
    labels = tmp_path / "valid-labels.lst"
    labels.write_text("0\n1\n1\n")
    suite = import_benchmark("piqa", [questions, labels])
    assert [case.continuations[1].correct for case in suite.cases] == [False, True, True]
    labels.write_text("0\n1\n")
    with pytest.raises(
        UserError, match=r"valid-labels\.lst has 2 labels, and the file named before"
    ):
        import_benchmark("piqa", [questions, labels])


def test_a_question_without_an_answer_is_answered_so(tmp_path: Path) -> None:
    row = {"id": "s", "title": "T", "context": "C", "question": "Q", "answers": []}
    case = import_benchmark("squad", [_write(tmp_path, [{**row, "is_impossible": True}])]).cases[0]
    assert case.checks[0].expected == ["unanswerable"]
    with pytest.raises(UserError, match='"answers" is empty'):
        import_benchmark("squad", [_write(tmp_path, [row])])


def test_blank_choices_are_choices(tmp_path: Path) -> None:
    row = {"goal": "Go", "sol1": "", "sol2": "on", "label": 1}
    case = import_benchmark("piqa", [_write(tmp_path, [row])]).cases[0]
    assert [each.text for each in case.continuations] == [" ", " on"]
    aliases = {"question": "Who?", "aliases": ["", "she"]}
    case = import_benchmark("triviaqa", [_write(tmp_path, [aliases])]).cases[0]
    assert case.checks[0].expected == ["she"]


# Sampling


def _gsm8k(count: int) -> list[dict[str, Any]]:
    return [
        {"question": f"Question {n}?", "answer": f"#### {n}", "level": "odd" if n % 2 else "even"}
        for n in range(count)
    ]


def _questions(suite: Suite) -> list[int]:
    return [int(case.checks[0].expected) for case in suite.cases]


def test_a_sample_is_the_same_everywhere(tmp_path: Path) -> None:
    path = _write(tmp_path, _gsm8k(50))
    drawn = _questions(import_benchmark("gsm8k", [path], ImportOptions(sample=5, seed=7)))
    # Written down: another machine, another Python and another order must draw these too.
    assert drawn == [1, 12, 22, 31, 40]
    backwards = _write(tmp_path, _gsm8k(50)[::-1])
    again = import_benchmark("gsm8k", [backwards], ImportOptions(sample=5, seed=7))
    assert _questions(again) == drawn[::-1]
    other = import_benchmark("gsm8k", [path], ImportOptions(sample=5, seed=8))
    assert _questions(other) != drawn


def test_a_larger_sample_contains_the_smaller(tmp_path: Path) -> None:
    path = _write(tmp_path, _gsm8k(50))
    few, many = (
        set(_questions(import_benchmark("gsm8k", [path], ImportOptions(sample=n)))) for n in (5, 20)
    )
    assert few < many


@needs_data
def test_a_suite_is_named_after_the_part_that_its_files_hold() -> None:
    everything = import_benchmark("mmlu", [DATA / "mmlu/mmlu.jsonl"], ImportOptions(sample=1))
    assert everything.id == "mmlu"
    part = import_benchmark("mmlu", [DATA / "mmlu/test/anatomy_test.csv"])
    assert (part.id, part.title.rpartition(", ")[2]) == ("mmlu_anatomy", "anatomy")
    easy = import_benchmark("arc", [DATA / "arc/ARC-Easy.jsonl"])
    assert easy.id == "arc_easy"


def test_strata_get_their_shares() -> None:
    assert share_out({"a": 70, "b": 20, "c": 10}, 10) == {"a": 7, "b": 2, "c": 1}
    assert share_out({"a": 1, "b": 1, "c": 1}, 2) == {"a": 1, "b": 1, "c": 0}
    assert share_out({"a": 3}, 10) == {"a": 3}
    assert share_out({}, 3) == {}


def test_a_sample_can_be_even_over_a_key(tmp_path: Path) -> None:
    path = _write(tmp_path, _gsm8k(50))
    options = ImportOptions(sample=10, stratify="level")
    drawn = _questions(import_benchmark("gsm8k", [path], options))
    assert Counter(n % 2 for n in drawn) == {0: 5, 1: 5}
    with pytest.raises(UserError, match=r'line 1: "tier" is nothing to stratify by.*level'):
        import_benchmark("gsm8k", [path], ImportOptions(sample=10, stratify="tier"))


# Examples


def test_examples_drawn_from_the_questions_are_not_asked(tmp_path: Path) -> None:
    suite = import_benchmark("gsm8k", [_write(tmp_path, _gsm8k(20))], ImportOptions(shots=3))
    (shown,) = suite.few_shot
    assert len(shown.messages) == 6
    assert len(suite.cases) == 17
    asked = {case.messages[0].content for case in suite.cases}
    assert not asked & {message.content for message in shown.messages}
    assert all(case.few_shot == shown.id for case in suite.cases)
    assert "3 worked examples" in suite.description


def test_files_of_examples_bring_the_usual_number(tmp_path: Path) -> None:
    questions = _write(tmp_path, _gsm8k(20))
    examples = _write(tmp_path, _gsm8k(60)[30:], "train.jsonl")
    suite = import_benchmark("gsm8k", [questions], ImportOptions(shot_paths=(examples,)))
    assert suite.imported is not None
    assert suite.imported.shots == 5
    assert suite.few_shot[0].text.startswith("Question: Question 30?\nAnswer: #### 30\n\nQuestion:")
    assert len(suite.cases) == 20


@needs_data
def test_languages_show_examples_of_their_own() -> None:
    suite = import_benchmark("mgsm", [DATA / "mgsm/mgsm.jsonl"], ImportOptions(shots=2))
    assert len(suite.few_shot) == 11
    german = next(each for each in suite.few_shot if each.id == "mgsm-de")
    assert german.text.count("Frage: ") == 2


def test_too_few_examples_are_told(tmp_path: Path) -> None:
    path = _write(tmp_path, _gsm8k(4))
    with pytest.raises(UserError, match="9 examples are wanted, and there are 4"):
        import_benchmark("gsm8k", [path], ImportOptions(shots=9))
    with pytest.raises(UserError, match="All questions would be examples"):
        import_benchmark("gsm8k", [path], ImportOptions(shots=4))
    with pytest.raises(UserError, match="is asked without examples"):
        import_benchmark("truthfulqa_mc1", [path], ImportOptions(shots=1))


# Export


def test_a_changed_case_is_not_written_as_its_publishers(tmp_path: Path) -> None:
    suite = import_benchmark("gsm8k", [_write(tmp_path, _gsm8k(3))])
    case = suite.cases[1]
    check = msgspec.structs.replace(case.checks[0], expected="99")
    cases = (suite.cases[0], msgspec.structs.replace(case, checks=(check,)), suite.cases[2])
    with pytest.raises(UserError, match=f"Case {case.id} .* is not the one that was imported"):
        export_suite(msgspec.structs.replace(suite, cases=cases), tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


def test_a_suite_of_our_own_has_no_other_form(tmp_path: Path) -> None:
    suite = import_benchmark("gsm8k", [_write(tmp_path, _gsm8k(3))])
    with pytest.raises(UserError, match="was not imported from a benchmark"):
        export_suite(msgspec.structs.replace(suite, imported=None), tmp_path / "out.jsonl")


def test_a_row_names_no_file_outside_the_folder(tmp_path: Path) -> None:
    table = tmp_path / "anatomy_test.csv"
    table.write_text("Q,1,2,3,4,D\n")
    suite = import_benchmark("mmlu", [table])
    (case,) = suite.cases
    hostile = {**case.source_row, "subject": "../../escaped"}
    moved = import_benchmark("mmlu", [_write(tmp_path, [hostile])]).cases[0]
    suite = msgspec.structs.replace(suite, cases=(moved,))
    with pytest.raises(UserError, match="would make a file named"):
        export_suite(suite, tmp_path / "out")
    assert not list(tmp_path.parent.glob("*escaped*"))


# Bad files


def _write(folder: Path, rows: list[dict[str, Any]], name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


GOOD = '{"question": "Q?", "answer": "#### 1"}\n'

BAD_LINES = {
    "[1, 2]\n": "line 2: each line must be a JSON object",
    "{\n": "line 2: it is not JSON",
    '{"question": "Q"}\n': 'line 2: "answer" is missing',
    '{"questoin": "Q", "answer": "#### 1"}\n': 'line 2: "question" is missing; did you mean "quest',
    '{"question": 7, "answer": "#### 1"}\n': 'line 2: "question" must be a text, not 7',
    '{"question": "", "answer": "#### 1"}\n': 'line 2: "question" must be a text, not ""',
    '{"question": "Q", "answer": "one"}\n': 'line 2: "answer" must end with ####',
    '{"question": "\\ud800", "answer": "#### 1"}\n': "line 2: it has characters",
    '{"question": NaN, "answer": "#### 1"}\n': "line 2: it is not JSON",
    '{"question": 99999999999999999999, "answer": "#### 1"}\n': "line 2: it has characters or numb",
    "[" * 100_000 + "\n": "line 2: it is nested too deeply",
    '{"question": %s}\n' % ("9" * 5000): "line 2: it is not JSON",
}


@pytest.mark.parametrize("line", BAD_LINES, ids=[text[:40] for text in BAD_LINES.values()])
def test_bad_lines_are_told_with_file_and_line(line: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(GOOD + line, encoding="utf-8")
    with pytest.raises(UserError) as raised:
        import_benchmark("gsm8k", [path])
    assert f"{path}, {BAD_LINES[line]}" in str(raised.value)
    assert "\n" not in str(raised.value)


BAD_FILES = {
    ("gsm8k", "rows.parquet", b"PAR1"): "rows.parquet is of no kind that GSM8K",
    ("gsm8k", "rows.jsonl", b""): "holds no question",
    ("gsm8k", "rows.jsonl", b"\xff\xfe{\x00"): "line 1: it is UTF-16",
    ("gsm8k", "rows.jsonl", b'{"question": "\xff"}'): "line 1: it is not UTF-8",
    ("mmlu", "anatomy.csv", b"Q,1,2,3,4,D\n"): "the name must say the subject",
    ("mmlu", "anatomy_test.csv", b"Q,1,2,D\n"): "line 1: 6 columns",
    ("mmlu", "anatomy_test.csv", b"Q,1,2,3,4,E\n"): 'line 1: "answer" must be one of A, B, C, D',
    ("mmlu", "anatomy_test.csv", b'Q,1,2,3,4,D\n"Q,1'): "line 2: it is not a table",
    ("mmlu", "anatomy_test.csv", b"Q,\x00,2,3,4,D\n"): "line 1: it is binary",
    ("mgsm", "mgsm_de.tsv", b"Frage 3\n"): "line 1: question, tab and answer",
    ("mgsm", "mgsm_xx.tsv", b"Q\t3\n"): 'line 1: "lang" must be one of bn, de',
    ("hellaswag", "h.txt", b"c\n1\na\nb\n"): "it ends within a question",
    ("hellaswag", "h.txt", b"c\n7\na\nb\nc\nd\n"): 'line 1: "label" must be a whole number',
    ("truthfulqa_mc1", "t.csv", b"Question,Best Answer\nQ\n"): "line 2: it has 1 columns",
    ("squad", "dev.json", b"[]"): "it must be a JSON object",
    (
        "squad",
        "dev.json",
        b'{"data": [{"paragraphs": [{"context": "c"}]}]}',
    ): '"data.paragraphs.qas" is missing',
    (
        "squad",
        "dev.json",
        b'{"data": [{"paragraphs": [{"context": "c", "qas": [{"question": "Q"}]}]}]}',
    ): 'question 1: "answers" is missing',
    ("squad", "dev.json", b'{"data": 3}'): '"data" must be a list of keys with values',
    ("wikitext", "w.raw", b"no heading\n"): "no line is the heading of an article",
    ("winogrande", "w.jsonl", b'{"sentence": "No gap", "answer": "1"}'): "has no gap",
    ("copa", "c.jsonl", b'{"question": "why", "premise": "p"}'): '"question" must be cause or eff',
    ("openai_evals", "e.jsonl", b'{"input": [], "ideal": "x"}'): '"input" has no messages',
}


@pytest.mark.parametrize("bad", BAD_FILES, ids=list(BAD_FILES.values()))
def test_bad_files_are_told_in_a_sentence(bad: tuple[str, str, bytes], tmp_path: Path) -> None:
    name, file, content = bad
    (tmp_path / file).write_bytes(content)
    with pytest.raises(UserError) as raised:
        import_benchmark(name, [tmp_path / file])
    assert BAD_FILES[bad] in str(raised.value)
    assert str(tmp_path / file) in str(raised.value)


def test_files_with_windows_line_ends_and_a_mark_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode().replace(b"\n", b"\r\n") * 2)
    suite = import_benchmark("gsm8k", [path])
    assert [case.checks[0].expected for case in suite.cases] == ["1", "1"]
    # The same row twice is two cases.
    assert len({case.id for case in suite.cases}) == 2


def test_wrong_requests_are_told(tmp_path: Path) -> None:
    path = _write(tmp_path, _gsm8k(3))
    table = tmp_path / "mgsm_de.tsv"
    table.write_text("Q\t3\n")
    with pytest.raises(UserError, match="no importer 'gms8k'; did you mean \"gsm8k\""):
        import_benchmark("gms8k", [path])
    with pytest.raises(UserError, match="no question"):
        import_benchmark("gsm8k", [])
    with pytest.raises(UserError, match="There is no file"):
        import_benchmark("gsm8k", [tmp_path / "none.jsonl"])
    with pytest.raises(UserError, match="A sample of 9 is wanted, and there are 3"):
        import_benchmark("gsm8k", [path], ImportOptions(sample=9))
    with pytest.raises(UserError, match="A sample must be"):
        import_benchmark("gsm8k", [path], ImportOptions(sample=0))
    with pytest.raises(UserError, match="needs to know how many"):
        import_benchmark("gsm8k", [path], ImportOptions(stratify="level"))
    with pytest.raises(UserError, match="another form than the files before it"):
        import_benchmark(
            "mgsm", [_write(tmp_path, [{"lang": "de", "question": "Q", "answer": "3"}]), table]
        )
