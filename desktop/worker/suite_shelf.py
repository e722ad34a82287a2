"""What the window shows of suites beside `Operations`: checks in words, and files that fail.

Nothing here keeps state; everything may run on any thread.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from desktop.domain.base import Value
from desktop.domain.suite import Case, Check, Suite
from desktop.errors import UserError
from desktop.scoring.registry import describe_check
from desktop.worker.suite_exchange import read_any_suite


class UnreadSuite(Value, frozen=True, kw_only=True):
    """A file of the user's that can't be read as a suite, and why, in one sentence."""

    path: str
    message: str
    remedy: str = ""
    details: str = ""


def explain_check(check: Check) -> str:
    """Return what a check wants, as the end of a sentence that begins "A good answer …"."""
    return describe_check(check)


def single_out(suite: Suite, case: Case) -> Suite:
    """Return a suite of one case with a hash of its own: its runs are none of the whole suite."""
    digest = hashlib.sha256(f"{suite.sha256}\n{case.id}".encode()).hexdigest()
    title = f"{suite.title}: {case.title or case.id}"
    return msgspec.structs.replace(
        suite, id=f"{suite.id}:try", title=title, cases=(case,), sha256=digest
    )


def find_unread(names: Sequence[str]) -> tuple[UnreadSuite, ...]:
    """Return which of the user's files can't be read, so that none is missing in silence."""
    unread = []
    for name in names:
        try:
            read_any_suite(Path(name))
        except UserError as problem:
            unread.append(
                UnreadSuite(
                    path=name,
                    message=problem.message,
                    remedy=problem.remedy,
                    details=problem.details,
                )
            )
    return tuple(unread)
