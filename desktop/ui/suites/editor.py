"""The editor of a suite's text: it is checked while one types, and saved as a whole."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMessageBox,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from desktop.errors import UserError
from desktop.ui.screen import Context
from desktop.ui.suites.code_field import CodeField
from desktop.ui.widgets.buttons import link_button, primary_button
from desktop.ui.widgets.labels import ElidedLabel
from desktop.ui.widgets.notices import Notice
from desktop.ui.widgets.pill import Tone
from desktop.worker.suite_drafts import (
    EditedText,
    TextCheck,
    check_text,
    drop_draft,
    keep_draft,
    save_text,
)

_PAUSE_MILLISECONDS = 300
_LINE_ROLE = Qt.ItemDataRole.UserRole
_NOTICE = "suite-editor"


class EditorPage(QWidget):
    """One file. `left` is the way back, asked for; `saved` follows every writing."""

    left = Signal()
    saved = Signal()

    def __init__(self, context: Context) -> None:
        """Make an empty page."""
        super().__init__()
        self._context = context
        self._edited: EditedText | None = None
        self._checking = self._stale = self._leaving = False
        self.check = TextCheck()
        self.field = CodeField(self.tr("Text of the suite"))
        self.findings = QListWidget()
        self.findings.setAccessibleName(self.tr("What was found"))
        self.findings.setWordWrap(True)
        self.state = ElidedLabel("", "dim")
        self.back = link_button(self.tr("← All suites"), self.leave)
        self.undo = link_button(self.tr("Undo"), self.field.undo)
        self.redo = link_button(self.tr("Redo"), self.field.redo)
        self.save_button = primary_button(self.tr("Save"), self.save)
        self.save_button.setToolTip(self.tr("Write the file (Ctrl+S)"))
        self._lay_out()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MILLISECONDS)
        self._pause.timeout.connect(self.check_now)
        self._connect()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.back)
        row.addWidget(self.state, 1)
        for button in (self.undo, self.redo, self.save_button):
            row.addWidget(button)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.field)
        split.addWidget(self.findings)
        split.setChildrenCollapsible(False)
        split.setStretchFactor(0, 1)
        split.setSizes([500, 110])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(row)
        column.addWidget(split, 1)

    def _connect(self) -> None:
        self.field.textChanged.connect(self._follow_typing)
        self.field.document().modificationChanged.connect(lambda _: self._show_state())
        self.field.undoAvailable.connect(self.undo.setEnabled)
        self.field.redoAvailable.connect(self.redo.setEnabled)
        self.undo.setEnabled(False)
        self.redo.setEnabled(False)
        self.findings.itemActivated.connect(self._go_to)
        self.findings.itemClicked.connect(self._go_to)
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Save), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self.save)
        self._context.closing.connect(self.keep)

    @property
    def path(self) -> str:
        """The file that is open, empty if none is."""
        return self._edited.path if self._edited else ""

    @property
    def is_changed(self) -> bool:
        """Whether there is something that was not saved."""
        return self._edited is not None and self.field.document().isModified()

    def show_text(self, edited: EditedText) -> None:
        """Open a file; what was not saved the last time is taken up, and can be undone."""
        self._edited = edited
        self.field.setPlainText(edited.text)
        self.field.document().setModified(False)
        if edited.draft and edited.draft != edited.text:
            self.field.replace_text(edited.draft)
            self._context.show_notice(
                Notice(
                    title=self.tr("Changes that were not saved the last time are here again."),
                    text=self.tr("Undo brings back what is in the file."),
                    key=_NOTICE,
                )
            )
        self.check_now()

    # Checking

    def _follow_typing(self) -> None:
        self._stale = True
        self._pause.start()

    def check_now(self) -> None:
        """Check what is written, unless a check is under way: then again after it."""
        if self._edited is None:
            return
        self._pause.stop()
        if self._checking:
            self._stale = True
            return
        self._checking, self._stale = True, False
        self._show_state()
        path, text = Path(self._edited.path), self.field.toPlainText()
        self._context.runner.run(lambda: check_text(path, text), self._take_check, self._give_up)

    def _take_check(self, check: TextCheck) -> None:
        self._checking = False
        if self._stale:  # lines may have moved since
            self._pause.start()
            return
        self.check = check
        self.field.mark_lines([(f.line, f.is_warning) for f in check.findings])
        self.findings.clear()
        for finding in check.findings:
            sign = "!" if finding.is_warning else "✕"
            place = self.tr("Line {0}").format(finding.line) if finding.line else self.tr("File")
            item = QListWidgetItem(f"{sign}  {place}: {finding.message}")
            item.setData(_LINE_ROLE, finding.line)
            self.findings.addItem(item)
        self.findings.setVisible(bool(check.findings))
        self._show_state()

    def _give_up(self, failure: Exception) -> None:
        self._checking = False
        self._context.show_failure(failure)

    def _show_state(self) -> None:
        self.save_button.setEnabled(self.is_changed)
        parts = [self._describe_check()]
        if self.is_changed:
            parts.append(self.tr("not saved"))
        self.state.setText("   ·   ".join(parts))
        if not self._checking:
            self.state.set_role("bad" if self.check.errors else "good")

    def _describe_check(self) -> str:
        check = self.check
        if self._checking:
            return self.tr("… checking")
        warnings = len(check.findings) - check.errors
        if check.errors:
            words = self.tr("✕ 1 problem") if check.errors == 1 else self.tr("✕ {0} problems")
            return words.format(check.errors)
        words = self.tr("✓ 1 case") if check.cases == 1 else self.tr("✓ {0} cases")
        said = words.format(check.cases)
        if warnings:
            said += ", " + self.tr("{0} examples contradict their checks").format(warnings)
        if not check.examples_tried:
            said += ", " + self.tr("not all examples tried")
        return said

    def _go_to(self, item: QListWidgetItem) -> None:
        self.field.go_to(int(item.data(_LINE_ROLE)) or 1)

    # Keeping

    def save(self, *, replace_changed: bool = False) -> None:
        """Write the file, also one with problems: it is left out of evaluations until mended."""
        if self._edited is None or not (self.is_changed or replace_changed):
            return
        edited, text = self._edited, self.field.toPlainText()
        revision = self.field.document().revision()

        def take(now: EditedText) -> None:
            self._edited = now
            if self.field.document().revision() == revision:
                self.field.document().setModified(False)
            self._context.clear_notice(_NOTICE)
            self._show_state()
            self.saved.emit()
            if self._leaving and not self.is_changed:
                self.left.emit()
            self._leaving = False

        self._context.runner.run(
            lambda: save_text(edited, text, replace_changed=replace_changed), take, self._tell
        )

    def _tell(self, failure: Exception) -> None:
        self._leaving = False
        if not isinstance(failure, UserError) or failure.exit_code != UserError.exit_code:
            self._context.show_failure(failure)
            return
        self._context.show_notice(
            Notice(
                title=failure.message,
                text=failure.remedy,
                tone=Tone.BAD,
                action_text=self.tr("Replace it"),
                action=partial(self.save, replace_changed=True),
                key=_NOTICE,
            )
        )

    def leave(self) -> None:
        """Go back; what was not saved is asked about."""
        if self.is_changed:
            box = QMessageBox.StandardButton
            answer = QMessageBox.question(
                self,
                self.tr("Not saved"),
                self.tr("The changes are not saved. Save them?"),
                box.Save | box.Discard | box.Cancel,
                box.Save,
            )
            if answer == box.Cancel:
                return
            if answer == box.Save:
                self._leaving = True  # once it is written
                self.save()
                return
            self.forget()
        self.left.emit()

    def forget(self) -> None:
        """Throw away what was not saved."""
        self.field.document().setModified(False)
        if self._edited is not None:
            drop_draft(Path(self._edited.path))

    def keep(self) -> None:
        """Keep what was not saved beside the file, as the window closes."""
        if self._edited is not None and self.is_changed:
            try:
                keep_draft(Path(self._edited.path), self.field.toPlainText())
            except UserError as failure:
                self._context.show_failure(failure)
