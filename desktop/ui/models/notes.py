"""What people say about a model: tags and a note, kept as soon as a field is left."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QCompleter, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from desktop.domain.language_model import ModelAnnotation
from desktop.ui.widgets.labels import Label

_NOTE_LINES = 3


class ModelNotes(QWidget):
    """Two fields. `changed` carries the model's id and its new `ModelAnnotation`."""

    changed = Signal(str, object)

    def __init__(self) -> None:
        """Make empty fields."""
        super().__init__()
        self._model_id = ""
        self._stored = ModelAnnotation()
        self.tags = QLineEdit()
        self.note = QPlainTextEdit()
        self.tags.setPlaceholderText(self.tr("such as approved, for the clinic"))
        self.note.setPlaceholderText(self.tr("What you want to remember about this model"))
        self.note.setTabChangesFocus(True)
        self.note.setFixedHeight(self.note.fontMetrics().lineSpacing() * _NOTE_LINES + 22)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for text, field in (
            (self.tr("Tags, with commas between"), self.tags),
            (self.tr("Note"), self.note),
        ):
            label = Label(text, "label")
            label.setBuddy(field)
            field.setAccessibleName(text)
            field.installEventFilter(self)
            column.addWidget(label)
            column.addWidget(field)
        self.tags.returnPressed.connect(self.keep)

    def offer_tags(self, tags: list[str]) -> None:
        """Offer the tags in use while one types."""
        completer = QCompleter(tags, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.tags.setCompleter(completer)

    def show_annotation(self, model_id: str, said: ModelAnnotation, *, writable: bool) -> None:
        """Show what is said of a model; what was typed for the model before is kept first."""
        if model_id == self._model_id:
            if self._read() != self._stored:
                return  # being edited: what is typed wins over what is told
        else:
            self.keep()
        for field in (self.tags, self.note):
            field.setEnabled(bool(model_id) and writable)
        self._model_id, self._stored = model_id, said
        self._take_back()

    def keep(self) -> None:
        """Tell what was changed, if anything was."""
        now = self._read()
        if self._model_id and now != self._stored:
            self._stored = now
            self.changed.emit(self._model_id, now)

    def _read(self) -> ModelAnnotation:
        tags = [part.strip() for part in self.tags.text().split(",")]
        return ModelAnnotation(
            tags=tuple(dict.fromkeys(tag for tag in tags if tag)),
            note=self.note.toPlainText().strip(),
        )

    def _take_back(self) -> None:
        tags = ", ".join(self._stored.tags)
        if self.tags.text() != tags:
            self.tags.setText(tags)
        if self.note.toPlainText() != self._stored.note:
            self.note.setPlainText(self._stored.note)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep what was typed when a field is left; Escape in a field takes it back."""
        if event.type() is QEvent.Type.FocusOut:
            self.keep()
        elif event.type() is QEvent.Type.KeyPress:
            key = getattr(event, "key", lambda: None)()
            if key == Qt.Key.Key_Escape and self._read() != self._stored:
                self._take_back()
                return True
        return super().eventFilter(watched, event)
