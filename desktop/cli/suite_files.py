"""`suites import`, `export`, `importers` and `check`: other forms to suite files and back."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from desktop.cli.documents import describe_suite
from desktop.cli.output import Output, align
from desktop.cli.values import read_positive
from desktop.domain.base import JsonValue
from desktop.domain.suite import Suite
from desktop.domain.suite_import import Notice, TableOptions
from desktop.errors import EnvironmentFault, UserError
from desktop.suites.importers.exporting import export_suite
from desktop.suites.importers.importing import ImportOptions, import_benchmark
from desktop.suites.importers.registry import BENCHMARKS, find_benchmark
from desktop.suites.reader import MOST_BYTES, read_suite
from desktop.suites.writer import write_suite
from desktop.worker import suite_exchange
from desktop.worker.suite_exchange import find_format

_TOLD = 20  # on stderr


def add_import_options(parser: argparse.ArgumentParser) -> None:
    """Add what `suites import` takes."""
    parser.add_argument(
        "name",
        metavar="FORMAT",
        help="csv, jsonl, promptfoo, or a benchmark: touchstone suites importers lists them",
    )
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="the files that its authors publish"
    )
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar="OUT.yaml", help="the suite to write"
    )
    parser.add_argument(
        "--sample", type=read_positive, metavar="N", help="draw so many of the questions"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="of the drawing (default: 0)"
    )
    parser.add_argument(
        "--stratify", default="", metavar="KEY", help="draw evenly by this key, or by language"
    )
    parser.add_argument(
        "--shots", type=int, metavar="K", help="worked examples before each question (default: 0)"
    )
    parser.add_argument(
        "--shots-from",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="take the examples from here, not from the questions; repeatable",
    )

    _add_table_options(parser.add_argument_group("tables (csv and jsonl)"))


def _add_table_options(table: argparse._ArgumentGroup) -> None:
    table.add_argument(
        "--map",
        action="append",
        default=[],
        type=_read_pair,
        metavar="COLUMN=FIELD",
        help="what a column fills, where its name does not say: question=prompt, answer=expected,"
        " or ignore; repeatable",
    )
    table.add_argument(
        "--check",
        default="",
        metavar="KIND",
        help="what expected answers are for: contains, number",
    )
    table.add_argument(
        "--prompt", default="", metavar="TEXT", help="a text around the columns: 'Name {{thing}}.'"
    )
    table.add_argument("--encoding", default="", metavar="NAME", help="default: found out")
    table.add_argument("--delimiter", default="", metavar="SIGN", help="default: found out")
    table.add_argument("--id", default="", help="the suite's id (default: the file's name)")
    table.add_argument("--title", default="", help="the suite's title (default: the file's name)")
    table.add_argument("--language", default="", metavar="CODE", help="of the cases (default: en)")


def _read_pair(text: str) -> tuple[str, str]:
    column, equals, field = text.rpartition("=")
    if not equals or not column or not field:
        raise argparse.ArgumentTypeError(f"{text!r} is not COLUMN=FIELD")
    return column, field


def add_export_options(parser: argparse.ArgumentParser) -> None:
    """Add what `suites export` takes."""
    parser.add_argument("file", type=Path, metavar="SUITE.yaml")
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar="OUT", help="a file, or a folder"
    )
    parser.add_argument(
        "--format",
        default="",
        metavar="FORMAT",
        help="touchstone, csv or jsonl (default: a benchmark as published, else by OUT's ending)",
    )


def import_suite(arguments: argparse.Namespace, output: Output) -> int:
    """`suites import`: write a benchmark's files, a table or a configuration as a suite."""
    form = find_format(arguments.name)
    if form not in BENCHMARKS:
        return _import_other(form, arguments, output)
    benchmark = find_benchmark(arguments.name)
    options = ImportOptions(
        sample=arguments.sample,
        seed=arguments.seed,
        stratify=arguments.stratify,
        shots=arguments.shots,
        shot_paths=tuple(arguments.shots_from),
    )
    suite = _write_checked(
        import_benchmark(benchmark.name, arguments.files, options), arguments.output
    )
    lines = [f"Wrote {arguments.output}: {suite.title}, {_count_cases(suite)}."]
    if benchmark.shots and suite.imported is not None and not suite.imported.shots:
        output.tell(
            f"lm-evaluation-harness shows {benchmark.shots} examples before each question:"
            f" --shots {benchmark.shots} --shots-from FILE does so here."
        )
    output.print_document(
        {"suite": describe_suite(suite), "imported": msgspec.to_builtins(suite.imported)}, lines
    )
    return 0


def _import_other(form: str, arguments: argparse.Namespace, output: Output) -> int:
    table = TableOptions(
        mapping=dict(arguments.map),
        check=arguments.check,
        prompt=arguments.prompt,
        encoding=arguments.encoding,
        delimiter="\t" if arguments.delimiter in {"\\t", "tab"} else arguments.delimiter,
        id=arguments.id,
        title=arguments.title,
        language=arguments.language,
    )
    found = suite_exchange.import_suite(arguments.files, form, table)
    suite_exchange.require_cases(found, arguments.files[0])
    suite = _write_checked(found.suite, arguments.output)
    tell_notices(found.notices, output)
    output.print_document(
        {
            "suite": describe_suite(suite),
            "imported": None,
            "notices": [_describe_notice(notice) for notice in found.notices],
        },
        [f"Wrote {arguments.output}: {suite.title}, {_count_cases(suite)}."],
    )
    return 0


def check_suite(arguments: argparse.Namespace, output: Output) -> int:
    """`suites check`: read a suite, or what another program wrote, and say what is left out."""
    found = suite_exchange.check_file(arguments.file)
    suite, count = found.suite, len(found.notices)
    verdict = "Nothing to complain of."
    if count:
        what = "thing" if count == 1 else "things"
        verdict = f"{count} {what} of it can't be kept:"
    head = f"{arguments.file}: {suite.title}, {_count_cases(suite)}. {verdict}"
    output.print_document(
        {
            "suite": describe_suite(suite),
            "format": found.format,
            "problems": [notice.sentence for notice in found.notices],
            "notices": [_describe_notice(notice) for notice in found.notices],
        },
        [head, *(notice.sentence for notice in found.notices)],
    )
    return 0


def tell_notices(notices: Sequence[Notice], output: Output) -> None:
    """Say on stderr what of a file could not be kept."""
    for notice in notices[:_TOLD]:
        output.tell(f"touchstone: {notice.sentence}")
    if len(notices) > _TOLD:
        output.tell(f"touchstone: … and {len(notices) - _TOLD} more; `suites check` has them all.")


def _count_cases(suite: Suite) -> str:
    count = len(suite.cases)
    return f"{count:,} case" if count == 1 else f"{count:,} cases"


def _describe_notice(notice: Notice) -> dict[str, JsonValue]:
    return {"path": notice.path, "line": notice.line or None, "message": notice.message}


def _write_checked(suite: Suite, path: Path) -> Suite:
    """Write a suite beside its place, read it again, and only then move it there."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        write_suite(suite, unfinished)
        if unfinished.stat().st_size > MOST_BYTES:
            raise UserError(
                f"The suite would be larger than {MOST_BYTES // 1_000_000} MB.",
                remedy="Draw a part of the questions with --sample.",
            )
        read = read_suite(unfinished)
        unfinished.replace(path)
    except EnvironmentFault as fault:
        told = fault.message.replace(unfinished.name, path.name)
        raise EnvironmentFault(told, remedy=fault.remedy) from None
    except OSError as error:
        raise EnvironmentFault(
            f"{path} could not be written: {error.strerror}.", remedy="Choose another file."
        ) from None
    finally:
        unfinished.unlink(missing_ok=True)
    return msgspec.structs.replace(read, path=str(path.absolute()))


def export_suite_file(arguments: argparse.Namespace, output: Output) -> int:
    """`suites export`: write an imported suite in its publisher's form, any as a table."""
    found = suite_exchange.read_any_suite(arguments.file)
    suite = found.suite
    if arguments.format or suite.imported is None:
        lost = suite_exchange.export_suite(suite, arguments.output, arguments.format)
        tell_notices((*found.notices, *lost), output)
        document = {"suite": describe_suite(suite), "layout": arguments.format or None}
        document["files"] = [str(arguments.output)]
        document["notices"] = [_describe_notice(each) for each in (*found.notices, *lost)]
        output.print_document(document, [f"Wrote {arguments.output}"])
        return 0
    written = export_suite(suite, arguments.output)
    output.print_document(
        {
            "suite": describe_suite(suite),
            "layout": suite.imported.layout,
            "files": [str(path) for path in written],
        },
        [f"Wrote {path}" for path in written],
    )
    return 0


def list_importers(arguments: argparse.Namespace, output: Output) -> int:
    """`suites importers`: list the benchmarks that can be imported."""
    del arguments
    rows = [("name", "title", "licence", "files")]
    documents = []
    for benchmark in BENCHMARKS.values():
        suffixes = list(dict.fromkeys(s for each in benchmark.layouts for s in each.suffixes))
        rows.append((benchmark.name, benchmark.title, benchmark.license, " ".join(suffixes)))
        documents.append(
            {
                "name": benchmark.name,
                "title": benchmark.title,
                "source": benchmark.source,
                "license": benchmark.license,
                "citation": benchmark.citation,
                "headline": benchmark.headline,
                "file_suffixes": suffixes,
                "shots": benchmark.shots,
                "deviations": benchmark.deviations,
            }
        )
    output.print_document({"importers": documents}, align(rows))
    return 0
