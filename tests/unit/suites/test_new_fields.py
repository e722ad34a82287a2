"""Variables, documents, worked examples, likelihood and generated cases in suite files."""

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest

from desktop.domain.settings import Sampling
from desktop.domain.suite import Check, Continuation, Document, FewShot, Message, Metric, Role
from desktop.errors import UserError
from desktop.paths import resource
from desktop.suites.reader import read_suite
from desktop.suites.writer import write_suite
from desktop.suites.yaml_tree import parse_yaml, to_value

RICH = """\
touchstone_suite: 1
id: rich
title: All that a suite can say
version: "1"
documents:
  - id: leave
    title: Leave policy
    text: 30 days a year.
few_shot:
  - id: sums
    messages:
      - {role: user, content: 1 + 1?}
      - {role: assistant, content: "2"}
    text: "Q: 1 + 1?\\nA: 2\\n\\n"
defaults:
  vars: {language: French, amount: 5}
  prompt: Translate into {{language}}; {{ text }}
  checks:
    - contains: "{{answer}}"
  weight: 2
  few_shot: sums
  metric: acc
cases:
  - id: one
    vars: {text: good day, answer: bonjour}
    documents: [leave]
    repeats: 3
    sampling: {temperature: 0.7, seed: 9}
    group: greetings
    weight: 0.5
  - id: two
    title: Reads {{amount}}
    prompt: How many?
    checks:
      - number: "{{amount}}"
      - contains_any: "{{words}}"
    vars: {words: [five, "5"]}
    examples: {pass: "{{amount}}, five", fail: none}
  - id: three
    context: The sky is
    continuations:
      - text: " blue"
        correct: true
      - text: " {{colour}}"
      - {context: The sea is, text: " red"}
    vars: {colour: green}
    metric: acc_norm
"""


@pytest.fixture
def suite_file(tmp_path: Path) -> Path:
    path = tmp_path / "suite.yaml"
    path.write_text(RICH, encoding="utf-8")
    return path


def test_variables_take_the_place_of_their_names(suite_file: Path) -> None:
    one, two, three = read_suite(suite_file).cases
    assert one.messages == (Message(role=Role.USER, content="Translate into French; good day"),)
    assert one.checks == (Check(kind="contains", expected="bonjour"),)
    assert two.title == "Reads 5"
    assert two.checks[0] == Check(kind="number", expected=5)
    assert two.checks[1] == Check(kind="contains_any", expected=["five", "5"])
    assert (two.passing_example, two.failing_example) == ("5, five", "none")
    assert three.continuations[1].text == " green"


def test_what_else_a_case_can_say_is_read(suite_file: Path) -> None:
    suite = read_suite(suite_file)
    one, two, three = suite.cases
    assert suite.documents == (Document(id="leave", title="Leave policy", text="30 days a year."),)
    assert suite.few_shot == (
        FewShot(
            id="sums",
            messages=(
                Message(role=Role.USER, content="1 + 1?"),
                Message(role=Role.ASSISTANT, content="2"),
            ),
            text="Q: 1 + 1?\nA: 2\n\n",
        ),
    )
    assert (one.documents, one.repeats, one.group) == (("leave",), 3, "greetings")
    assert one.sampling == Sampling(temperature=0.7, seed=9)
    assert (one.weight, two.weight, one.few_shot) == (0.5, 2.0, "sums")
    assert (one.metric, three.metric) == (None, Metric.ACC_NORM)
    assert not three.messages
    assert not three.checks
    assert three.continuations[0] == Continuation(context="The sky is", text=" blue", correct=True)
    assert three.continuations[2].context == "The sea is"


def test_all_of_it_survives_the_round_trip(suite_file: Path, tmp_path: Path) -> None:
    suite = read_suite(suite_file)
    write_suite(suite, tmp_path / "copy.yaml")
    again = read_suite(tmp_path / "copy.yaml")
    source = {"sha256": "", "path": ""}
    assert msgspec.structs.replace(again, **source) == msgspec.structs.replace(suite, **source)


def test_the_published_schema_takes_it() -> None:
    schema = json.loads(resource("schemas", "suite.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    document = to_value(parse_yaml(RICH))
    assert list(validator.iter_errors(document)) == []
    for old, new in [
        ("  - id: two\n    title", "  - id: two\n    metirc: acc\n    title"),
        ("repeats: 3", "repeats: 0"),
        ("  prompt: Translate into {{language}}; {{ text }}\n", ""),
        ("    continuations:", "    prompt: x\n    continuations:"),
        ('      - text: " blue"', '      - txt: " blue"'),
        ("  - id: sums", "  - name: sums"),
    ]:
        assert RICH.count(old) == 1
        assert not validator.is_valid(to_value(parse_yaml(RICH.replace(old, new)))), new


def test_braces_that_mean_themselves_are_written_as_such(suite_file: Path, tmp_path: Path) -> None:
    text = RICH.replace("vars: {text: good day,", "vars: {text: 'a {{b}} c',")
    suite_file.write_text(text, encoding="utf-8")
    suite = read_suite(suite_file)
    assert suite.cases[0].messages[0].content == "Translate into French; a {{b}} c"
    copy = tmp_path / "copy.yaml"
    write_suite(suite, copy)
    assert "fill_variables: false" in copy.read_text(encoding="utf-8")
    assert read_suite(copy).cases == suite.cases


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("text: good day", "txt: good day", 17, ('"text" in "prompt" of case "one"', "text")),
        ("{{ text }}", "{{ text | upper }}", 17, ("text | upper", "is no variable")),
        ("vars: {text:", "vars: {1st: x, text:", 25, ('"1st"', "begin with a letter")),
        ("vars: {words: [five", "vars: {amount: [five", 36, ('"words"', "not given")),
        ("title: Reads {{amount}}", "title: A {{words}} b", 32, ("no single text",)),
        ("documents: [leave]", "documents: [leaf]", 26, ('no "leaf"', 'mean "leave"')),
        ("few_shot: sums", "few_shot: sum", 21, ('no "sum"', 'mean "sums"')),
        ('    text: "Q', '    txt: "Q', 14, ('"txt"', 'mean "text"')),
        ("role: assistant", "role: user", 11, ("end with the role assistant",)),
        ("repeats: 3", "repeats: 0", 27, ('"repeats"', "from 1 to 1,000")),
        ("temperature: 0.7", "temperature: hot", 28, ('"temperature"', "number")),
        ("seed: 9", "sed: 9", 28, ('"sed"', 'mean "seed"')),
        ("weight: 0.5", "weight: -1", 30, ('"weight"', "from 0")),
        ("metric: acc_norm", "metric: acc_nrom", 47, ('mean "acc_norm"',)),
        ("metric: acc_norm", "metric: greedy", 41, ("takes one continuation",)),
        ("        correct: true\n", "", 41, ('one with "correct: true"',)),
        ("metric: acc_norm", "prompt: x", 47, ('"prompt" does not belong',)),
        ("group: greetings", "metric: acc", 29, ('"continuations"', "likelihood")),
        ("  - id: leave", "  - id: leave\n    text: x\n  - id: leave", 8, ("occurs twice",)),
    ],
)
def test_each_mistake_is_told_with_its_line(
    suite_file: Path, old: str, new: str, line: int, words: tuple[str, ...]
) -> None:
    assert RICH.count(old) == 1
    suite_file.write_text(RICH.replace(old, new), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_suite(suite_file)
    told = [text for text in caught.value.details.splitlines() if f"line {line}: " in text]
    assert told, caught.value.details
    assert any(all(word in text for word in words) for text in told), told
