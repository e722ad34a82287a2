"""Would this machine, or that one, carry the model? Asked and answered with the arithmetic."""

from collections.abc import Sequence
from itertools import groupby

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop.domain.base import Value
from desktop.domain.hardware import Capacity, CatalogueMachine, MachineKind
from desktop.domain.settings import CacheType, EngineOptions
from desktop.errors import UserError
from desktop.ui.formatting import format_bytes, format_number
from desktop.ui.widgets.card import line
from desktop.ui.widgets.fields import ComboBox, make_whole_number
from desktop.ui.widgets.flow import FlowLayout
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.pill import Pill, Tone
from desktop.worker.machine_catalogue import THIS_MACHINE

_SOON_MILLISECONDS = 150
_USUAL_CONTEXT = 8192
_STEP = 1024
_MOST_CONTEXT = 10_000_000
_MOST_USERS = 100_000
_LETTERS = 14
_LINES = 24
_TIMES = "\N{MULTIPLICATION SIGN}"
_CACHE_TYPES = (CacheType.F16, CacheType.Q8_0, CacheType.Q5_1, CacheType.Q4_0, CacheType.F32)


def _tr(text: str) -> str:
    return QCoreApplication.translate("models", text)


class Question(Value, frozen=True, kw_only=True):
    """What is asked: on which machine, with how much context for how many users."""

    machine: CatalogueMachine
    context_tokens: int
    users: int
    options: EngineOptions


class CapacityForm(QWidget):
    """The question as fields, the answer below. `asked` carries a `Question` to be answered.

    The fields keep what they say from model to model, so that one question can be put to many.
    """

    asked = Signal(object)

    def __init__(self) -> None:
        """Make the fields; there is no machine to choose before `offer_machines`."""
        super().__init__()
        self._machines: dict[str, CatalogueMachine] = {}
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MILLISECONDS)
        self._soon.timeout.connect(self._ask)
        self.machine = ComboBox()
        self.context = make_whole_number(
            _USUAL_CONTEXT, 1, _MOST_CONTEXT, name=self.tr("Tokens of context for each user")
        )
        self.users = make_whole_number(1, 1, _MOST_USERS, name=self.tr("Users at once"))
        self.cache = ComboBox()
        self._dress_fields()
        self.verdict = Pill("", Tone.NEUTRAL)
        self.answer = Label("", wrap=True).make_selectable()
        self.sums = _Sums()
        self.more = Label("", "small-dim", wrap=True).make_selectable()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._lay_out_fields())
        column.addWidget(self.verdict)
        for part in (self.answer, self.sums, self.more):
            column.addWidget(part)
        self._show_nothing()

    def _dress_fields(self) -> None:
        self.context.setSingleStep(_STEP)
        self.context.setGroupSeparatorShown(True)
        self.users.setGroupSeparatorShown(True)
        self.machine.setAccessibleName(self.tr("Machine"))
        self.machine.setMaxVisibleItems(_LINES)
        self.cache.setAccessibleName(self.tr("Type of the KV cache"))
        self.cache.setToolTip(self.tr("Smaller types hold more users, and may cost accuracy"))
        for kind in _CACHE_TYPES:
            self.cache.addItem(kind.value, kind)
        for box in (self.machine, self.cache):
            box.setSizeAdjustPolicy(box.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(_LETTERS if box is self.machine else 4)
            box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            box.currentIndexChanged.connect(lambda _: self._soon.start())
        for field in (self.context, self.users):
            field.valueChanged.connect(lambda _: self._soon.start())

    def _lay_out_fields(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(_put_under(self.tr("On"), self.machine))
        # They go on below where larger letters leave no room for three.
        row = FlowLayout()
        for text, field in (
            (self.tr("Tokens each"), self.context),
            (self.tr("Users"), self.users),
            (self.tr("KV cache"), self.cache),
        ):
            row.addWidget(_put_under(text, field))
        column.addLayout(row)
        return column

    def offer_machines(
        self, here: CatalogueMachine | None, catalogue: Sequence[CatalogueMachine]
    ) -> None:
        """Offer this machine first, then the catalogue by vendor; the choice stays."""
        chosen = self.machine.currentData()
        blocker = QSignalBlocker(self.machine)
        self.machine.clear()
        self._machines = {}
        if here is not None:
            free = self.tr("This machine, {0} free").format(format_bytes(here.memory_bytes))
            self._offer(here, free)
        ordered = sorted(catalogue, key=lambda m: (_KIND_ORDER[m.kind], m.vendor, m.name))
        for _, group in groupby(ordered, key=lambda m: (m.kind, m.vendor)):
            if self.machine.count():
                self.machine.insertSeparator(self.machine.count())
            for machine in group:
                self._offer(machine, machine.name)
        # Separators have no data, so that "nothing" would be found there.
        self.machine.setCurrentIndex(max(0, self.machine.findData(chosen) if chosen else 0))
        blocker.unblock()

    def _offer(self, machine: CatalogueMachine, text: str) -> None:
        self._machines[machine.id] = machine
        self.machine.addItem(text, machine.id)

    @property
    def question(self) -> Question | None:
        """What is asked now; nothing before there is a machine."""
        machine = self._machines.get(str(self.machine.currentData()))
        if machine is None:
            return None
        kind = CacheType(self.cache.currentData())
        return Question(
            machine=machine,
            context_tokens=self.context.value(),
            users=self.users.value(),
            options=EngineOptions(key_cache_type=kind, value_cache_type=kind),
        )

    def ask_anew(self) -> None:
        """Put the question again, for another model."""
        self._show_nothing()
        self._ask()

    def _ask(self) -> None:
        self._soon.stop()
        question = self.question
        if question is not None:
            self.asked.emit(question)

    def _show_nothing(self) -> None:
        self.verdict.show_state(self.tr("… calculating"), Tone.NEUTRAL)
        for part in (self.answer, self.sums, self.more):
            part.hide()

    def show_capacity(self, capacity: Capacity) -> None:
        """Show the answer and how it comes about."""
        if capacity.fits:
            self.verdict.show_state(self.tr("✓ yes"), Tone.GOOD)
        else:
            self.verdict.show_state(self.tr("✕ no"), Tone.BAD)
        self.answer.setText(say_answer(capacity))
        self.sums.show_sums(list_sums(capacity))
        self.more.setText("\n".join(list_remarks(capacity)))
        for part in (self.answer, self.sums, self.more):
            part.show()

    def show_failure(self, failure: Exception) -> None:
        """Tell why there is no answer."""
        self._show_nothing()
        self.verdict.show_state(self.tr("? not known"), Tone.WARNING)
        self.answer.setText(failure.message if isinstance(failure, UserError) else str(failure))
        self.answer.show()


_KIND_ORDER = {MachineKind.GPU: 0, MachineKind.UNIFIED: 1, MachineKind.SERVER: 2}


class _Sums(QWidget):
    """Addends with their figures at the right, a line, and the sum."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)

    def show_sums(self, rows: Sequence[tuple[str, str]]) -> None:
        """Show rows; one without words is a line."""
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for number, (words, figure) in enumerate(rows):
            if not words:
                self._grid.addWidget(line(), number, 0, 1, 2)
                continue
            self._grid.addWidget(Label(words, "small-dim", wrap=True), number, 0)
            value = Label(figure, "small-dim")
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._grid.addWidget(value, number, 1)
        self.setAccessibleName("; ".join(f"{words}: {figure}" for words, figure in rows if words))


def _put_under(text: str, field: QWidget) -> QWidget:
    """Return a field with its label above it."""
    both = QWidget()
    column = QVBoxLayout(both)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(2)
    label = Label(text, "label")
    label.setBuddy(field)
    column.addWidget(label)
    column.addWidget(field)
    return both


def say_answer(capacity: Capacity) -> str:
    """Return the answer as one sentence that repeats the question."""
    need, machine = capacity.need, capacity.machine
    context = format_number(need.context_tokens)
    if need.sequences == 1:
        asked = _tr("1 user with {0} tokens of context").format(context)
    else:
        users = format_number(need.sequences)
        asked = _tr("{0} users with {1} tokens of context each").format(users, context)
    if capacity.fits:
        words = _tr("{0} carries {1}; {2} stay free.")
    else:
        words = _tr("{0} does not carry {1}; {2} are missing.")
    if machine.id == THIS_MACHINE:
        words = (
            _tr("{0} carries {1} in the memory that is free now; {2} stay free.")
            if capacity.fits
            else _tr("{0} does not carry {1} in the memory that is free now; {2} are missing.")
        )
    name = _tr("This machine") if machine.id == THIS_MACHINE else machine.name
    return words.format(name, asked, format_bytes(abs(capacity.left_bytes)))


def list_sums(capacity: Capacity) -> list[tuple[str, str]]:
    """Return the addends, a row without words for the line, the sum, and the memory."""
    need, machine = capacity.need, capacity.machine
    each = format_bytes(capacity.cache_bytes_per_user)
    cache = f"{format_number(need.sequences)} {_TIMES} {each}"
    rows = [
        (_tr("Weights"), format_bytes(need.weights_bytes)),
        (_tr("+ KV cache, {0}").format(cache), format_bytes(need.kv_cache_bytes)),
        (_tr("+ computing"), format_bytes(need.compute_bytes)),
    ]
    if need.beside_bytes:
        rows.append((_tr("+ packed copies and tables"), format_bytes(need.beside_bytes)))
    if capacity.reserve_bytes:
        share = format_number(100 * capacity.reserve_bytes / machine.memory_bytes)
        words = _tr("+ kept free, {0} % of the memory").format(share)
        rows.append((words, format_bytes(capacity.reserve_bytes)))
    return [
        *rows,
        ("", ""),
        (_tr("= needed"), format_bytes(capacity.required_bytes)),
        (_tr("of memory"), format_bytes(machine.memory_bytes)),
    ]


def list_remarks(capacity: Capacity) -> list[str]:
    """Return what else would fit, the ceiling of speed, and where the figures come from."""
    need, machine = capacity.need, capacity.machine
    remarks = [_say_longest(capacity)]
    most = format_number(capacity.most_users)
    context = format_number(need.context_tokens)
    remarks.append(_tr("Most users at {0} tokens: {1}.").format(context, most))
    ceiling = capacity.ceiling
    if ceiling is not None and capacity.fits:
        remarks.append(
            _tr(
                "Writes at most {0} tokens/s for one user, {1} for all together with full contexts:"
                " a bound by the memory's {2} GB/s, no prediction."
            ).format(
                format_number(ceiling.alone_tokens_per_second),
                format_number(ceiling.together_tokens_per_second),
                format_number(machine.bandwidth_gbps),
            )
        )
    remarks += [note for note in (*capacity.notes, machine.note) if note]
    price = machine.price
    if price is not None:
        remarks.append(
            _tr("List price {0} {1} ({2}: {3}).").format(
                format_number(price.amount), price.currency, price.dated.isoformat(), price.source
            )
        )
    if machine.source:
        noted = machine.noted.isoformat() if machine.noted else ""
        remarks.append(_tr("Figures: {0}; noted {1}.").format(machine.source, noted))
    return remarks


def _say_longest(capacity: Capacity) -> str:
    users = capacity.need.sequences
    asked = _tr("1 user") if users == 1 else _tr("{0} users").format(format_number(users))
    if not capacity.longest_context:
        return _tr("No context fits for {0}.").format(asked)
    words = (
        _tr("Longest context for {0}: {1} tokens, as trained; memory would allow more.")
        if capacity.is_limited_by_training
        else _tr("Longest context for {0}: {1} tokens.")
    )
    return words.format(asked, format_number(capacity.longest_context))
