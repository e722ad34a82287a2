"""promptfoo's configurations as suites: what is kept, and what is named because it can't be."""

from pathlib import Path

import pytest

from desktop.domain.run import Outcome
from desktop.domain.suite import Check, Message, Role
from desktop.domain.suite_import import SuiteImport
from desktop.errors import UserError
from desktop.scoring.registry import score_answer
from desktop.suites.promptfoo.assertions import parse_expected
from desktop.suites.promptfoo.config import read_promptfoo

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "promptfoo"
CONFIGS = sorted(REAL.rglob("promptfooconfig*.yaml")) if REAL.is_dir() else []


def read(folder: Path, text: str) -> SuiteImport:
    path = folder / "promptfooconfig.yaml"
    path.write_text(text, encoding="utf-8")
    return read_promptfoo(path)


def sentences(found: SuiteImport) -> str:
    return "\n".join(notice.sentence for notice in found.notices)


def prompts(found: SuiteImport) -> list[str]:
    return [case.messages[-1].content for case in found.suite.cases]


@pytest.mark.skipif(not CONFIGS, reason="the real configurations are not here")
@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_real_configurations_load(path: Path) -> None:
    found = read_promptfoo(path)
    told = sentences(found)
    text = path.read_text(encoding="utf-8")
    assert "providers are not used" in told
    for code in ("javascript", "python"):
        if f"type: {code}" in text and "transform: output" not in text:
            assert f'"{code}" is code, which is not run' in told
    if not found.suite.cases:
        assert any(word in told for word in ("not fetched", "no file", "can't be asked"))
    assert all(case.checks and case.messages for case in found.suite.cases)
    ids = [case.id for case in found.suite.cases]
    assert len(set(ids)) == len(ids)


@pytest.mark.skipif(not CONFIGS, reason="the real configurations are not here")
def test_real_prompts_are_filled_in() -> None:
    config = REAL / "separate-test-configs" / "promptfooconfig.yaml"
    case = next(
        case for case in read_promptfoo(config).suite.cases if case.messages[0].role is Role.SYSTEM
    )
    assert case.messages[0].content.startswith("You're a 'modern chat assistant' who happens")
    assert case.messages[1].content == "Suggest a survival tips on the topic of alien invasions"
    articles = read_promptfoo(REAL / "summarization" / "promptfooconfig.yaml").suite.cases
    assert len(articles) == len(list((REAL / "summarization" / "articles").iterdir()))
    assert articles[0].checks[0] == Check(
        kind="not", expected={"starts_with": "Sure", "match_case": True}
    )


def test_every_test_meets_every_prompt_and_lists_are_multiplied(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "prompts: ['A {{x}} {{y}}', 'B {{x}}']\n"
        "tests:\n- vars: {x: [1, 2], y: z}\n  assert: [{type: equals, value: '{{x}}'}]\n",
    )
    assert prompts(found) == ["A 1 z", "B 1", "A 2 z", "B 2"]
    first, *_, last = found.suite.cases
    assert (first.id, last.id) == ("test-1-1-prompt-1", "test-1-2-prompt-2")
    assert first.group == last.group == "test-1"
    assert last.checks[0].expected == "2"


def test_defaults_reach_every_test(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "description: D\nprompts: ['{{a}}{{b}}']\n"
        "defaultTest:\n  vars: {a: 1, b: 2}\n  options: {prefix: '<', suffix: '>'}\n"
        "  assert: [{type: icontains, value: x, weight: 2}]\n"
        "tests:\n- vars: {b: 3}\n  description: T\n  metadata: {kind: k, tags: [t]}\n"
        "  assert: [{type: not-regex, value: y}]\nevaluateOptions: {repeat: 3}\n",
    )
    (case,) = found.suite.cases
    assert prompts(found) == ["<13>"]
    assert (found.suite.title, case.title, case.repeats) == ("D", "T", 3)
    assert case.tags == ("kind: k", "t")
    assert case.checks == (
        Check(kind="not", expected={"regex": "y", "match_case": True}),
        Check(kind="contains", expected="x", weight=2.0),
    )
    assert not found.notices


@pytest.mark.parametrize(
    ("prompt", "filled"),
    [
        ("{{ a | upper }}", "BEE"),
        ("{{ a | replace('e', \"o\") | capitalize }}", "Boo"),
        ("{{ list[1].k }} {{ list.length }} {{ list | dump }}", '2 2 ["x",{"k":2}]'),
        ("{% raw %}{{ a }}{% endraw %}{# gone #}", "{{ a }}"),
        ("{{ nested }}", "a bee in a bee"),
        ("{{ gone | default('none') }}", "none"),
        ("{{ a.__class__ }}|", "|"),
    ],
)
def test_simple_templates_are_filled_in(tmp_path: Path, prompt: str, filled: str) -> None:
    (tmp_path / "p.txt").write_text(prompt, encoding="utf-8")
    found = read(
        tmp_path,
        "prompts: file://p.txt\ntests:\n- vars: {a: bee, list: [x, {k: 2}],"
        " nested: 'a {{a}} in a {{a}}'}\n  options: {disableVarExpansion: true}\n",
    )
    assert prompts(found) == [filled]


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("{% for a in b %}x{% endfor %}", "for a in b"),
        ("{{ a + 1 }}", "a + 1"),
        ("{{ range(10) }}", "range(10)"),
        ("{{ a | eval }}", '"eval"'),
        ("{{ env.HOME }}", "environment variables are not read"),
        ("{{ self }}", "holds variables too deep or itself"),
    ],
)
def test_templates_that_would_need_more_are_named(tmp_path: Path, prompt: str, words: str) -> None:
    (tmp_path / "p.txt").write_text(prompt, encoding="utf-8")
    text = "prompts: file://p.txt\ntests:\n- vars: {a: b, self: '{{self}}'}\n"
    found = read(tmp_path, text)
    assert not found.suite.cases
    assert words in sentences(found)


def test_what_is_not_supported_is_named_with_its_line(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "prompts: ['Q {{a}}', file://make.py, 'https://x.org/p']\n"
        "providers: [openai:x]\n"
        "tests:\n"
        "- vars: {b: 1}\n"
        "  assert:\n"
        "  - {type: javascript, value: 'process.exit()'}\n"
        "  - {type: similar, value: x}\n"
        "  - {type: latency, threshold: 5}\n"
        "  - {type: made-up, value: x}\n"
        "  - {type: equals, value: x, weight: 0}\n"
        "  - {type: equals, value: x, transform: output.a}\n"
        "  - {type: regex, value: '('}\n"
        "  threshold: 0.5\n"
        "- file:///etc/passwd\n"
        "- huggingface://datasets/x\n"
        "derivedMetrics: []\n",
    )
    told = sentences(found)
    for line, words in [
        (1, "file://make.py is code"),
        (1, "https://x.org/p is a remote prompt"),
        (2, "providers are not used"),
        (4, 'the variable "a" is not given'),
        (4, "a person rates its answers"),
        (6, '"javascript" is code'),
        (7, '"similar" needs another model'),
        (8, '"latency" is a matter of measuring'),
        (9, '"made-up" is not known'),
        (10, "weight 0"),
        (11, "changes answers by code"),
        (12, "not a valid pattern"),
        (14, "file:///etc/passwd"),
        (15, "not fetched"),
        (16, "derived metrics are not computed"),
    ]:
        assert any(f"line {line}: " in s and words in s for s in told.splitlines()), words
    assert [check.kind for case in found.suite.cases for check in case.checks] == ["rating"]
    assert prompts(found) == ["Q "]


def test_a_test_whose_answers_code_would_change_is_left_to_people(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "prompts: [x]\ntests:\n- options: {transform: 'output.name'}\n"
        "  assert: [{type: equals, value: y}]\n"
        "- options: {transform: output.trim()}\n  assert: [{type: equals, value: y}]\n",
    )
    assert [case.checks[0].kind for case in found.suite.cases] == ["rating", "equals"]
    assert "it is code" in sentences(found)


def test_files_outside_the_folder_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    inside = tmp_path / "config"
    inside.mkdir()
    (inside / "link.txt").symlink_to(tmp_path / "secret.txt")
    for name in ("../secret.txt", str(tmp_path / "secret.txt"), "link.txt", "../*.txt"):
        found = read(inside, f"prompts: ['{{{{a}}}}!']\ntests:\n- vars: {{a: 'file://{name}'}}\n")
        assert "secret!" not in "".join(prompts(found)), name
        assert name in sentences(found)


def test_csv_tests_bring_their_expectations(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        'q,__expected1,__expected2,__description,__metadata:tags[]\n"a,\nb",contains: x,Paris,D,'
        '"u,v"\nsecond,"not-contains-any(1): x\\,y",,,\n',
        encoding="utf-8",
    )
    found = read(tmp_path, "prompts: ['Q {{q}}']\ntests: file://t.csv\n")
    one, two = found.suite.cases
    assert prompts(found) == ["Q a,\nb", "Q second"]
    assert (one.title, one.tags) == ("D", ("u", "v"))
    assert [check.kind for check in one.checks] == ["contains", "equals"]
    assert two.checks[0].expected == {"contains_any": ["x,y"], "match_case": True}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Note: this", {"type": "equals", "value": "Note: this"}),
        ("is-json", {"type": "is-json"}),
        ("fn: output > 1", {"type": "javascript", "value": "output > 1"}),
        ("similar(0.8): x", {"type": "similar", "value": "x", "threshold": 0.8}),
        ("icontains-all: a, b", {"type": "icontains-all", "value": ["a", "b"]}),
    ],
)
def test_expectations_in_one_text(text: str, wanted: dict[str, object]) -> None:
    assert parse_expected(text) == wanted


def test_scenarios_multiply_their_tests(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "prompts: ['{{a}} {{b}}']\nscenarios:\n- config: [{vars: {a: 1}}, {vars: {a: 2}}]\n"
        "  tests: [{vars: {b: x}}, {vars: {b: y}}]\n",
    )
    assert prompts(found) == ["1 x", "1 y", "2 x", "2 y"]


def test_conversations_and_named_prompts(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(
        "- {role: system, content: 'Be {{a}}'}\n- {role: user, content: Hi}\n", encoding="utf-8"
    )
    found = read(
        tmp_path,
        "prompts: [{id: file://c.yaml, label: chat}, other]\n"
        "tests: [{vars: {a: calm}, prompts: [chat]}]\n",
    )
    (case,) = found.suite.cases
    assert case.messages == (
        Message(role=Role.SYSTEM, content="Be calm"),
        Message(role=Role.USER, content="Hi"),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [("prompts: [", "line"), ("a: !!python/object:os.system x", "tag"), ("", "empty")],
)
def test_what_is_no_configuration_gets_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("assertion", "check"),
    [
        ("{type: is-json}", Check(kind="json_schema", expected=True, options={"alone": True})),
        (
            "{type: contains-json, value: {type: array}}",
            Check(kind="json_schema", expected={"type": "array"}),
        ),
        ("{type: llm-rubric, value: Be {{w}}}", None),
        ("{type: llm-rubric, value: 'Be {{w}}'}", Check(kind="judge", expected="Be good")),
        ("{type: is-refusal}", Check(kind="refuses", expected=True)),
        (
            "{type: equals, value: {a: 1}}",
            Check(kind="json", expected={"a": 1}, options={"only_keys": True, "alone": True}),
        ),
        ("{type: word-count, value: {max: 5}}", Check(kind="word_count", expected={"max": 5})),
        (
            "{type: assert-set, assert: [{type: contains, value: x}, {type: icontains, value: y}]}",
            Check(
                kind="all_of", expected=[{"contains": "x", "match_case": True}, {"contains": "y"}]
            ),
        ),
    ],
)
def test_assertions_become_checks(tmp_path: Path, assertion: str, check: Check | None) -> None:
    text = f"prompts: [x]\ntests:\n- vars: {{w: good}}\n  assert: [{assertion}]\n"
    if check is None:
        with pytest.raises(UserError, match="line 4"):
            read(tmp_path, text)
        return
    found = read(tmp_path, text)
    assert found.suite.cases[0].checks == (check,)
    assert not found.notices


def read_with_threshold(folder: Path, threshold: str, *assertions: str) -> SuiteImport:
    listed = "".join(f"  - {each}\n" for each in assertions)
    return read(folder, f"prompts: [x]\ntests:\n- threshold: {threshold}\n  assert:\n{listed}")


def test_a_threshold_is_the_mean_score_from_which_a_test_passes(tmp_path: Path) -> None:
    asserted = ("{type: contains, value: x, weight: 3}", "{type: icontains, value: y}")
    found = read_with_threshold(tmp_path, "0.75", *asserted)
    (case,) = found.suite.cases
    assert [check.options for check in case.checks] == [{"at_least": 0.75}]
    assert "threshold" not in sentences(found)
    said = {text: score_answer(text, case) for text in ("x and y", "x", "y")}
    assert [outcome for outcome, _, _ in said.values()] == [
        *(Outcome.PASSED, Outcome.PASSED, Outcome.FAILED)
    ]
    _, score, scores = said["y"]
    assert score == pytest.approx(0.25)
    assert scores[0].explanation.startswith("Mean score 0.250; 0.75 is wanted.")
    thirds = read_with_threshold(tmp_path, "1", *["{type: contains, value: x, weight: 0.1}"] * 3)
    assert score_answer("x", thirds.suite.cases[0])[0] is Outcome.PASSED


@pytest.mark.parametrize(
    ("threshold", "assertion"),
    [
        ("0.5", "{type: javascript, value: 1}"),
        ("0.5", "{type: llm-rubric, value: kind}"),
        ("7", "{type: equals, value: x}"),
        (".nan", "{type: equals, value: x}"),
    ],
)
def test_a_threshold_that_would_mean_something_else_is_named(
    tmp_path: Path, threshold: str, assertion: str
) -> None:
    found = read_with_threshold(tmp_path, threshold, "{type: contains, value: x}", assertion)
    assert "the threshold of a test is not used" in sentences(found)
    assert all(check.kind != "all_of" for check in found.suite.cases[0].checks)
