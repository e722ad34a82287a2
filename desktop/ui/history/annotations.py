"""What people say about a run: name, tags and a note, kept as soon as a field is left."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from desktop.domain.base import Value
from desktop.domain.run import Run
from desktop.ui.widgets.labels import Label

_NOTE_LINES = 3


class Annotation(Value, frozen=True, kw_only=True):
    """The three annotations of one run."""

    run_id: str
    name: str
    note: str
    tags: tuple[str, ...]


class AnnotationForm(QWidget):
    """Three fields. `changed` carries an `Annotation` that differs from what was stored."""

    changed = Signal(object)

    def __init__(self) -> None:
        """Make empty fields."""
        super().__init__()
        self._stored: Annotation | None = None
        self.name = QLineEdit()
        self.tags = QLineEdit()
        self.note = QPlainTextEdit()
        self.tags.setPlaceholderText(self.tr("such as baseline, for the board"))
        self.note.setPlaceholderText(self.tr("What you want to remember about this run"))
        self.note.setTabChangesFocus(True)
        height = self.note.fontMetrics().lineSpacing() * _NOTE_LINES + 22
        self.note.setFixedHeight(height)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        named = (
            (self.tr("Name"), self.name),
            (self.tr("Tags, with commas between"), self.tags),
            (self.tr("Note"), self.note),
        )
        for text, field in named:
            label = Label(text, "label")
            label.setBuddy(field)
            field.setAccessibleName(text)
            field.installEventFilter(self)
            column.addWidget(label)
            column.addWidget(field)
        self.name.returnPressed.connect(self.keep)
        self.tags.returnPressed.connect(self.keep)

    def show_run(self, run: Run | None, *, writable: bool) -> None:
        """Show a run's annotations; what was typed for the run before is kept first."""
        known = self._stored
        if run is not None and known is not None and known.run_id == run.id:
            if self._read() != known:
                return  # being edited: what is typed wins over what is told
        else:
            self.keep()
        for field in (self.name, self.tags, self.note):
            field.setEnabled(run is not None and writable)
        if run is None:
            self._stored = None
            return
        self._stored = Annotation(run_id=run.id, name=run.name, note=run.note, tags=run.tags)
        self.name.setPlaceholderText(run.model.facts.name)
        self.name.setText(run.name)
        self.name.setCursorPosition(0)
        self.tags.setText(", ".join(run.tags))
        self.note.setPlainText(run.note)

    def keep(self) -> None:
        """Tell what was changed, if anything was."""
        now = self._read()
        if now is not None and now != self._stored:
            self._stored = now
            self.changed.emit(now)

    def _read(self) -> Annotation | None:
        if self._stored is None:
            return None
        tags = [part.strip() for part in self.tags.text().split(",")]
        return Annotation(
            run_id=self._stored.run_id,
            name=self.name.text().strip(),
            note=self.note.toPlainText().strip(),
            tags=tuple(dict.fromkeys(tag for tag in tags if tag)),
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep what was typed when a field is left; Escape in a field takes it back."""
        if event.type() is QEvent.Type.FocusOut:
            self.keep()
        elif event.type() is QEvent.Type.KeyPress:
            key = getattr(event, "key", lambda: None)()
            if key == Qt.Key.Key_Escape and self._stored is not None:
                self._take_back()
                return True
        return super().eventFilter(watched, event)

    def _take_back(self) -> None:
        if self._stored is None:
            return
        self.name.setText(self._stored.name)
        self.tags.setText(", ".join(self._stored.tags))
        self.note.setPlainText(self._stored.note)
