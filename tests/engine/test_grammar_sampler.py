"""Grammars against the real llama.cpp: what is taken, and what a model then writes."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from desktop.domain.run import StopReason
from desktop.domain.settings import Sampling
from desktop.inference.engine import GenerationFailed, GenerationFinished, Prompt
from desktop.inference.grammar import GRAMMAR_HANG, find_grammar_problem
from desktop.inference.json_schema_grammar import make_json_grammar
from desktop.worker.engine_process import EngineProcess
from desktop.worker.process_end import describe_end

pytestmark = pytest.mark.engine
_ROOT = Path(__file__).resolve().parents[2]
_LETTERS = 'root ::= [a-z]+ ("é" | "😀") "."?'


def run(function: str, **arguments: object) -> Any:
    done = start(function, **arguments)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def start(function: str, **arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.engine.grammar_child"],
        input=json.dumps({"function": function, **arguments}),
        capture_output=True,
        text=True,
        timeout=120,
        cwd=_ROOT,
        check=False,
    )


class _Grammars:
    """Grammars by chance, most of them almost right."""

    _SIGNS = (
        '"',
        "[",
        "]",
        "(",
        ")",
        "*",
        "{",
        "|",
        "\n",
        "\\",
        "::=",
        " ",
        "#",
        "é",
        "{2,3}",
        ".",
    )
    _REPEATED = ("*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", " *", " { 2 , 3 }", "{1,200}")
    _TERMINALS = ('"x"', '"yz\\n"', "[a-z]", '[^"\\\\]', ".", '"é"', "[-a]", "[a-]", "[--9]")

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - chosen to repeat itself

    def write(self) -> str:
        rules = [f"{name} ::= {self._choice('abc'[i:], 0)}" for i, name in enumerate("rabc")]
        text = "\n".join(rules).replace("r ::=", "root ::=", 1)
        while self._random.random() < 0.3:
            place = self._random.randrange(len(text))
            cut = place + self._random.randint(0, 2)
            text = text[:place] + self._random.choice(self._SIGNS) + text[cut:]
        return text

    def _choice(self, names: str, depth: int) -> str:
        bar = self._random.choice((" | ", "|", "|\n"))
        parts = self._random.choice((1, 1, 2, 3))
        return bar.join(self._sequence(names, depth) for _ in range(parts))

    def _sequence(self, names: str, depth: int) -> str:
        return " ".join(self._item(names, depth) for _ in range(self._random.choice((1, 1, 2, 3))))

    def _item(self, names: str, depth: int) -> str:
        kind = self._random.random()
        if kind < 0.3 and names:
            item = self._random.choice(names)
        elif kind < 0.45 and depth < 3:
            item = f"({self._choice(names, depth + 1)})"
        else:
            item = self._random.choice(self._TERMINALS)
        return item + (self._random.choice(self._REPEATED) if self._random.random() < 0.2 else "")


def test_llama_cpp_takes_every_grammar_that_we_take() -> None:
    source = _Grammars(seed=3)
    written = [source.write() for _ in range(600)]
    taken = [grammar for grammar in written if not find_grammar_problem(grammar)]
    taken += [
        'root ::= "a"{2000} "b"{0,2000}',
        "root ::= " + "(" * 50 + '"a"' + ")" * 50,
        "root ::= a0\n" + "".join(f"a{n} ::= a{n + 1}\n" for n in range(900)) + 'a900 ::= "x"',
        make_json_grammar({"properties": {f"p{n}": {"maxLength": 30} for n in range(50)}}),
    ]
    assert 100 < len(taken) < len(written)
    outcomes = run("parse", grammars=taken)
    assert [g for g, fine in zip(taken, outcomes, strict=True) if not fine] == []


def test_a_forbidden_token_is_refused_and_the_process_lives(smollm2: Path) -> None:
    texts = ["abcé.", "abcé", "abc", "abcé!", "Abcé", "abc😀.", "abcé<file_sep>"]
    left, ended = "The answer left its grammar.", "The answer has ended already."
    assert run("follow", path=str(smollm2), grammar=_LETTERS, texts=texts) == [
        ended, ended, left, left, left, ended, left,
    ]  # fmt: skip


def test_control_tokens_are_not_taken_for_their_names(smollm2: Path) -> None:
    outcomes = run("follow", path=str(smollm2), grammar="root ::= .+", texts=["a<file_sep>", "a"])
    assert outcomes == ["The answer left its grammar.", "The answer has ended already."]


def test_a_grammar_with_too_many_readings_ends_the_answer_or_the_process(smollm2: Path) -> None:
    """Each x doubles what llama.cpp keeps in mind; it can't be stopped while it does."""
    doubling = 'root ::= a\na ::= "x" a "y" | "x" a "z" | "x"'
    assert find_grammar_problem(doubling) == ""
    done = start("hang", path=str(smollm2), grammar=doubling, text="x" * 200)
    assert GRAMMAR_HANG in describe_end(done.returncode, done.stderr)


_SCHEMAS: list[dict[str, Any]] = [
    {
        "properties": {
            "name": {"type": "string", "maxLength": 12},
            "age": {"type": "integer", "minimum": 18, "maximum": 99},
            "tags": {"type": "array", "items": {"enum": ["red", "blue"]}, "maxItems": 2},
        },
        "required": ["name", "age"],
    },
    {"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 2},
    {"type": "string", "format": "date"},
]


@pytest.mark.parametrize("temperature", [0, 1.2])
def test_what_a_model_writes_under_a_schema_fits_it(smollm2: Path, temperature: float) -> None:
    """At a high temperature too; every answer ends by itself, since the schemas bound them."""
    prompt = "<|im_start|>user\nTell me about a person.<|im_end|>\n<|im_start|>assistant\n"
    grammars = [make_json_grammar(schema) for schema in _SCHEMAS]
    outcomes = run(
        "write",
        path=str(smollm2),
        prompts=[prompt] * len(grammars),
        grammars=grammars,
        temperature=temperature,
        most=80,
    )
    for schema, (text, ended) in zip(_SCHEMAS, outcomes, strict=True):
        assert ended, text
        jsonschema.validate(json.loads(text), schema)


def test_through_the_pipe_a_bad_grammar_costs_its_own_prompt_only(smol: EngineProcess) -> None:
    """A grammar that is complete ends the answer; one that is not is cut off by the limit."""
    grammars = {
        "choice": 'root ::= "yes" | "no"',
        "bad": "root ::= x",
        "endless": 'root ::= "ab"+ "c"{300}',
    }
    prompts = [
        Prompt(
            key=key,
            text="Is the sky blue?",
            has_special_tokens=False,
            sampling=Sampling(),
            max_tokens=8,
            grammar=grammar,
        )
        for key, grammar in grammars.items()
    ]
    events = list(smol.generate(prompts))
    (failed,) = [event for event in events if isinstance(event, GenerationFailed)]
    assert failed.key == "bad"
    assert "line 1, column 10" in failed.message
    ended = {event.key: event for event in events if isinstance(event, GenerationFinished)}
    assert ended["choice"].text in ("yes", "no")
    assert ended["choice"].stop_reason is StopReason.END_OF_ANSWER
    assert ended["endless"].text.startswith("ab")
    assert ended["endless"].stop_reason is StopReason.MAX_TOKENS
