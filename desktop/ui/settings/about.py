"""About Touchstone: what it is, what it promises, and the licences of what it is made of."""

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QWidget

from desktop import __version__
from desktop.ui.screen import Context, Screen
from desktop.ui.settings.licenses import (
    PROJECT_LICENSE,
    Component,
    read_components,
    read_own_license,
)
from desktop.ui.theme import LABEL_PIXELS, scaled
from desktop.ui.widgets.buttons import link_button
from desktop.ui.widgets.card import Card
from desktop.ui.widgets.labels import Label
from desktop.ui.widgets.records import Column, RecordTable
from desktop.ui.widgets.split import DetailSplit

_OWN = "Touchstone"


class AboutScreen(Screen):
    """Version, promise, licences."""

    def __init__(self, context: Context) -> None:
        """Make the screen; licences are read when it first comes to the front."""
        super().__init__(context, QCoreApplication.translate("about", "About Touchstone"))
        self.show_title(self.title.text(), self.tr("Version {0}").format(__version__))
        self._read = False
        self.table = RecordTable(
            self._make_columns(),
            lambda component: f"{component.name} {component.version}",
            name=self.tr("Licences"),
            nothing_found="",
        )
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setProperty("kind", "plain")
        self.text.setTabChangesFocus(True)
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(scaled(LABEL_PIXELS))  # so that the usual 80 letters fit into a line
        self.text.setFont(font)
        self.text.setAccessibleName(self.tr("Text of the licence"))
        self._heading = Label("", "card-title", wrap=True)
        self._note = Label("", "small-dim", wrap=True).make_selectable()
        self.missing = Label(
            self.tr(
                "The list of third-party licences is not part of this copy; it is made when"
                " Touchstone is built."
            ),
            "warning",
            wrap=True,
        )
        self.missing.hide()
        self.body.addWidget(self._make_words())
        self.body.addWidget(self.missing)
        self.body.addWidget(self._make_licenses(), 1)
        self.table.choice_changed.connect(self._show_text)

    def _make_columns(self) -> tuple[Column, ...]:
        return (
            Column(title=self.tr("Made of"), text=lambda c: c.name),
            Column(title=self.tr("Version"), text=lambda c: c.version, importance=4),
            Column(title=self.tr("Licence"), text=lambda c: c.license, importance=5),
        )

    def _make_words(self) -> Card:
        card = Card()
        card.body.addWidget(
            Label(
                self.tr(
                    "Touchstone tells which language model to use on this machine, and how sure"
                    " one can be of it."
                ),
                "strong",
                wrap=True,
            )
        )
        card.body.addWidget(
            Label(
                self.tr(
                    "It works offline: models, prompts, answers and results stay on this machine,"
                    " and Touchstone never opens a connection to a network."
                ),
                wrap=True,
            )
        )
        return card

    def _make_licenses(self) -> QWidget:
        left = Card(margin=6)
        left.body.addWidget(self.table)
        left.setMinimumHeight(150)
        right = Card()
        right.setMinimumWidth(240)
        row = QHBoxLayout()
        row.addWidget(self._heading, 1)
        self.copy_button = link_button(self.tr("Copy"), self._copy)
        self.copy_button.setAccessibleName(self.tr("Copy the licence"))
        row.addWidget(self.copy_button)
        right.body.addLayout(row)
        right.body.addWidget(self._note)
        right.body.addWidget(self.text, 1)
        split = DetailSplit(left, right)
        split.restore((400, 640))
        return split

    def activate(self) -> None:
        """Read the licences once."""
        if not self._read:
            self._read = True
            self.run(read_components, self._take_components)

    def focus_first(self) -> None:
        """Give the keyboard to the list of licences."""
        self.table.setFocus()

    def _take_components(self, components: tuple[Component, ...]) -> None:
        own = Component(
            name=_OWN, version=__version__, license=PROJECT_LICENSE, text=read_own_license()
        )
        self.missing.setVisible(not components)
        self.table.show_records((own, *components))
        self.table.choose([f"{own.name} {own.version}"])

    def _show_text(self) -> None:
        component: Component | None = self.table.current
        self.copy_button.setEnabled(component is not None)
        if component is None:
            return
        self._heading.setText(f"{component.name} {component.version}".strip())
        note = " · ".join(
            part for part in (component.license, component.url, component.note) if part
        )
        self._note.setText(note)
        self.text.setPlainText(component.text or self.tr("The text is not part of this copy."))

    def _copy(self) -> None:
        component: Component | None = self.table.current
        if component is not None:
            QGuiApplication.clipboard().setText(f"{component.name}\n\n{component.text}")
