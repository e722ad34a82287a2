"""`perplexity`: how well models foresee a text, and how far they are from a reference."""

import argparse
from functools import partial
from pathlib import Path

import msgspec

from desktop.cli.documents import Document, describe_figures
from desktop.cli.looking import Tools
from desktop.cli.output import NONE, Output, align
from desktop.cli.run_settings import LAYERS
from desktop.cli.values import read_layers, read_positive, read_threads, read_tokens
from desktop.errors import EngineFault, UserError
from desktop.worker.library import read_model
from desktop.worker.text_measuring import TextMeasured, TextRequest, measure_text, read_text


def add_perplexity_options(parser: argparse.ArgumentParser) -> None:
    """Add what `perplexity` takes."""
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL")
    parser.add_argument("--text", required=True, type=Path, metavar="FILE", help="UTF-8 text")
    parser.add_argument(
        "--context", type=read_tokens, default=512, metavar="TOKENS", help="a chunk's length (512)"
    )
    parser.add_argument(
        "--stride",
        type=read_positive,
        default=0,
        metavar="TOKENS",
        help="let chunks overlap and score so many of each, as --ppl-stride does",
    )
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="MODEL",
        help="also tell how far each model is from this one, of the same vocabulary",
    )
    parser.add_argument("--threads", type=read_threads, metavar="N")
    parser.add_argument("--gpu-layers", type=read_layers, metavar="N", default=-1, help=LAYERS)


def tell_perplexity(arguments: argparse.Namespace, tools: Tools, output: Output) -> int:
    """Measure each model in an engine of its own; one that fails is told, the others go on."""
    if arguments.reference and arguments.stride:
        raise UserError("--stride and --reference don't go together.", remedy="Leave out one.")
    request = TextRequest(
        text=read_text(arguments.text),
        context_tokens=arguments.context,
        stride=arguments.stride,
        threads=arguments.threads,
        gpu_layers=arguments.gpu_layers,
    )
    reference = str(read_model(arguments.reference).path) if arguments.reference else None
    models = [read_model(path) for path in arguments.models]
    documents: list[Document] = []
    for model in models:
        name = model.facts.name or Path(model.path).stem
        document: Document = {"name": name, "path": model.path, "problem": None}
        try:
            found = measure_text(
                tools.start_engine,
                model.path,
                request,
                reference,
                partial(_tell_chunk, output, name),
            )
            document |= _describe(found)
        except EngineFault as fault:
            if len(models) == 1:
                raise
            document["problem"] = fault.message
            output.tell(f"touchstone: {name}: {fault.message}")
        documents.append(document)
    output.print_document(
        {
            "text": str(arguments.text),
            "context_tokens": request.context_tokens,
            "stride": request.stride or None,
            "reference": reference,
            "models": documents,
        },
        _write_table(documents),
    )
    return 1 if any(document["problem"] for document in documents) else 0


def _tell_chunk(output: Output, name: str, done: int, chunks: int) -> None:
    output.tell(f"{name}: chunk {done} of {chunks}")


def _describe(found: TextMeasured) -> Document:
    return {
        "chunks": found.chunks,
        **describe_figures(found.figures),
        "reference_perplexity": found.reference.perplexity if found.reference else None,
        "divergence": msgspec.to_builtins(found.divergence),
    }


def _write_table(documents: list[Document]) -> list[str]:
    rows: list[tuple[str, ...]] = [
        ("model", "perplexity", "±", "bits/byte", "bits/word", "KL mean", "KL p99", "same top")
    ]
    for document in documents:
        if document["problem"]:
            rows.append((str(document["name"]), *[NONE] * 4, "", "", ""))
            continue
        far = document["divergence"]
        rows.append(
            (
                str(document["name"]),
                _say(document["perplexity"], ".4f"),
                _say(document["plus_minus"], ".4f"),
                _say(document["bits_per_byte"], ".4f"),
                _say(document["bits_per_word"], ".3f"),
                _say(far["mean"], ".5f") if far else "",
                _say(far["p99"], ".4f") if far else "",
                _say(far["same_top"], ".1%") if far else "",
            )
        )
    return align(rows, right=(1, 2, 3, 4, 5, 6, 7), optional=(5, 6, 7))


def _say(value: float | None, form: str) -> str:
    return NONE if value is None else format(value, form)
