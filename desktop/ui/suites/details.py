"""What is known of one suite, beside the list: what it tells, and what is in it."""

from collections import Counter

from PySide6.QtWidgets import QVBoxLayout

from desktop.domain.suite import Suite
from desktop.ui.formatting import format_number
from desktop.ui.suites.entries import (
    SuiteEntry,
    count_difficulties,
    list_languages,
    name_origin,
)
from desktop.ui.suites.panel import Panel
from desktop.ui.widgets.card import line
from desktop.ui.widgets.facts import FactList
from desktop.ui.widgets.labels import Label
from desktop.worker.suite_shelf import UnreadSuite

_MOST_NAMED = 12


class SuiteDetails(Panel):
    """The panel at the side of the list of suites."""

    def __init__(self) -> None:
        """Make an empty panel."""
        super().__init__()
        self.show_entry(None)

    def show_entry(self, entry: SuiteEntry | None) -> None:
        """Show a suite, or why its file can't be read."""
        layout = self.clear()
        if entry is None:
            self.setAccessibleName(self.tr("No suite is chosen"))
            layout.addWidget(Label(self.tr("Choose a suite to see what it asks."), "dim"))
            layout.addStretch(1)
            return
        self.setAccessibleName(entry.title)
        layout.addWidget(Label(entry.title, "card-title", wrap=True).make_selectable())
        facts = FactList()
        if entry.suite is not None:
            if entry.suite.description:
                text = entry.suite.description.strip()
                layout.addWidget(Label(text, wrap=True).make_selectable())
            layout.addWidget(line())
            facts.show_facts(self._list_facts(entry, entry.suite), self._list_copyable(entry))
        elif entry.unread is not None:
            self._explain(layout, entry.unread)
            facts.show_facts((), ((self.tr("File"), entry.path),))
        layout.addWidget(facts)
        layout.addStretch(1)

    def _explain(self, layout: QVBoxLayout, unread: UnreadSuite) -> None:
        layout.addWidget(Label(unread.message, "bad", wrap=True).make_selectable())
        for text in (unread.remedy, unread.details):
            if text and text != unread.message:
                layout.addWidget(Label(text, "dim", wrap=True).make_selectable())

    def _list_facts(self, entry: SuiteEntry, suite: Suite) -> tuple[tuple[str, str], ...]:
        kinds = Counter(check.kind for case in suite.cases for check in case.checks)
        tags = Counter(tag for case in suite.cases for tag in case.tags)
        likely = sum(1 for case in suite.cases if case.continuations)
        tiers = count_difficulties(suite)
        cases = format_number(len(suite.cases))
        return (
            (self.tr("Cases"), f"{cases}: {tiers}" if tiers else cases),
            (self.tr("Decided by likelihood"), self._count_cases(likely)),
            (self.tr("Languages"), ", ".join(list_languages(suite))),
            (self.tr("Subjects"), _name_most(tags)),
            (self.tr("Checks"), _name_most(kinds)),
            (self.tr("Documents"), format_number(len(suite.documents)) if suite.documents else ""),
            (self.tr("Generated"), "\n".join(self._describe_generated(suite))),
            (self.tr("Imported from"), self._describe_import(suite)),
            (self.tr("From"), name_origin(entry.origin)),
            (self.tr("Version"), suite.version),
            (self.tr("Licence"), suite.license),
        )

    def _list_copyable(self, entry: SuiteEntry) -> tuple[tuple[str, str], ...]:
        identity = entry.suite.id if entry.suite else ""
        return ((self.tr("Id"), identity), (self.tr("File"), entry.path))

    def _count_cases(self, count: int) -> str:
        if not count:
            return ""
        words = self.tr("1 case") if count == 1 else self.tr("{0} cases")
        return words.format(format_number(count))

    def _describe_generated(self, suite: Suite) -> list[str]:
        words = self.tr("{0} cases by {1} (version {2}), seed {3}")
        return [
            words.format(made.count, made.generator, made.version, made.seed)
            for made in suite.generated
        ]

    def _describe_import(self, suite: Suite) -> str:
        source = suite.imported
        if source is None:
            return ""
        files = ", ".join(file.name for file in source.files)
        if source.sample is None:
            return f"{source.importer}: {files}"
        words = self.tr("{0}: {1}; {2} of {3} questions, seed {4}")
        return words.format(source.importer, files, source.sample, source.rows, source.seed)


def _name_most(counted: Counter[str]) -> str:
    named = [f"{name} ({count})" for name, count in counted.most_common(_MOST_NAMED)]
    left = len(counted) - len(named)
    return ", ".join(named) + (f" … +{left}" if left > 0 else "")
