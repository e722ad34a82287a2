"""What the list of runs shows of each."""

from PySide6.QtCore import QCoreApplication

from desktop.domain.run import RunSummary
from desktop.ui.formatting import format_moment, format_rate, format_share
from desktop.ui.history.wording import (
    describe_passed,
    explain_passed,
    label_model,
    name_work,
    share_passed,
    show_status,
)
from desktop.ui.widgets.records import Column

WHEN = 6


def _tr(text: str) -> str:
    return QCoreApplication.translate("history", text)


def _hint_name(summary: RunSummary) -> str:
    run = summary.run
    return "\n".join(part for part in (label_model(run), run.name, run.note) if part)


def make_columns() -> tuple[Column, ...]:
    """Return the columns with their titles in the user's language; `WHEN` is one's place."""
    return (
        Column(title=_tr("Model"), text=lambda s: label_model(s.run), hint=_hint_name),
        Column(title=_tr("Suite or probe"), text=lambda s: name_work(s.run), importance=8),
        Column(
            title=_tr("Status"),
            text=lambda s: show_status(s)[0],
            order=lambda s: str(s.run.status),
            pill=show_status,
            hint=lambda s: s.run.problem or show_status(s)[0],
            importance=10,
        ),
        Column(
            title=_tr("Passed"),
            text=describe_passed,
            order=lambda s: s.counts.passed if s.run.suite and s.counts.done else None,
            hint=explain_passed,
            right=True,
            importance=4,
        ),
        Column(
            title=_tr("Share"),
            text=lambda s: format_share(share_passed(s)),
            order=share_passed,
            hint=explain_passed,
            right=True,
            importance=9,
        ),
        Column(
            title=_tr("Tokens/s"),
            text=lambda s: format_rate(s.tokens_per_second),
            order=lambda s: s.tokens_per_second,
            right=True,
            importance=5,
        ),
        Column(
            title=_tr("When"),
            text=lambda s: format_moment(s.run.created_at),
            order=lambda s: s.run.created_at,
            importance=7,
        ),
        Column(title=_tr("Name"), text=lambda s: s.run.name, hint=_hint_name, importance=6),
        Column(title=_tr("Tags"), text=lambda s: ", ".join(s.run.tags), importance=3),
    )
