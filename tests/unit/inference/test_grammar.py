"""Grammars are judged before llama.cpp sees them; tests/engine holds the judgement against it."""

import time

import pytest

from desktop.inference.grammar import find_grammar_problem
from tests.gbnf_matcher import Matcher

JSON = r"""
# white space and comments may stand anywhere
root   ::= object
value  ::= object | array | string | number | ("true" | "false" | "null") ws
object ::= "{" ws (
            string ":" ws value   # a member
    ("," ws string ":" ws value)*
  )? "}" ws
array  ::= "[" ws ( value ("," ws value)* )? "]" ws
string ::= "\"" ( [^"\\\x7F\x00-\x1F] | "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}) )* "\"" ws
number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9]{1,15})? ws
ws     ::= | " " | "\n" [ \t]{0,20}
"""


def test_a_grammar_as_people_write_them_is_taken() -> None:
    assert find_grammar_problem(JSON) == ""
    matcher = Matcher(JSON)
    assert matcher.matches('{"a": [1, -2.5e3, {"b": null}], "é": "x\\u00e9"}')
    assert not matcher.matches('{"a": 01}')
    assert not matcher.matches('{"a": 1')


@pytest.mark.parametrize(
    ("grammar", "matching", "other"),
    [
        ('root ::= "a" "b"? "c"*', ["a", "ab", "accc", "abc"], ["", "b", "abb"]),
        ('root ::= "ab"{2,3}', ["abab", "ababab"], ["ab", "abababab", "abb"]),
        ('root ::= ("a" | [x-z]){2} "!"', ["ax!", "zz!"], ["a!", "axa!", "ab!"]),
        ("root ::= [^a-c] .", ["dé", "😀x"], ["ax", "d"]),
        ('root ::= [-a] [b-] "\\x41\\u00e9\\U0001F600\\n"', ["-bAé😀\n", "a-Aé😀\n"], ["bbAé😀\n"]),
        ('root ::= a |\n  "x"\na ::= "y"', ["x", "y"], ["xy"]),
        ('root ::= (\n"x"\n|\n"y"\n)', ["x", "y"], [""]),
        ('root ::= "a"{2,}\r\n# end', ["aa", "aaaa"], ["a"]),
        ('root ::= "a"{0} "b"', ["b"], ["ab"]),
        ('root ::= ""', [""], ["a"]),
        ('root ::= "\\"\\\\\\]\\[" # "', ['"\\]['], ["x"]),
    ],
)
def test_the_notation_means_what_llama_cpp_means(
    grammar: str, matching: list[str], other: list[str]
) -> None:
    matcher = Matcher(grammar)
    assert [text for text in matching if not matcher.matches(text)] == []
    assert [text for text in other if matcher.matches(text)] == []


@pytest.mark.parametrize(
    ("grammar", "place", "words"),
    [
        ("", "line 1, column 1", "empty"),
        ("  # nothing\n", "line 1, column 1", "empty"),
        ('start ::= "a"', "line 1, column 1", 'a rule named "root"'),
        ('root ::= "a" b', "line 1, column 14", '"b" is used, but defined nowhere'),
        ('root ::= "a"\nroot ::= "b"', "line 2, column 1", "already defined on line 1"),
        ('root ::= b\nb ::= "c', "line 2, column 7", "no closing quote"),
        ("root ::= [a-z", "line 1, column 10", "no closing ]"),
        ("root ::= []", "line 1, column 10", "no character"),
        ("root ::= [z-a]", "line 1, column 11", "runs backwards"),
        ('root ::= ("a" | "b"', "line 1, column 10", "no closing )"),
        ('root ::= "a")', "line 1, column 13", '")" can\'t stand here'),
        ('root ::= "a"\n  | "b"', "line 2, column 3", "at the end of the line before"),
        ('root = "a"', "line 1, column 6", '"::=" must follow "root"'),
        ('root ::= my_rule\nmy ::= "a"', "line 1, column 12", "letters, digits and -"),
        ('my_rule ::= "a"', "line 1, column 3", "letters, digits and -"),
        ("root ::= *", "line 1, column 10", "nothing before it"),
        ('root ::= "a" | +', "line 1, column 16", "nothing before it"),
        ('root ::= ""*', "line 1, column 12", "nothing before it"),
        ('root ::= "a"{,3}', "line 1, column 14", "{3}, {3,} or {3,5}"),
        ('root ::= "a"{3', "line 1, column 13", "{3}, {3,} or {3,5}"),
        ('root ::= "a"{3,2}', "line 1, column 13", "ends at 2 before it begins at 3"),
        ('root ::= "a"{2001}', "line 1, column 14", "2,000"),
        ('root ::= "a"{1,2001}', "line 1, column 16", "2,000"),
        ('root ::= "a"{1,50}{1,50}', "line 1, column 19", "repetitions within repetitions"),
        ('root ::= "\\q"', "line 1, column 11", "\\q is no escape"),
        ('root ::= "\\x4"', "line 1, column 11", "2 hexadecimal digits"),
        ('root ::= "\\ud800"', "line 1, column 11", "no character"),
        ('root ::= "\\U00110000"', "line 1, column 11", "no character"),
        ('root ::= "\\x00"', "line 1, column 11", "the character 0"),
        ('root ::= "a\0"', "line 1, column 12", "no text may hold"),
        ('root ::= "\ud800"', "line 1, column 11", "no text may hold"),
        ("root ::= <[5]>", "line 1, column 10", "depend on the model"),
        ("root ::= !<think>", "line 1, column 10", "depend on the model"),
        ('root ::= root "a" | "b"', "line 1, column 1", "left recursion"),
        ('root ::= "x" a\na ::= b "y" | "z"\nb ::= a', "line 2, column 1", "left recursion"),
        ('root ::= e root "a" | "b"\ne ::= f\nf ::= "x"?', "line 1, column 1", "left recursion"),
        ('root ::= ("a"? "b"?)*', "line 1, column 21", "can be empty"),
        ('root ::= "a" root', "line 1, column 1", "never comes to an end"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(grammar: str, place: str, words: str) -> None:
    problem = find_grammar_problem(grammar)
    assert problem.startswith(f"{place}: ")
    assert words in problem
    assert not problem.endswith(".")


_DOUBLING = "".join(f'a{n} ::= a{n + 1} "x" | a{n + 1}\n' for n in range(60))
_CHAIN = "".join(f"a{n} ::= a{n + 1}\n" for n in range(1500))


@pytest.mark.parametrize(
    ("grammar", "words"),
    [
        ("#" * 200_001, "longer than 200,000"),
        ("root ::= " + "(" * 51 + '"a"' + ")" * 51, "more than 50 deep"),
        ("root ::= " + "(" * 99_000, "more than 50 deep"),
        ('root ::= "' + "a" * 1000 + '"{2000}', "more than 200,000 elements"),
        ("root ::= " + '"a"{0,1999} ' * 20, "more than 20,000 rules"),
        (f'root ::= a0\n{_DOUBLING}a60 ::= "x"', "too often"),
        (f'root ::= a0\n{_CHAIN}a1500 ::= "x"', "too often"),
        ('root ::= "a"{' + "9" * 100_000 + "}", "2,000"),
        ("root ::= " + '"' * 99_999, "no closing quote"),
    ],
)
def test_hostile_grammars_are_refused_and_quickly(grammar: str, words: str) -> None:
    started = time.process_time()
    assert words in find_grammar_problem(grammar)
    assert time.process_time() - started < 5  # not a speed: a check that blows up takes for ever


def test_the_limits_themselves_are_allowed() -> None:
    assert find_grammar_problem("root ::= " + "(" * 50 + '"a"' + ")" * 50) == ""
    assert find_grammar_problem('root ::= "a"{2000} "b"{0,2000}') == ""
