"""What the list of suites shows: suites with where they come from, and files that fail."""

import os
from collections import Counter
from enum import StrEnum

from PySide6.QtCore import QCoreApplication

from desktop.domain.base import Value
from desktop.domain.suite import Case, Suite
from desktop.ui.formatting import format_number
from desktop.ui.widgets.pill import Tone
from desktop.ui.widgets.records import Column
from desktop.worker.suite_shelf import UnreadSuite

_MOST_LANGUAGES = 3


def _tr(text: str) -> str:
    return QCoreApplication.translate("suites", text)


class Origin(StrEnum):
    """Where a suite comes from."""

    BUNDLED = "bundled"
    OWN = "own"
    IMPORTED = "imported"
    UNREAD = "unread"


class SuiteEntry(Value, frozen=True, kw_only=True):
    """One line of the list: a suite, or a file of which none could be made."""

    suite: Suite | None = None
    unread: UnreadSuite | None = None

    @property
    def key(self) -> str:
        """What tells the line from others also after a reload: its place, or its id."""
        return self.path or (self.suite.id if self.suite else "")

    @property
    def path(self) -> str:
        """The file, empty if there is none."""
        return self.suite.path if self.suite else self.unread.path if self.unread else ""

    @property
    def title(self) -> str:
        """The suite's title, or the name of the file that fails."""
        return self.suite.title if self.suite else os.path.basename(self.path)  # noqa: PTH119 -- as text

    @property
    def origin(self) -> Origin:
        """Where it comes from."""
        if self.suite is None:
            return Origin.UNREAD
        if self.suite.bundled:
            return Origin.BUNDLED
        return Origin.IMPORTED if self.suite.imported else Origin.OWN

    @property
    def cases(self) -> tuple[Case, ...]:
        """Its cases, none where it can't be read."""
        return self.suite.cases if self.suite else ()


def name_origin(origin: Origin) -> str:
    """Return where a suite comes from, in a word or two."""
    return {
        Origin.BUNDLED: _tr("bundled"),
        Origin.OWN: _tr("your own"),
        Origin.IMPORTED: _tr("imported"),
        Origin.UNREAD: _tr("not readable"),
    }[origin]


def list_languages(suite: Suite) -> tuple[str, ...]:
    """Return the languages of the cases, the most frequent first."""
    return tuple(language for language, _ in Counter(c.language for c in suite.cases).most_common())


def name_difficulty(difficulty: str) -> str:
    """Return a tier in the user's language; what authors call otherwise stays."""
    known = {"easy": _tr("easy"), "medium": _tr("medium"), "hard": _tr("hard")}
    return known.get(difficulty, difficulty)


def count_difficulties(suite: Suite) -> str:
    """Return how many cases each tier has: `12 easy, 20 medium, 14 hard`; empty without tiers."""
    counted = Counter(case.difficulty for case in suite.cases if case.difficulty)
    order = [name for name in ("easy", "medium", "hard") if name in counted]
    order += sorted(counted.keys() - set(order))
    return ", ".join(f"{counted[name]} {name_difficulty(name)}" for name in order)


def first_sentence(suite: Suite) -> str:
    """Return the beginning of the description, which says what the suite tells."""
    text = " ".join(suite.description.split())
    end = text.find(". ")
    return text if end < 0 else text[: end + 1]


def describe_for_search(entry: SuiteEntry) -> str:
    """Return everything of a suite that people may search for; its cases' texts are not."""
    suite = entry.suite
    words = [entry.title, entry.path, name_origin(entry.origin)]
    if suite is not None:
        tags = {tag for case in suite.cases for tag in case.tags}
        words += [suite.id, suite.description, *list_languages(suite), *sorted(tags)]
    return " ".join(words)


def make_columns() -> tuple[Column, ...]:
    """Return the columns of the list of suites."""
    return (
        Column(title=_tr("Suite"), text=lambda e: str(e.title), hint=_hint),
        Column(
            title=_tr("Cases"),
            text=lambda e: format_number(len(e.cases)) if e.suite else "",
            order=lambda e: len(e.cases) if e.suite else None,
            right=True,
            importance=9,
        ),
        Column(
            title=_tr("From"),
            text=lambda e: name_origin(e.origin),
            pill=_pill,
            importance=8,
        ),
        Column(title=_tr("Languages"), text=_short_languages, hint=_all_languages, importance=6),
        Column(
            title=_tr("Difficulty"),
            text=lambda e: count_difficulties(e.suite) if e.suite else "",
            importance=4,
        ),
    )


def _pill(entry: SuiteEntry) -> tuple[str, Tone] | None:
    if entry.origin is Origin.UNREAD:
        return (_tr("✕ not readable"), Tone.BAD)
    return None


def _hint(entry: SuiteEntry) -> str:
    return first_sentence(entry.suite) if entry.suite else entry.path


def _all_languages(entry: SuiteEntry) -> str:
    return ", ".join(list_languages(entry.suite)) if entry.suite else ""


def _short_languages(entry: SuiteEntry) -> str:
    languages = list_languages(entry.suite) if entry.suite else ()
    shown = ", ".join(languages[:_MOST_LANGUAGES])
    more = len(languages) - _MOST_LANGUAGES
    return _tr("{0} and {1} more").format(shown, more) if more > 0 else shown
