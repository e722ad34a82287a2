"""Every colour, size and font of the window, once; light, dark and their high-contrast kin.

Widgets that paint themselves ask `tokens()` while painting, so a switch needs no more than a
repaint. Everything else gets its colours from `stylesheet.py`, which is made of the same tokens.
"""

import sys

import msgspec
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from desktop.settings.options import Appearance


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """The colours of one appearance, as `#RRGGBB`. Text on its ground reaches 4.5 : 1."""

    dark: bool
    ground: str
    panel: str
    line: str
    text: str
    dim: str
    faint: str
    accent: str
    accent_ground: str
    on_accent: str
    good: str
    good_ground: str
    bad: str
    bad_ground: str
    warning: str
    warning_ground: str


LIGHT = Tokens(
    dark=False,
    ground="#F6F7F9",
    panel="#FFFFFF",
    line="#E1E4EA",
    text="#1B1F27",
    dim="#5D6675",
    faint="#6B7483",
    accent="#2F5FD0",
    accent_ground="#E8EEFC",
    on_accent="#FFFFFF",
    good="#1A7346",
    good_ground="#E3F4EA",
    bad="#B3402E",
    bad_ground="#FBE9E5",
    warning="#8A5A00",
    warning_ground="#FFF3D6",
)
DARK = Tokens(
    dark=True,
    ground="#15181E",
    panel="#1C2027",
    line="#2C323C",
    text="#E7EAF0",
    dim="#A3ACBA",
    faint="#8B94A4",
    accent="#86A8FF",
    accent_ground="#223052",
    on_accent="#12151B",
    good="#6CCB9A",
    good_ground="#173528",
    bad="#F19A88",
    bad_ground="#43231D",
    warning="#E9BC62",
    warning_ground="#3C3014",
)
_LIGHT_CONTRAST = msgspec.structs.replace(
    LIGHT, line="#6B7483", text="#000000", dim="#2B313B", faint="#2B313B", accent="#123C9E"
)
_DARK_CONTRAST = msgspec.structs.replace(
    DARK, ground="#000000", panel="#000000", line="#8B94A4", text="#FFFFFF", dim="#E7EAF0",
    faint="#D5DAE3", on_accent="#000000",
)  # fmt: skip

# Okabe and Ito's palette: told apart with every common colour blindness. The last one is text.
MODEL_COLORS = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442",
)  # fmt: skip

TEXT_PIXELS = 13
LABEL_PIXELS = 11
_MOST_SCALE = 3.0
CARD_RADIUS = 10
CONTROL_RADIUS = 7
# Spacing comes in steps of 4; these are the named ones.
EDGE = 24
CARD_MARGIN = 16
GAP = 12


class Theme(QObject):
    """Keeps the appearance of the running program; `changed` follows every switch."""

    changed = Signal()

    def __init__(self) -> None:
        """Start light; `apply` decides."""
        super().__init__()
        self.tokens = LIGHT
        self.text_scale = 1.0
        self._appearance = Appearance.SYSTEM
        self._following = False

    def apply(self, appearance: Appearance) -> None:
        """Switch to `appearance`, and follow the system from now on if that is what it says."""
        self._appearance = appearance
        hints = QGuiApplication.styleHints()
        if not self._following:
            self._following = True
            hints.colorSchemeChanged.connect(self._follow)
        scheme = {
            Appearance.LIGHT: Qt.ColorScheme.Light,
            Appearance.DARK: Qt.ColorScheme.Dark,
        }.get(appearance, Qt.ColorScheme.Unknown)
        hints.setColorScheme(scheme)  # the frame that the system draws follows too
        self._follow()

    def _follow(self) -> None:
        scheme = QGuiApplication.styleHints().colorScheme()
        dark = self._appearance is Appearance.DARK or (
            self._appearance is Appearance.SYSTEM and scheme is Qt.ColorScheme.Dark
        )
        wanted = _choose(dark=dark, contrast=_wants_contrast())
        application = QApplication.instance()
        if not isinstance(application, QApplication):
            return
        if wanted == self.tokens and application.styleSheet():
            return
        self.tokens = wanted
        _dress(application, wanted)
        self.changed.emit()


def _choose(*, dark: bool, contrast: bool) -> Tokens:
    if contrast:
        return _DARK_CONTRAST if dark else _LIGHT_CONTRAST
    return DARK if dark else LIGHT


def _wants_contrast() -> bool:
    """Tell whether the system asks for high contrast; Qt knows from 6.10 on."""
    accessibility = getattr(QGuiApplication.styleHints(), "accessibility", None)
    if accessibility is None:
        return False
    preference = accessibility().contrastPreference()
    return bool(preference == Qt.ContrastPreference.HighContrast)


def _dress(application: QApplication, wanted: Tokens) -> None:
    from desktop.ui.stylesheet import build_style_sheet  # noqa: PLC0415 -- it imports this module

    theme.text_scale = choose_text_scale(_find_system_pixels(), sys.platform)
    font = QFont(application.font())
    font.setPixelSize(scaled(TEXT_PIXELS))
    application.setFont(font)
    application.setPalette(_palette(wanted))
    application.setStyleSheet(build_style_sheet(wanted))


def _find_system_pixels() -> float:
    """Return the height in pixels of the font that the system asks programs to use."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    return float(QFontInfo(font).pixelSize())


def choose_text_scale(system_pixels: float, platform: str) -> float:
    """Return by how much text is larger than designed, 1 to 3, as the system's font is.

    Fonts up to what a platform comes with leave the design as it is: desktops on Linux come with
    12 to 15 pixels, so that a larger text is only one beyond that.
    """
    usual = {"win32": 12.0, "darwin": 13.0}.get(platform, 15.0)
    return min(max(system_pixels / usual, 1.0), _MOST_SCALE)


def _palette(wanted: Tokens) -> QPalette:
    """Colours for what a style sheet cannot reach: selections, placeholders, tool tips."""
    palette = QPalette()
    role = QPalette.ColorRole
    colours = {
        role.Window: wanted.ground,
        role.WindowText: wanted.text,
        role.Base: wanted.panel,
        role.AlternateBase: wanted.ground,
        role.Text: wanted.text,
        role.Button: wanted.panel,
        role.ButtonText: wanted.text,
        role.ToolTipBase: wanted.panel,
        role.ToolTipText: wanted.text,
        role.PlaceholderText: wanted.faint,
        role.Highlight: wanted.accent,
        role.HighlightedText: wanted.on_accent,
        role.Link: wanted.accent,
        role.LinkVisited: wanted.accent,
        role.Mid: wanted.line,
    }
    for key, colour in colours.items():
        palette.setColor(key, QColor(colour))
    for key in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, key, QColor(wanted.faint))
    return palette


theme = Theme()


def tokens() -> Tokens:
    """Return the colours in force; ask while painting, never keep them."""
    return theme.tokens


def scaled(pixels: int) -> int:
    """Return a size of text in pixels, larger where the system asks for larger text."""
    return round(pixels * theme.text_scale)


def model_color(index: int) -> QColor:
    """Return the colour of the model at `index` in a comparison or evaluation."""
    position = index % (len(MODEL_COLORS) + 1)
    return QColor(MODEL_COLORS[position] if position < len(MODEL_COLORS) else tokens().text)
