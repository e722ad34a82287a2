"""Where results lie: place, size, a copy on request, and another place from the next start on."""

from pathlib import Path

import msgspec
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QWidget

from desktop.paths import default_database
from desktop.ui.formatting import format_bytes, format_number
from desktop.ui.screen import Context
from desktop.ui.widgets.buttons import link_button, plain_button
from desktop.ui.widgets.card import Card
from desktop.ui.widgets.facts import FactList
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.notices import Notice
from desktop.ui.widgets.pill import Tone
from desktop.worker.operations import DatabaseFacts


class DatabaseCard(Card):
    """The card of the database."""

    def __init__(self, context: Context, *, parent: QWidget | None = None) -> None:
        """Make the card; `reload` fills it."""
        super().__init__(parent=parent)
        self.title.setText(self.tr("Results"))
        self.title.show()
        self.setAccessibleName(self.tr("Results"))
        self._context = context
        self._at_start = context.options.database_path
        self._facts = FactList()
        self.announcement = Label("", "warning", wrap=True)
        self.problem = Label("", "bad", wrap=True)
        self.problem.hide()
        self.back_up_button = plain_button(self.tr("Back up now"), self._back_up)
        self.back_up_button.setToolTip(self.tr("Write a checked copy into the folder of backups"))
        self.move_button = plain_button(self.tr("Change place…"), self._choose_place)
        self.default_button = link_button(
            self.tr("Use the usual place"), lambda: self._set_place("")
        )
        row = QHBoxLayout()
        row.setSpacing(8)
        for button in (self.back_up_button, self.move_button, self.default_button):
            row.addWidget(button)
        row.addStretch(1)
        self.body.addWidget(
            Label(
                self.tr("Every run, answer and measurement is kept in one file on this machine."),
                "small-dim",
                wrap=True,
            )
        )
        for part in (self.problem, self._facts, self.announcement):
            self.body.addWidget(part)
        self.body.addLayout(row)
        context.options_changed.connect(self._show_next)
        self._show_next()

    def reload(self) -> None:
        """Ask anew where results lie and how many there are."""
        operations = self._context.operations
        self._context.runner.run(operations.describe_database, self._show, self._give_up)

    def _show(self, facts: DatabaseFacts) -> None:
        self.problem.hide()
        held = self.tr("{0} runs with {1} answers").format(
            format_number(facts.runs), format_number(facts.answers)
        )
        self._facts.show_facts(
            [
                (self.tr("Holds"), held),
                (self.tr("Size"), format_bytes(facts.file_bytes)),
                (self.tr("Version of its tables"), facts.schema_version),
                (self.tr("Read only"), facts.read_only_reason if facts.read_only else ""),
            ],
            [(self.tr("File"), facts.path)],
        )
        self._show_next()

    def _give_up(self, failure: Exception) -> None:
        self.problem.setText(self.tr("The database could not be asked: {0}").format(failure))
        self.problem.show()

    def _show_next(self) -> None:
        chosen = self._context.options.database_path
        self.announcement.setText(
            self.tr("From the next start on: {0}. What is stored now stays where it is.").format(
                chosen or str(default_database())
            )
        )
        self.announcement.setVisible(chosen != self._at_start)
        self.default_button.setVisible(bool(chosen))

    def _choose_place(self) -> None:
        facts = self._context.database
        start = facts.path if facts else str(default_database())
        name, _ = QFileDialog.getSaveFileName(
            self,
            self.tr("Keep results in"),
            start,
            self.tr("Databases (*.sqlite);;All files (*)"),
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        if name:
            self._set_place(name)

    def _set_place(self, name: str) -> None:
        self._context.change_options(lambda now: msgspec.structs.replace(now, database_path=name))

    def _back_up(self) -> None:
        self.back_up_button.setEnabled(False)
        operations = self._context.operations
        self._context.runner.run(operations.back_up, self._tell_backup, self._fail_backup)

    def _tell_backup(self, path: Path) -> None:
        self.back_up_button.setEnabled(True)
        self._context.show_notice(
            Notice(
                title=self.tr("A checked copy was written."),
                text=str(path),
                tone=Tone.GOOD,
                action_text=self.tr("Open folder"),
                action=lambda: open_folder(path.parent),
                key="backup",
            )
        )

    def _fail_backup(self, failure: Exception) -> None:
        self.back_up_button.setEnabled(True)
        self._context.show_failure(failure)


def open_folder(folder: Path) -> bool:
    """Show a folder in the system's file manager; tell whether that could be asked for."""
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
