"""CSV and JSONL with mapped columns: found out, guessed, imported, exported, imported again."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desktop.domain.suite import Case, Check, Continuation, Message, Metric, Role, Suite
from desktop.domain.suite_import import TableOptions
from desktop.errors import UserError
from desktop.suites.reader import list_bundled_suites, read_suite
from desktop.suites.tables.reading import import_table, preview_table
from desktop.suites.tables.writing import format_table, list_lost

SMALL = "id,question,answer,topic\na 1,What?,Yes,t; u\nb,Who?,No,\n"


def write(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_columns_are_guessed_by_their_names(tmp_path: Path) -> None:
    one, two = import_table(write(tmp_path, SMALL), TableOptions()).suite.cases
    assert (one.id, one.tags, two.id, two.tags) == ("a-1", ("t", "u"), "b", ())
    assert one.messages == (Message(role=Role.USER, content="What?"),)
    assert one.checks == (Check(kind="equals", expected="Yes"),)


def test_what_is_given_goes_before_the_guess(tmp_path: Path) -> None:
    options = TableOptions(
        mapping={"topic": "expected", "answer": "ignore"},
        check="contains",
        prompt="Q: {{question}} {x}",
        id="mine",
        title="Mine",
    )
    found = import_table(write(tmp_path, SMALL.replace("No,", "No,z")), options)
    assert (found.suite.id, found.suite.title) == ("mine", "Mine")
    assert found.suite.cases[1].messages[0].content == "Q: Who? {x}"
    assert found.suite.cases[1].checks == (Check(kind="contains", expected="z"),)
    assert "answer" in found.notices[0].sentence


@pytest.mark.parametrize(
    ("content", "encoding", "delimiter"),
    [
        (SMALL.encode("utf-8-sig"), "utf-8", ","),
        (SMALL.replace(",", ";").replace("t; u", '"t; u"').encode(), "utf-8", ";"),
        (SMALL.replace(",", "\t").encode("utf-16"), "utf-16", "\t"),
        (SMALL.replace("\n", "\r\n").encode(), "utf-8", ","),
        (SMALL.replace("Yes", "Schön").encode("cp1252"), "cp1252", ","),
    ],
)
def test_encoding_and_delimiter_are_found_out(
    tmp_path: Path, content: bytes, encoding: str, delimiter: str
) -> None:
    preview = preview_table(write(tmp_path, content), TableOptions())
    assert (preview.encoding, preview.delimiter) == (encoding, delimiter)
    assert preview.columns == ("id", "question", "answer", "topic")
    assert preview.mapping == {
        "id": "id",
        "question": "prompt",
        "answer": "expected",
        "topic": "tags",
    }
    assert preview.total == len(preview.cases) == 2
    assert not preview.problem
    assert any("not UTF-8" in n.message for n in preview.notices) == (encoding == "cp1252")


def test_quoted_newlines_and_lines_of_rows(tmp_path: Path) -> None:
    text = 'prompt,expected,weight\r\n"one\r\ntwo, ""three""",x,\r\nlast,y,-5\r\n'
    path = write(tmp_path, text)
    with pytest.raises(UserError, match=r'line 4: "weight" in case "case-2"'):
        import_table(path, TableOptions())
    path = write(tmp_path, text.replace("-5", "2.5"))
    one, two = import_table(path, TableOptions()).suite.cases
    assert one.messages[0].content == 'one\ntwo, "three"'
    assert (one.weight, two.weight) == (1, 2.5)


def test_numbers_and_choices_get_their_checks(tmp_path: Path) -> None:
    number = import_table(write(tmp_path, "question,answer\nq,42\nr,-1.5\n"), TableOptions())
    assert [c.checks[0] for c in number.suite.cases] == [
        Check(kind="number", expected=42),
        Check(kind="number", expected=-1.5),
    ]
    table = "question,A,B,C,answer\nq,red,blue,green,C\nr,one,two,,one\n"
    one, two = import_table(write(tmp_path, table), TableOptions()).suite.cases
    assert one.messages[0].content == "q\nA. red\nB. blue\nC. green"
    assert one.checks[0] == Check(kind="choice", expected="C", options={"labels": ["A", "B", "C"]})
    assert two.checks[0] == Check(kind="choice", expected="A", options={"labels": ["A", "B"]})
    lines = '{"question": "q", "choices": ["x", "y"], "answer": 1}\n'
    (third,) = import_table(write(tmp_path, lines, "t.jsonl"), TableOptions()).suite.cases
    assert third.checks[0].expected == "B"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.csv", b"", "is empty"),
        ("t.csv", b"question,answer\n", "has no rows"),
        ("t.csv", b"a,b\x00\n1,2\n", "line 1: it holds bytes that are no text"),
        ("t.csv", b"\x81\x8d\x8f\x90", "its encoding can't be told"),
        ("t.csv", b"q,q\n1,2\n", 'two columns are called "q"'),
        ("t.csv", b"question,answer\nx,y\nx,y,z\n", "line 3: the row has 3 values for 2 columns"),
        ("t.csv", b'question,answer\nx,y\n"x,y\n', "line 3: a quoted text is not closed"),
        ("t.csv", b"foo,bar\nx,y\n", "fills the prompt"),
        ("t.csv", b"question,bar\nx,y\n", "says what is expected"),
        ("t.csv", b"question,answer\nx,\n", 'line 2: case "case-1" needs the key "checks"'),
        ("t.csv", b"id,question,answer\na,x,y\na,x,y\n", '"a" is already on line 2'),
        ("t.csv", b'question,checks\nx,"[{""equal"": 1}]"\n', 'mean "equals"'),
        ("t.jsonl", b'{"question": "x"}\n{]\n', "line 2: it is no JSON"),
        ("t.jsonl", b"[1, 2]", "it is no JSON object"),
        ("t.jsonl", b"[" * 100_000, "it is no JSON"),
    ],
)
def test_each_mistake_is_a_sentence(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    with pytest.raises(UserError) as caught:
        import_table(write(tmp_path, content, name), TableOptions())
    assert words in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (TableOptions(mapping={"questoin": "prompt"}), 'mean "question"'),
        (TableOptions(mapping={"question": "promt"}), 'mean "prompt"'),
        (TableOptions(mapping={"question": "prompt", "answer": "prompt"}), "both"),
        (TableOptions(check="equal"), 'mean "equals"'),
        (TableOptions(prompt="{{questoin}}"), '"questoin", which is no column'),
        (TableOptions(encoding="klingon"), "no encoding"),
        (TableOptions(encoding="ascii"), None),
        (TableOptions(delimiter=",,"), "one sign"),
    ],
)
def test_wrong_options_are_told(tmp_path: Path, options: TableOptions, words: str | None) -> None:
    path = write(tmp_path, SMALL)
    if words is None:
        assert import_table(path, options).suite.cases
        return
    with pytest.raises(UserError) as caught:
        import_table(path, options)
    assert words.lower() in caught.value.message.lower()


def test_a_preview_tells_what_is_still_missing(tmp_path: Path) -> None:
    preview = preview_table(write(tmp_path, "foo,bar\nx,y\n"), TableOptions())
    assert preview.rows == (("x", "y"),)
    assert "--map" in preview.problem
    assert not preview.cases


_TEXT = st.text(
    alphabet=st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), min_size=1
).filter(lambda text: bool(text.strip()))
_CHECKS = st.one_of(
    st.builds(lambda t: (Check(kind="equals", expected=t),), _TEXT),
    st.builds(lambda n: (Check(kind="number", expected=n),), st.integers(-(10**12), 10**12)),
    st.builds(
        lambda t, w: (
            Check(kind="contains_any", expected=[t, "x"], weight=w),
            Check(kind="not", expected={"regex": "a+"}),
        ),
        _TEXT,
        st.floats(0, 100),
    ),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@pytest.mark.parametrize("form", ["csv", "jsonl"])
@given(prompt=_TEXT, system=st.one_of(st.none(), _TEXT), checks=_CHECKS, tag=_TEXT, ex=_TEXT)
def test_cases_survive_the_round_trip(
    *,
    form: str,
    prompt: str,
    system: str | None,
    checks: tuple[Check, ...],
    tag: str,
    ex: str,
    tmp_path: Path,
) -> None:
    asked = (Message(role=Role.USER, content=prompt),)
    case = Case(
        id="a",
        title="T",
        messages=(Message(role=Role.SYSTEM, content=system), *asked) if system else asked,
        checks=checks,
        tags=(tag,),
        weight=0.25,
        passing_example=ex,
        max_tokens=7,
        stop=("\n", "a; b"),
    )
    likely = Case(
        id="b",
        title="b",
        messages=(),
        checks=(),
        metric=Metric.ACC,
        continuations=(
            Continuation(context=prompt, text=" x", correct=True),
            Continuation(context=prompt, text=" y"),
        ),
    )
    suite = Suite(id="s", title="s", version="1", cases=(case, likely))
    path = write(tmp_path, format_table(suite, form), f"t.{form}")
    assert import_table(path, TableOptions()).suite.cases == suite.cases


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_bundled_suites_survive_the_round_trip(form: str, tmp_path: Path) -> None:
    suite = read_suite(list_bundled_suites()[0])
    path = write(tmp_path, format_table(suite, form), f"t.{form}")
    again = import_table(path, TableOptions()).suite
    assert again.cases == suite.cases
    assert list_lost(suite) == ()
