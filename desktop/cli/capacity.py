"""Words and documents of `inspect` with a machine, and of `machines`."""

import argparse

import msgspec

from desktop.cli.documents import Document
from desktop.cli.output import NONE, Output, align, shorten_bytes
from desktop.domain.hardware import Capacity, CatalogueMachine, MachineKind
from desktop.domain.language_model import LanguageModel
from desktop.domain.settings import EngineOptions
from desktop.worker.library import check_capacity
from desktop.worker.machine_catalogue import (
    THIS_MACHINE,
    describe_this_machine,
    find_machine,
    list_machines,
    own_catalogue,
)

_TIMES = "\N{MULTIPLICATION SIGN}"


def asks_for_capacity(arguments: argparse.Namespace) -> bool:
    """Whether `inspect` was asked if a model fits somewhere."""
    return bool(arguments.on or arguments.memory or arguments.users)


def choose_machine(arguments: argparse.Namespace, available_bytes: int) -> CatalogueMachine:
    """Return what `--on` or `--memory` name, else this machine's free memory.

    Raises `UserError` for a machine that the catalogue does not have.
    """
    if arguments.on:
        return find_machine(arguments.on, list_machines())
    if arguments.memory:
        name = f"a machine with {shorten_bytes(arguments.memory)}"
        return CatalogueMachine(
            id="memory",
            name=name,
            vendor="",
            kind=MachineKind.GPU,
            memory_bytes=arguments.memory,
        )
    return describe_this_machine(available_bytes)


def work_out(
    arguments: argparse.Namespace,
    model: LanguageModel,
    context_tokens: int,
    available_bytes: int,
    options: EngineOptions,
) -> Capacity:
    """Return whether the model fits where it is wanted. What is free here needs no reserve."""
    machine = choose_machine(arguments, available_bytes)
    share = 0.0 if machine.id == THIS_MACHINE else None
    users = arguments.users or 1
    return check_capacity(model, machine, context_tokens, users, options, reserved_share=share)


def describe_machine(machine: CatalogueMachine) -> Document:
    """Return a machine; `null` is what its vendor does not say."""
    price = machine.price
    return {
        "id": machine.id,
        "name": machine.name,
        "vendor": machine.vendor or None,
        "kind": machine.kind.value,
        "memory_bytes": machine.memory_bytes,
        "bandwidth_gbps": machine.bandwidth_gbps or None,
        "board_watts": machine.board_watts,
        "price": dict(msgspec.to_builtins(price)) if price else None,
        "source": machine.source or None,
        "noted": machine.noted.isoformat() if machine.noted else None,
        "note": machine.note or None,
    }


def describe_capacity(capacity: Capacity) -> Document:
    """Return the whole arithmetic, in bytes and tokens."""
    need, ceiling = capacity.need, capacity.ceiling
    return {
        "machine": describe_machine(capacity.machine),
        "context_tokens": need.context_tokens,
        "users": need.sequences,
        "fits": capacity.fits,
        "memory_bytes": capacity.machine.memory_bytes,
        "weights_bytes": need.weights_bytes,
        "kv_cache_bytes_per_user": capacity.cache_bytes_per_user,
        "kv_cache_bytes": need.kv_cache_bytes,
        "compute_bytes": need.compute_bytes,
        "reserve_bytes": capacity.reserve_bytes,
        "required_bytes": capacity.required_bytes,
        "left_bytes": capacity.left_bytes,
        "longest_context_tokens": capacity.longest_context,
        "longest_context_is_limited_by": "training"
        if capacity.is_limited_by_training
        else "memory",
        "most_users": capacity.most_users,
        "ceiling": dict(msgspec.to_builtins(ceiling)) if ceiling else None,
        "notes": list(capacity.notes),
        "source": need.source,
    }


def say_capacity(capacity: Capacity) -> list[tuple[str, str]]:
    """Return the answer and its arithmetic, line by line."""
    need, machine = capacity.need, capacity.machine
    users = need.sequences
    gibibytes = machine.memory_bytes / 2**30
    missing = shorten_bytes(-capacity.left_bytes)
    left = shorten_bytes(max(0, capacity.left_bytes))
    rows = [
        ("on", machine.name),
        (
            "fits",
            f"{'yes' if capacity.fits else 'no'}: {need.context_tokens:,} tokens of context for"
            f" {users:,} {'users' if users > 1 else 'user'}, "
            + (f"{left} stay free" if capacity.fits else f"{missing} are missing"),
        ),
        ("  weights", shorten_bytes(need.weights_bytes)),
        (
            "  + KV cache",
            (
                f"{users:,} {_TIMES} {shorten_bytes(capacity.cache_bytes_per_user)}"
                f" = {shorten_bytes(need.kv_cache_bytes)}"
            ),
        ),
        ("  + compute", shorten_bytes(need.compute_bytes)),
    ]
    if capacity.reserve_bytes:
        share = capacity.reserve_bytes / machine.memory_bytes
        rows.append(
            ("  + reserve", f"{shorten_bytes(capacity.reserve_bytes)}, {share:.0%} of the memory")
        )
    rows += [
        ("  = needed", shorten_bytes(capacity.required_bytes)),
        ("  of", f"{shorten_bytes(machine.memory_bytes)} of memory ({gibibytes:,.1f} GiB)"),
        ("longest context", _say_longest(capacity)),
        ("most users", f"{capacity.most_users:,} with {need.context_tokens:,} tokens each"),
        *_say_ceiling(capacity),
        *(("note", note) for note in (*capacity.notes, machine.note) if note),
    ]
    if machine.source:
        rows.append(("figures", f"{machine.source}; noted {machine.noted}"))
    return rows


def _say_longest(capacity: Capacity) -> str:
    users = (
        f"for {capacity.need.sequences:,} users" if capacity.need.sequences > 1 else "for 1 user"
    )
    if not capacity.longest_context:
        return f"none {users}"
    reason = ", as trained; memory would allow more" if capacity.is_limited_by_training else ""
    return f"{capacity.longest_context:,} tokens {users}{reason}"


def _say_ceiling(capacity: Capacity) -> list[tuple[str, str]]:
    ceiling = capacity.ceiling
    if ceiling is None or not capacity.fits:
        return []
    bandwidth = f"{capacity.machine.bandwidth_gbps:,.0f} GB/s"
    rows = [
        (
            "speed at most",
            (
                f"{ceiling.alone_tokens_per_second:,.0f} tokens/s for one user at the beginning"
                f" ({bandwidth} / {shorten_bytes(ceiling.alone_bytes)} of active weights)"
            ),
        )
    ]
    users = capacity.need.sequences
    each = ceiling.together_tokens_per_second / users
    rows.append(
        (
            "",
            (
                f"{ceiling.together_tokens_per_second:,.0f} tokens/s with full contexts,"
                f" {each:,.0f} for each user"
                f" ({users:,} {_TIMES} {bandwidth} / {shorten_bytes(ceiling.together_bytes)})"
            ),
        )
    )
    rows.append(("", "An upper bound by the memory's bandwidth, no prediction."))
    return rows


def list_catalogue(arguments: argparse.Namespace, output: Output) -> int:
    """`machines`: list the catalogue of machines."""
    del arguments
    machines = list_machines()
    head = ("id", "name", "memory", "GB/s", "W", "list price")
    rows = [
        (
            machine.id,
            machine.name,
            shorten_bytes(machine.memory_bytes),
            f"{machine.bandwidth_gbps:,.0f}" if machine.bandwidth_gbps else NONE,
            f"{machine.board_watts:,.0f}" if machine.board_watts else NONE,
            f"{price.amount:,.0f} {price.currency} ({price.dated})"
            if (price := machine.price)
            else NONE,
        )
        for machine in machines
    ]
    own = own_catalogue()
    document: Document = {
        "machines": [describe_machine(machine) for machine in machines],
        "own_catalogue": str(own),
    }
    lines = [*align([head, *rows], right=(2, 3, 4)), "", f"Your own machines go into {own}."]
    output.print_document(document, lines)
    return 0
