"""`suites import`, `suites export` and `suites importers`: benchmarks to suite files and back."""

import argparse
import os
from pathlib import Path

import msgspec

from desktop.cli.documents import describe_suite
from desktop.cli.output import Output, align
from desktop.cli.values import read_positive
from desktop.domain.suite import Suite
from desktop.errors import EnvironmentFault, UserError
from desktop.suites.importers.exporting import export_suite
from desktop.suites.importers.importing import ImportOptions, import_benchmark
from desktop.suites.importers.registry import BENCHMARKS, find_benchmark
from desktop.suites.reader import MOST_BYTES, read_suite
from desktop.suites.writer import write_suite


def add_import_options(parser: argparse.ArgumentParser) -> None:
    """Add what `suites import` takes."""
    parser.add_argument(
        "name", metavar="NAME", help="the benchmark: touchstone suites importers lists them"
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


def add_export_options(parser: argparse.ArgumentParser) -> None:
    """Add what `suites export` takes."""
    parser.add_argument("file", type=Path, metavar="SUITE.yaml")
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar="OUT", help="a file, or a folder"
    )


def import_suite(arguments: argparse.Namespace, output: Output) -> int:
    """`suites import`: write a benchmark's files as a suite."""
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
    lines = [f"Wrote {arguments.output}: {suite.title}, {len(suite.cases):,} cases."]
    if benchmark.shots and suite.imported is not None and not suite.imported.shots:
        output.tell(
            f"lm-evaluation-harness shows {benchmark.shots} examples before each question:"
            f" --shots {benchmark.shots} --shots-from FILE does so here."
        )
    output.print_document(
        {"suite": describe_suite(suite), "imported": msgspec.to_builtins(suite.imported)}, lines
    )
    return 0


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
    """`suites export`: write an imported suite in its publisher's form."""
    suite = read_suite(arguments.file)
    written = export_suite(suite, arguments.output)
    output.print_document(
        {
            "suite": describe_suite(suite),
            "layout": suite.imported.layout if suite.imported else None,
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
