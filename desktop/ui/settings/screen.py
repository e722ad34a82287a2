"""The Settings screen: everything is kept as soon as it is changed."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QHBoxLayout,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from desktop.domain.suite import Suite
from desktop.settings.options import Appearance, Options
from desktop.ui.evaluate.settings_form import SettingsForm
from desktop.ui.screen import Context, Screen, scrolled
from desktop.ui.settings.database import DatabaseCard
from desktop.ui.settings.logs import LogCard
from desktop.ui.settings.places import PlaceList, without
from desktop.ui.theme import GAP
from desktop.ui.widgets.card import Card
from desktop.ui.widgets.fields import CheckBox
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.notices import Notice
from desktop.ui.widgets.pill import Tone

_WIDEST = 860


class SettingsScreen(Screen):
    """Appearance, places, defaults of runs, the database, the log."""

    def __init__(self, context: Context) -> None:
        """Make the screen with the options in force."""
        super().__init__(context, QCoreApplication.translate("settings", "Settings"))
        self.show_title(self.title.text(), self.tr("Changes are kept at once."))
        self._showing = False
        self.folders = PlaceList(
            self.tr("Model folders"),
            self.tr(
                "Looked at by themselves, with all folders in them; other programs' stores, too."
            ),
            nothing=self.tr("No folder is remembered yet."),
            add_text=self.tr("Add folder…"),
            on_add=self._add_folder,
        )
        self.suites = PlaceList(
            self.tr("Suite files"),
            self.tr("Your own suites, beside those that come with Touchstone."),
            nothing=self.tr("Only the suites that come with Touchstone are there."),
            add_text=self.tr("Add suite…"),
            on_add=self._add_suite,
        )
        self.database = DatabaseCard(context)
        self.log = LogCard(context)
        self._form_place = QVBoxLayout()
        self.form = SettingsForm(context.options.run)
        self._place_form(self.form)
        content = QWidget()
        row = QHBoxLayout(content)
        row.setContentsMargins(0, 0, 6, 0)
        room = QWidget()
        room.setMaximumWidth(_WIDEST)
        row.addWidget(room, 1000)
        row.addStretch(1)
        column = QVBoxLayout(room)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self._make_appearance())
        column.addWidget(self.folders)
        column.addWidget(self._make_hashing())
        column.addWidget(self.suites)
        column.addLayout(self._form_place)
        column.addWidget(self._make_switches())
        column.addWidget(self.database)
        column.addWidget(self.log)
        column.addStretch(1)
        area = scrolled(content)
        area.setAccessibleName(self.accessibleName())
        self.body.addWidget(area, 1)
        self._connect()
        self._show_options()

    def focus_first(self) -> None:
        """Give the keyboard to the first setting."""
        button = self.appearance.checkedButton()
        (button if button is not None else self).setFocus()

    def _make_appearance(self) -> Card:
        card = Card(self.tr("Appearance"))
        self.appearance = QButtonGroup(self)
        names = {
            Appearance.SYSTEM: self.tr("As the system"),
            Appearance.LIGHT: self.tr("Light"),
            Appearance.DARK: self.tr("Dark"),
        }
        row = QHBoxLayout()
        row.setSpacing(16)
        for number, (appearance, name) in enumerate(names.items()):
            button = QRadioButton(name)
            button.setProperty("appearance", str(appearance))
            self.appearance.addButton(button, number)
            row.addWidget(button)
        row.addStretch(1)
        card.body.addLayout(row)
        return card

    def _make_hashing(self) -> Card:
        card = Card(self.tr("Are models what their publishers made?"))
        self.hash_models = CheckBox(self.tr("Compute the SHA-256 of models in the background"))
        words = self.tr(
            "Every file is read once, as fast as its disk allows, and never while an evaluation"
            " runs. Without this, only the models of evaluations are hashed."
        )
        card.body.addWidget(self.hash_models)
        card.body.addWidget(Label(words, "small-dim", wrap=True))
        return card

    def _make_switches(self) -> Card:
        card = Card(self.tr("While an evaluation runs"))
        self.keep_awake = CheckBox(self.tr("Keep this machine awake"))
        self.notify = CheckBox(self.tr("Tell me at the end when Touchstone is not in front"))
        card.body.addWidget(self.keep_awake)
        card.body.addWidget(self.notify)
        return card

    def _place_form(self, form: SettingsForm) -> None:
        if self._form_place.count() == 0:
            words = self.tr(
                "What a new evaluation begins with. Each setting can be changed there again."
            )
            self._form_place.addWidget(Label(words, "small-dim", wrap=True))
        else:
            self._form_place.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
        self.form = form
        self._form_place.addWidget(form)
        form.changed.connect(self._keep_run_settings)

    def _connect(self) -> None:
        self.appearance.idToggled.connect(self._keep_appearance)
        self.hash_models.toggled.connect(
            lambda on: self._change(lambda now: msgspec.structs.replace(now, hash_models=on))
        )
        self.keep_awake.toggled.connect(
            lambda on: self._change(lambda now: msgspec.structs.replace(now, keep_awake=on))
        )
        self.notify.toggled.connect(
            lambda on: self._change(lambda now: msgspec.structs.replace(now, notify_at_end=on))
        )
        self.folders.remove_asked.connect(self._remove_folders)
        self.suites.remove_asked.connect(self._remove_suites)
        self.context.options_changed.connect(self._show_options)
        self.context.database_changed.connect(self.database.reload)

    # Showing

    def activate(self) -> None:
        """Ask anew what the database holds."""
        self.database.reload()

    def _show_options(self) -> None:
        options = self.context.options
        self._showing = True
        for button in self.appearance.buttons():
            if button.property("appearance") == str(options.appearance):
                button.setChecked(True)
        self.hash_models.setChecked(options.hash_models)
        self.keep_awake.setChecked(options.keep_awake)
        self.notify.setChecked(options.notify_at_end)
        self.folders.show_places(options.model_folders)
        self.suites.show_places(options.suite_files)
        # While someone types, the form is ahead of the options and tells them soon.
        typing = self.form.isAncestorOf(self.focusWidget())
        if self.form.read_settings() != options.run and not typing:
            self._place_form(SettingsForm(options.run))
        self._showing = False

    # Keeping

    def _change(self, change: Callable[[Options], Options]) -> None:
        if not self._showing:
            self.context.change_options(change)

    def _keep_appearance(self, number: int, on: bool) -> None:
        if on:
            chosen = Appearance(self.appearance.button(number).property("appearance"))
            self._change(lambda now: msgspec.structs.replace(now, appearance=chosen))

    def _keep_run_settings(self) -> None:
        if self.form.problem:
            return  # it is told beside the field; what is kept can be run with
        settings = self.form.read_settings()
        self._change(lambda now: msgspec.structs.replace(now, run=settings))

    # Places

    def _add_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, self.tr("Add a folder of models"))
        if name and name not in self.context.options.model_folders:
            self._change(
                lambda now: msgspec.structs.replace(now, model_folders=(*now.model_folders, name))
            )

    def _remove_folders(self, gone: object) -> None:
        self._change(
            lambda now: msgspec.structs.replace(now, model_folders=without(now.model_folders, gone))
        )

    def _add_suite(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self,
            self.tr("Add a suite"),
            "",
            self.tr("Suites (*.yaml *.yml *.json);;All files (*)"),
        )
        if name:
            operations = self.context.operations
            self.run(lambda: operations.add_suite(Path(name)), self._take_suite)

    def _take_suite(self, suite: Suite) -> None:
        self.context.adopt_suite(suite)
        self.context.show_notice(
            Notice(
                title=self.tr("The suite {0} was added.").format(suite.title),
                text=self.tr("It has {0} cases.").format(len(suite.cases)),
                tone=Tone.GOOD,
                key="suite-added",
                seconds=8,
            )
        )

    def _remove_suites(self, gone: object) -> None:
        self._change(
            lambda now: msgspec.structs.replace(now, suite_files=without(now.suite_files, gone))
        )
        self.context.suites_changed.emit()
