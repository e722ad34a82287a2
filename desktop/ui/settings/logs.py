"""The log and the diagnostics: what a person sends to whoever helps, if they want to."""

from pathlib import Path

from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QWidget

from desktop.paths import log_folder
from desktop.ui.screen import Context
from desktop.ui.settings.database import open_folder
from desktop.ui.widgets.buttons import plain_button
from desktop.ui.widgets.card import Card
from desktop.ui.widgets.facts import CopyFact
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.notices import Notice
from desktop.ui.widgets.pill import Tone

_LINES = 200
_TAIL_BYTES = 64_000


class LogCard(Card):
    """The card of the log and the diagnostics."""

    def __init__(self, context: Context, *, parent: QWidget | None = None) -> None:
        """Make the card; the log is read when asked for."""
        super().__init__(parent=parent)
        self.title.setText(self.tr("Log and diagnostics"))
        self.title.show()
        self.setAccessibleName(self.tr("Log and diagnostics"))
        self._context = context
        self.body.addWidget(
            Label(
                self.tr(
                    "Diagnostics are versions, this machine, places and the end of the log,"
                    " without prompts and answers. They go to the clipboard and nowhere else."
                ),
                "small-dim",
                wrap=True,
            )
        )
        self.body.addWidget(CopyFact(self.tr("Folder of the log"), str(log_folder())))
        self.copy_button = plain_button(self.tr("Copy diagnostics"), self._copy)
        self.open_button = plain_button(self.tr("Open folder"), self._open)
        self.show_button = plain_button(self.tr("Show last lines"), self._toggle)
        row = QHBoxLayout()
        row.setSpacing(8)
        for button in (self.copy_button, self.show_button, self.open_button):
            row.addWidget(button)
        row.addStretch(1)
        self.body.addLayout(row)
        self.lines = QPlainTextEdit()
        self.lines.setReadOnly(True)
        self.lines.setAccessibleName(self.tr("Last lines of the log"))
        self.lines.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.lines.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.lines.setMinimumHeight(220)
        self.lines.hide()
        self.body.addWidget(self.lines)

    def _copy(self) -> None:
        self.copy_button.setEnabled(False)
        operations = self._context.operations
        self._context.runner.run(operations.collect_diagnostics, self._take, self._fail)

    def _take(self, text: str) -> None:
        self.copy_button.setEnabled(True)
        QGuiApplication.clipboard().setText(text)
        self._context.show_notice(
            Notice(
                title=self.tr("Diagnostics are in the clipboard."),
                text=self.tr("Nothing was sent; read them before you pass them on."),
                tone=Tone.GOOD,
                details=text,
                key="diagnostics",
            )
        )

    def _fail(self, failure: Exception) -> None:
        self.copy_button.setEnabled(True)
        self._context.show_failure(failure)

    def _open(self) -> None:
        folder = log_folder()
        if not folder.is_dir() or not open_folder(folder):
            self._context.show_notice(
                Notice(
                    title=self.tr("The folder of the log could not be opened."),
                    text=str(folder),
                    tone=Tone.WARNING,
                    key="log-folder",
                )
            )

    def _toggle(self) -> None:
        if not self.lines.isHidden():
            self.lines.hide()
            self.show_button.setText(self.tr("Show last lines"))
            return
        self._context.runner.run(lambda: read_log_tail(log_folder()), self._show, self._fail)

    def _show(self, text: str) -> None:
        self.show_button.setText(self.tr("Hide last lines"))
        self.lines.setPlainText(text or self.tr("The log is empty."))
        self.lines.show()
        bar = self.lines.verticalScrollBar()
        bar.setValue(bar.maximum())


def read_log_tail(folder: Path) -> str:
    """Return the last lines of the newest log in `folder`; empty if there is none."""
    try:
        files = sorted(folder.glob("*.log*"), key=lambda path: path.stat().st_mtime)
        if not files:
            return ""
        with files[-1].open("rb") as stream:
            stream.seek(max(0, files[-1].stat().st_size - _TAIL_BYTES))
            text = stream.read().decode("utf-8", errors="replace")
    except OSError as failure:
        return str(failure)
    return "\n".join(text.splitlines()[-_LINES:])
