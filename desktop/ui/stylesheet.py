"""The style sheet of the whole window, made from the tokens.

Widgets choose a look by the dynamic property `kind` (buttons, frames) or `role` (labels).
"""

import re

from desktop.ui.theme import CARD_RADIUS, CONTROL_RADIUS, LABEL_PIXELS, Tokens, scaled

# Sizes that go with the text; two digits leave out lines of a pixel or none.
_TEXT_SIZE = re.compile(r"(font-size|min-height): (\d{2})px")

_TEMPLATE = """
QWidget { color: @text; }
QMainWindow, QWidget[kind="ground"] { background: @ground; }
QToolTip { background: @panel; color: @text; border: 1px solid @line; padding: 4px; }

QFrame[kind="card"] { background: @panel; border: 1px solid @line; border-radius: @cardpx; }
QFrame[kind="rail"] { background: @panel; border: none; }
QFrame[kind="quote"] { background: @ground; border: none; border-radius: @controlpx; }
QFrame[kind="line"] { background: @line; border: none; max-height: 1px; min-height: 1px; }
QFrame[kind="notice-info"] { background: @accent_ground; border-radius: @cardpx; }
QFrame[kind="notice-good"] { background: @good_ground; border-radius: @cardpx; }
QFrame[kind="notice-warning"] { background: @warning_ground; border-radius: @cardpx; }
QFrame[kind="notice-bad"] { background: @bad_ground; border-radius: @cardpx; }
QFrame[kind="drop"] { background: @panel; border: 1px dashed @faint; border-radius: @cardpx; }
QFrame[kind="drop"][hot="true"] { border: 1px solid @accent; background: @accent_ground; }

QLabel { background: transparent; }
QLabel[role="screen-title"] { font-size: 21px; font-weight: 600; }
QLabel[role="card-title"] { font-size: 15px; font-weight: 600; }
QLabel[role="strong"] { font-weight: 600; }
QLabel[role="figure"] { font-size: 20px; font-weight: 600; }
QLabel[role="dim"] { color: @dim; }
QLabel[role="thinking"] { color: @faint; font-style: italic; }
QLabel[role="label"] { color: @faint; font-size: @labelpx; }
QLabel[role="small-dim"] { color: @dim; font-size: 12px; }
QLabel[role="column"] { color: @faint; font-size: 12px; }
QLabel[role="good"] { color: @good; }
QLabel[role="bad"] { color: @bad; }
QLabel[role="warning"] { color: @warning; }
QLabel[role="mark"] { font-size: 15px; font-weight: 600; }
QLabel[pill] { border-radius: 9px; padding: 1px 10px; }
QLabel[pill="good"] { color: @good; background: @good_ground; }
QLabel[pill="bad"] { color: @bad; background: @bad_ground; }
QLabel[pill="warning"] { color: @warning; background: @warning_ground; }
QLabel[pill="accent"] { color: @accent; background: @accent_ground; }
QLabel[pill="neutral"] { color: @dim; background: @ground; }
QFrame[kind="notice-info"] QLabel { color: @accent; }
QFrame[kind="notice-good"] QLabel { color: @good; }
QFrame[kind="notice-warning"] QLabel { color: @warning; }
QFrame[kind="notice-bad"] QLabel { color: @bad; }

QPushButton {
  background: @panel; border: 1px solid @line; border-radius: @controlpx;
  padding: 6px 14px; font-weight: 600; min-height: 20px;
}
QPushButton:hover { border-color: @faint; }
QPushButton:pressed { background: @accent_ground; }
QPushButton:focus { border: 2px solid @accent; padding: 5px 13px; }
QPushButton:disabled { color: @faint; }
QPushButton[kind="primary"] { background: @accent; color: @on_accent; border: 1px solid @accent; }
QPushButton[kind="primary"]:hover { background: @accent; border-color: @text; }
QPushButton[kind="primary"]:focus { border: 2px solid @text; }
QPushButton[kind="primary"]:disabled {
  background: @accent_ground; color: @dim; border-color: @accent_ground;
}
QPushButton[kind="link"] {
  background: transparent; border: 2px solid transparent; color: @accent; padding: 1px 4px;
  min-height: 18px;
}
QPushButton[kind="link"][flush="true"] { padding: 1px 1px; }
QPushButton[kind="link"]:hover { text-decoration: underline; }
QPushButton[kind="link"]:focus { border: 2px solid @accent; }
QPushButton[kind="link"]:disabled { color: @faint; }
QFrame[kind="notice-good"] QPushButton[kind="link"] { color: @good; }
QFrame[kind="notice-warning"] QPushButton[kind="link"] { color: @warning; }
QFrame[kind="notice-bad"] QPushButton[kind="link"] { color: @bad; }
QPushButton[kind="nav"] {
  background: transparent; border: 2px solid transparent; color: @dim; font-weight: 400;
  text-align: left; padding: 5px 11px;
}
QPushButton[kind="nav"]:hover { background: @ground; }
QPushButton[kind="nav"]:checked { background: @accent_ground; color: @accent; font-weight: 600; }
QPushButton[kind="nav"]:focus { border: 2px solid @accent; }
QWidget[mirrored="true"] QPushButton[kind="nav"] { text-align: right; }
QPushButton::menu-indicator { width: 0; }

QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit, QTextEdit {
  background: @panel; border: 1px solid @line; border-radius: @controlpx; padding: 5px 8px;
  selection-background-color: @accent; selection-color: @on_accent;
}
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus,
QTextEdit:focus { border: 2px solid @accent; padding: 4px 7px; }
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled {
  color: @faint; background: @ground;
}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {
  subcontrol-origin: border; subcontrol-position: top right; width: 1px; border: none;
}
QAbstractSpinBox::up-arrow, QAbstractSpinBox::down-arrow { width: 0; height: 0; image: none; }
QAbstractSpinBox QLineEdit, QComboBox QLineEdit {
  border: none; padding: 0; margin: 0 7px; background: transparent;
}
QComboBox::drop-down { border: none; width: 22px; }
QComboBox QAbstractItemView {
  background: @panel; border: 1px solid @line; selection-background-color: @accent_ground;
  selection-color: @text; outline: none; padding: 4px;
}
QTextBrowser[kind="plain"], QPlainTextEdit[kind="plain"] {
  background: transparent; border: none; padding: 0;
}

QRadioButton { spacing: 8px; padding: 3px; border: 2px solid transparent; border-radius: 5px; }
QRadioButton:focus { border: 2px solid @accent; }
QRadioButton::indicator {
  width: 12px; height: 12px; border: 2px solid @faint; border-radius: 8px; background: @panel;
}
QRadioButton::indicator:checked {
  width: 6px; height: 6px; border: 5px solid @accent; border-radius: 8px;
}
QRadioButton::indicator:disabled { border-color: @line; }

QMenu { background: @panel; border: 1px solid @line; padding: 4px; }
QMenu::item { padding: 6px 18px; border-radius: 5px; }
QMenu::item:selected { background: @accent_ground; color: @text; }
QMenu::item:disabled { color: @faint; }
QMenu::separator { height: 1px; background: @line; margin: 4px 8px; }

QTableView, QTreeView, QListView {
  background: transparent; border: none; outline: none; gridline-color: @line;
  selection-background-color: @accent_ground; selection-color: @text;
}
QHeaderView { background: transparent; border: none; }
QHeaderView::section {
  background: @panel; color: @faint; border: none; border-bottom: 1px solid @line;
  padding: 6px 8px; font-size: 12px; font-weight: 400;
}
QTableCornerButton::section { background: @panel; border: none; }

QScrollArea { background: transparent; border: none; }
QScrollArea > QWidget > QWidget[kind="clear"] { background: transparent; }
QAbstractScrollArea::corner { background: transparent; border: none; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: @line; border-radius: 4px; margin: 1px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover { background: @faint; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QSplitter::handle { background: transparent; }
QSplitter::handle:hover { background: @line; }
"""


def build_style_sheet(tokens: Tokens) -> str:
    """Return the style sheet for one appearance."""
    # A leading "@", and the longest names first: "@good" is the beginning of "@good_ground".
    values = {name: str(getattr(tokens, name)) for name in tokens.__struct_fields__}
    values |= {
        "cardpx": f"{CARD_RADIUS}px",
        "controlpx": f"{CONTROL_RADIUS}px",
        "labelpx": f"{LABEL_PIXELS}px",
    }
    sheet = _TEMPLATE
    for name in sorted(values, key=len, reverse=True):
        sheet = sheet.replace(f"@{name}", values[name])
    return _TEXT_SIZE.sub(lambda found: f"{found[1]}: {scaled(int(found[2]))}px", sheet)
