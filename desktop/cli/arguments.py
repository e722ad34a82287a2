"""What may be typed: commands, options, their help."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn, TypeAlias

from desktop.cli.foreign import add_results_options
from desktop.cli.run_settings import LAYERS, add_settings
from desktop.cli.suite_files import add_export_options, add_import_options
from desktop.cli.texts import add_perplexity_options
from desktop.cli.values import (
    read_layers,
    read_positive,
    read_size,
    read_threads,
    read_tokens,
)
from desktop.domain.settings import CacheType
from desktop.errors import UserError

_Adder: TypeAlias = Callable[[str, str], argparse.ArgumentParser]

_RUN_ID = "a run's id, or enough of its beginning"


class _WrongUsageError(Exception):
    """What argparse has to say, with the usage of the command in question."""

    def __init__(self, message: str, usage: str) -> None:
        super().__init__(message)
        self.message = message
        self.usage = usage


class _Parser(argparse.ArgumentParser):
    """Raises where argparse would print and end, so that `--json` gets its document."""

    def error(self, message: str) -> NoReturn:
        raise _WrongUsageError(message, self.format_usage().strip())


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what was typed; raises `UserError`, the usage in its details, for what is wrong."""
    try:
        return _make_parser().parse_args(list(arguments))
    except _WrongUsageError as error:
        raise UserError(
            f"{error.message[:1].upper()}{error.message[1:]}.",
            remedy="See touchstone --help.",
            details=error.usage,
        ) from None


def _make_parser() -> _Parser:
    """Return the parser of the whole command line; no command at all means the window."""
    shared = _make_shared_options()
    parser = _Parser(
        prog="touchstone",
        description="Which language model to deploy on your own machines, and how sure you can be."
        " Without a command the window opens.",
        epilog="Exit codes: 0 done; 1 done, but some cases ended in an error or a model could not"
        " be run, or compare --fail-if-worse found a loss; 2 wrong usage or input; 3 the"
        " environment is at fault; 130 cancelled.",
        parents=[shared],
    )
    parser.add_argument("--version", action="store_true", help="print the version and end")
    parser.add_argument(
        "--compare", nargs="+", metavar="RUN", help="open the window on a comparison of these runs"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[shared])

    _add_files(add)
    _add_probe(add("probe", "measure this machine, or what it does with a model"), shared)
    add_perplexity_options(
        add("perplexity", "measure how well models foresee a text, and how far they differ")
    )
    _add_run(add("run", "evaluate models on suites and probes"))
    _add_results(add)
    add("self-check", "see that the engine loads, a database migrates and a PDF is written")
    return parser


def _make_shared_options() -> _Parser:
    shared = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    shared.add_argument("--json", action="store_true", help="print one JSON document to stdout")
    shared.add_argument(
        "--database", metavar="URL", help="the database, a file or a URL (default: your own)"
    )
    shared.add_argument("--verbose", action="store_true", help="tell on stderr what is being done")
    shared.add_argument(
        "--engine",
        choices=("llama", "scripted"),
        help="what answers: llama.cpp (default), or a scripted stand-in to try things out",
    )
    return shared


def _add_files(add: _Adder) -> None:
    scan = add("scan", "list the models in files and folders, or in the stores of other programs")
    scan.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="without any: the stores of LM Studio, Ollama, Hugging Face, Jan, GPT4All and"
        " llama.cpp, and the folders of the settings",
    )
    inspect = add("inspect", "tell what a model file says, what it needs and what is odd about it")
    inspect.add_argument("model", type=Path, metavar="MODEL")
    inspect.add_argument(
        "--sha256",
        nargs="?",
        const="",
        metavar="HASH",
        help="hash the file and compare it with this, or with the lists that lie beside it",
    )
    _add_place(inspect)
    add("machines", "list the machines that inspect --on knows")
    suites = add("suites", "list the suites; check, import and export suite files")
    deeds = suites.add_subparsers(dest="deed", metavar="DEED")
    check = deeds.add_parser("check", help="check a suite file", parents=[_make_shared_options()])
    check.add_argument("file", type=Path, metavar="FILE")
    shared = [_make_shared_options()]
    deeds.add_parser("importers", help="list the benchmarks that can be imported", parents=shared)
    add_import_options(
        deeds.add_parser(
            "import",
            help="make a suite of another file",
            parents=shared,
        )
    )
    add_export_options(
        deeds.add_parser(
            "export",
            help="write a suite in another form",
            parents=shared,
        )
    )
    score = add("score", "score answers that were made elsewhere")
    score.add_argument("answers", type=Path, metavar="ANSWERS.jsonl")
    score.add_argument("--suite", required=True, help="a bundled suite's id, or a file")


def _add_place(inspect: argparse.ArgumentParser) -> None:
    inspect.add_argument(
        "--context",
        type=read_tokens,
        metavar="TOKENS",
        help="context to count memory for; 32k stands for 32,768",
    )
    inspect.add_argument(
        "--users", type=read_positive, metavar="N", help="as many at once, each with such a context"
    )
    place = inspect.add_mutually_exclusive_group()
    place.add_argument(
        "--on", metavar="MACHINE", help="a machine of the catalogue: touchstone machines lists it"
    )
    place.add_argument(
        "--memory", type=read_size, metavar="SIZE", help="any machine with so much: 80GB, 24GiB"
    )
    inspect.add_argument(
        "--cache-type",
        type=CacheType,
        choices=tuple(CacheType),
        metavar="TYPE",
        help="type of the KV cache: " + ", ".join(kind.value for kind in CacheType),
    )


def _add_probe(probe: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    probes = probe.add_subparsers(dest="probe", metavar="PROBE", required=True)
    probes.add_parser("hardware", help="tell what this machine is", parents=[shared])
    speed = probes.add_parser("speed", help="measure pp512 and tg128", parents=[shared])
    speed.add_argument("--model", required=True, type=Path, metavar="MODEL")
    speed.add_argument("--threads", type=read_threads, metavar="N")
    speed.add_argument("--gpu-layers", type=read_layers, metavar="N", default=-1, help=LAYERS)
    speed.add_argument("--repetitions", type=read_positive, metavar="N", default=5)


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument(
        "--model", action="append", type=Path, metavar="MODEL", required=True, help="repeatable"
    )
    run.add_argument(
        "--suite", action="append", default=[], help="a bundled suite's id, or a file; repeatable"
    )
    run.add_argument(
        "--selection",
        choices=("short", "standard", "full"),
        help="cases of all bundled suites: some, enough to compare models, or every one",
    )
    run.add_argument(
        "--judge", type=Path, metavar="MODEL", help="a local model for checks of the kind judge"
    )
    run.add_argument("--probe", action="append", default=[], choices=("speed",), help="repeatable")
    add_settings(run)


def _add_deciding(add: _Adder) -> None:
    judge = add("judge", "have a local model judge a run's answers; the old scores stay")
    judge.add_argument("run", metavar="RUN", help=_RUN_ID)
    judge.add_argument("--model", required=True, type=Path, metavar="MODEL", help="the judge")
    judge.add_argument("--threads", type=read_threads, metavar="N")
    judge.add_argument("--gpu-layers", type=read_layers, metavar="N", default=-1, help=LAYERS)
    rate = add("rate", "keep a person's ratings of a run's answers; the old scores stay")
    rate.add_argument("run", metavar="RUN", help=_RUN_ID)
    rate.add_argument(
        "--ratings",
        type=Path,
        metavar="FILE",
        help="CSV or JSONL with case_id, rating and, if need be, repeat, check and note; without"
        " it, what waits for a rating is listed",
    )
    rate.add_argument("--by", metavar="PERSON", help="who rates; kept with the ratings")
    for command in (judge, rate):
        command.add_argument("--suite", help="a suite of the same questions with other checks")
        command.add_argument("--name", help="what to call this set of scores")


def _add_results(add: _Adder) -> None:
    add("runs", "list the runs")
    add_results_options(
        add("import-results", "keep what lm-evaluation-harness found out, beside our own runs")
    )
    resume = add("resume", "go on with runs that were interrupted or cancelled")
    resume.add_argument("runs", nargs="+", metavar="RUN", help=_RUN_ID)
    rescore = add("rescore", "score a run's answers again with a suite whose checks changed")
    rescore.add_argument("run", metavar="RUN", help=_RUN_ID)
    rescore.add_argument("--suite", required=True, help="a bundled suite's id, or a file")
    rescore.add_argument("--name", help="what to call this set of scores")
    _add_deciding(add)
    compare = add("compare", "put runs side by side")
    compare.add_argument("runs", nargs="+", metavar="RUN", help=_RUN_ID)
    compare.add_argument("--pdf", type=Path, metavar="FILE", help="write the comparison as a PDF")
    compare.add_argument("--csv", type=Path, metavar="FILE", help="write a line a case and model")
    compare.add_argument(
        "--fail-if-worse",
        action="store_true",
        help="end with exit code 1 if a run answers worse than the first by more than chance;"
        " runs of one model are then kept apart",
    )
