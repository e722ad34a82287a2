"""Preparing an evaluation: which models, which suites, with which settings."""

from pathlib import Path

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.language_model import LanguageModel
from desktop.domain.settings import RunSettings
from desktop.domain.suite import Suite
from desktop.ui.evaluate.choices import ModelChoice, SuiteChoice
from desktop.ui.evaluate.settings_form import SettingsForm
from desktop.ui.screen import Context, scrolled
from desktop.ui.theme import GAP
from desktop.ui.widgets.buttons import link_button, plain_button
from desktop.ui.widgets.card import Card
from desktop.ui.widgets.labels import Label
from desktop.worker.operations import MemoryFit


class SetupView(QWidget):
    """Models at one side, suites and settings at the other. `changed` follows every choice."""

    changed = Signal()
    sample_asked = Signal()
    paths_chosen = Signal(object)

    def __init__(self, context: Context) -> None:
        """Make the view; `show_library` fills it."""
        super().__init__()
        self._context = context
        self._generation = 0
        self.models = ModelChoice(self.tr("Models"))
        self.suites = SuiteChoice(self.tr("What to ask and measure"))
        self.settings = SettingsForm(context.options.run)
        self.offer = self._make_offer()
        start = Qt.AlignmentFlag.AlignLeft
        folder = link_button(self.tr("Add a folder…"), self.ask_folder)
        self.models.body.addWidget(folder, alignment=start)
        suite = link_button(self.tr("Add a suite file…"), self._ask_suite)
        self.suites.body.addWidget(suite, alignment=start)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(GAP)
        column.addWidget(self.offer)
        row = QHBoxLayout()
        row.setSpacing(GAP + 2)
        library = QVBoxLayout()
        library.addWidget(self.models)
        library.addStretch(1)
        row.addLayout(library, 1)
        side = QVBoxLayout()
        side.setSpacing(GAP + 2)
        side.addWidget(self.suites)
        side.addWidget(self.settings)
        side.addStretch(1)
        row.addLayout(side, 1)
        column.addLayout(row, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolled(content))
        self.models.changed.connect(self.changed)
        self.suites.changed.connect(self.changed)
        self.settings.changed.connect(self.check_fits)
        self.settings.changed.connect(self.changed)

    def _make_offer(self) -> Card:
        card = Card()
        row = QHBoxLayout()
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(Label(self.tr("Start with the two sample models"), "card-title"))
        self._offer_text = Label("", "dim", wrap=True)
        words.addWidget(self._offer_text)
        row.addLayout(words, 1)
        row.addWidget(link_button(self.tr("Not now"), self._dismiss_offer))
        button = plain_button(self.tr("Compare the two sample models"), self.sample_asked.emit)
        row.addWidget(button)
        card.body.addLayout(row)
        card.hide()
        return card

    def show_offer(self, samples: tuple[LanguageModel, ...]) -> None:
        """Offer the samples, or nothing."""
        wanted = bool(samples) and not self._context.options.sample_offer_dismissed
        names = self.tr(" and ").join(model.facts.name for model in samples)
        self._offer_text.setText(
            self.tr("{0} are on this machine; one click evaluates both.").format(names)
        )
        self.offer.setVisible(wanted)

    def _dismiss_offer(self) -> None:
        self.offer.hide()
        self._context.change_options(
            lambda now: msgspec.structs.replace(now, sample_offer_dismissed=True)
        )

    # What there is

    def show_models(self, models: tuple[LanguageModel, ...]) -> None:
        """Show the library. A small one is chosen whole at first."""
        first = not self.models.lines
        self.models.show_models(models)
        if first and len(models) <= 4:  # noqa: PLR2004 -- as many as are compared at a glance
            self.models.choose({model.id for model in models})
        self.check_fits()

    def show_suites(self, suites: tuple[Suite, ...]) -> None:
        """Show the suites there are."""
        self.suites.show_suites(suites)

    def check_fits(self) -> None:
        """Ask for every model whether it fits with the settings in the form."""
        self._generation += 1
        settings = self.settings.read_settings()
        for key in self.models.lines:
            self._check_fit(key, settings, self._generation)

    def _check_fit(self, key: str, settings: RunSettings, generation: int) -> None:
        model = self.models.lines[key].model

        def show(fit: MemoryFit) -> None:
            if generation == self._generation and key in self.models.lines:
                self.models.lines[key].show_fit(fit)

        def tell(failure: Exception) -> None:
            if generation == self._generation and key in self.models.lines:
                self.models.lines[key].show_problem(str(failure))

        operations = self._context.operations
        self._context.runner.run(lambda: operations.check_memory(model, settings), show, tell)

    # Adding

    def ask_folder(self) -> None:
        """Let the user choose a folder of models."""
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Add a folder of models"))
        if chosen:
            self.paths_chosen.emit((Path(chosen),))

    def _ask_suite(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self, self.tr("Add a suite file"), "", self.tr("Suites (*.yaml *.yml *.json)")
        )
        if chosen:
            self.add_suite(Path(chosen))

    def add_suite(self, path: Path) -> None:
        """Add a suite file to the list; a bad one is told with line and key."""
        operations = self._context.operations
        self._context.runner.run(
            lambda: operations.add_suite(path),
            self._context.adopt_suite,
            self._context.show_failure,
        )
