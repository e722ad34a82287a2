"""Is the file what its publisher made? Its SHA-256, and what comparing it gave."""

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QHBoxLayout, QLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.domain.language_model import HashCheck, HashVerdict, LanguageModel
from desktop.errors import UserError
from desktop.ui.formatting import format_bytes, format_day
from desktop.ui.models.hashing_feed import HashingFeed
from desktop.ui.widgets.buttons import link_button, plain_button
from desktop.ui.widgets.facts import CopyFact
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.pill import Pill, Tone
from desktop.ui.widgets.progress import ProgressBar


class IntegrityPart(QWidget):
    """The hash with its progress, the verdict, and a field for a publisher's hash.

    `check_wanted` carries what was typed; an empty text asks for the lists beside the file.
    """

    check_wanted = Signal(str)

    def __init__(self, feed: HashingFeed) -> None:
        """Follow `feed` for the model shown."""
        super().__init__()
        self._feed = feed
        self._model: LanguageModel | None = None
        self._writable = True
        self._sha = QVBoxLayout()
        self._expected = QVBoxLayout()
        self.status = Label("", "small-dim", wrap=True)
        self.bar = ProgressBar(slim=True)
        self.now_button = link_button(self.tr("Compute now"), self._begin)
        self.stop_button = link_button(self.tr("Stop"), self._stop)
        self.verdict = Pill("", Tone.NEUTRAL)
        self.message = Label("", "small-dim", wrap=True).make_selectable()
        self.field = QLineEdit()
        self.field.setPlaceholderText(self.tr("Publisher's SHA-256, or its line"))
        self.field.setAccessibleName(self.tr("Publisher's SHA-256 to compare with"))
        self.check_button = plain_button(self.tr("Compare"), self._check)
        self.field.returnPressed.connect(self._check)
        self.field.textChanged.connect(lambda _: self._show_field())
        self._lay_out()
        feed.changed.connect(self._show_progress)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(self._sha)
        column.addWidget(self.status)
        column.addWidget(self.bar)
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for button in (self.now_button, self.stop_button):
            button.setProperty("flush", True)
            buttons.addWidget(button)
        buttons.addStretch(1)
        column.addLayout(buttons)
        column.addWidget(self.verdict)
        column.addWidget(self.message)
        column.addLayout(self._expected)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.field, 1)
        row.addWidget(self.check_button)
        column.addLayout(row)

    def show_model(self, model: LanguageModel, *, writable: bool) -> None:
        """Show what is known of a model's hash; what was typed for another one goes."""
        same = self._model is not None and self._model.id == model.id
        self._writable = writable
        before, self._model = self._model, model
        if not same:
            self.field.clear()
        if not same or before is None or before.sha256 != model.sha256:
            self._show_sha(model)
        self._show_check(model.hash_check)
        self._show_progress()
        self._show_field()

    def _show_sha(self, model: LanguageModel) -> None:
        _empty(self._sha)
        if model.sha256:
            name = self.tr("SHA-256") if len(model.paths) == 1 else self.tr("SHA-256 of all files")
            self._sha.addWidget(CopyFact(name, model.sha256))

    def _show_check(self, check: HashCheck | None) -> None:
        if check is None or check.verdict is HashVerdict.NOT_LISTED:
            self.verdict.show_state(self.tr("no publisher's hash known"), Tone.NEUTRAL)
        elif check.verdict is HashVerdict.MATCHES:
            self.verdict.show_state(self.tr("✓ as published"), Tone.GOOD)
        else:
            self.verdict.show_state(self.tr("✕ not as published"), Tone.BAD)
        if check is None:
            _empty(self._expected)
            self.message.set_role("small-dim")
            self.message.setText(
                self.tr(
                    "Paste the hash from the publisher's page, or put their SHA256SUMS beside the"
                    " file, to know whether it is the one they made."
                )
            )
            return
        day = self.tr("Compared on {0}.").format(format_day(check.checked_at))
        self.message.setText(f"{say_check(check)} {day}")
        bad = check.verdict is HashVerdict.DIFFERS
        self.message.set_role("bad" if bad else "small-dim")
        _empty(self._expected)
        if bad and check.expected:
            self._expected.addWidget(CopyFact(self.tr("Published SHA-256"), check.expected))

    def show_failure(self, failure: Exception) -> None:
        """Tell why nothing could be compared."""
        words = failure.message if isinstance(failure, UserError) else str(failure)
        remedy = failure.remedy if isinstance(failure, UserError) else ""
        self.message.setText(f"{words} {remedy}".strip())
        self.message.set_role("bad")

    def _show_progress(self) -> None:
        model = self._model
        if model is None:
            return
        hashed = model.sha256 is not None
        state = self._feed.state_of(model.id)
        self.status.setVisible(not hashed)
        self.bar.setVisible(not hashed and state.total_bytes > 0)
        self.stop_button.setVisible(not hashed and state.is_wanted)
        can_begin = self._feed.is_there and self._writable and not state.is_wanted
        self.now_button.setVisible(not hashed and can_begin)
        self.status.set_role("bad" if state.problem else "small-dim")
        if state.problem:
            self.status.setText(state.problem)
        elif state.total_bytes:
            done, total = format_bytes(state.done_bytes), format_bytes(state.total_bytes)
            self.status.setText(self.tr("Computing the SHA-256: {0} of {1}").format(done, total))
            self.bar.show_share(state.done_bytes / state.total_bytes, "")
        elif state.is_wanted:
            self.status.setText(self._feed.say_waiting())
        else:
            self.status.setText(self.tr("Its SHA-256 is not computed yet."))

    def _show_field(self) -> None:
        self.field.setEnabled(self._writable)
        self.check_button.setEnabled(self._writable and bool(self.field.text().strip()))

    def _begin(self) -> None:
        if self._model is not None:
            self._feed.submit([self._model], first=True)

    def _stop(self) -> None:
        if self._model is not None:
            self._feed.cancel(self._model.id)

    def _check(self) -> None:
        text = self.field.text().strip()
        if text and self._writable:
            self.check_wanted.emit(text)


def say_check(check: HashCheck) -> str:
    """Return what a comparison gave; a hash in a sentence would not fit into the panel's lines."""
    if check.verdict is not HashVerdict.DIFFERS:
        return check.message
    words = QCoreApplication.translate(
        "models", "The file differs from the SHA-256 that its publisher gave ({0})."
    )
    return words.format(check.source)


def _empty(layout: QLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
