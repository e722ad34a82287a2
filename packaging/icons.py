"""Draw the icon's PNG sizes, its Windows .ico and its macOS .icns from resources/icons/*.svg.

Run by hand after the drawing was changed: `.venv/bin/python packaging/icons.py`.
"""

import os
import struct
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "resources" / "icons"
SIZES = (16, 24, 32, 48, 64, 128, 256, 512)
# Apple's names for PNG images of these sizes.
_ICNS = {32: b"ic11", 64: b"ic12", 128: b"ic07", 256: b"ic08", 512: b"ic09"}


def draw(source: Path, size: int) -> bytes:
    """Return the drawing as a square PNG with sides of `size` pixels."""
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt  # noqa: PLC0415 - Qt only here
    from PySide6.QtGui import QImage, QPainter  # noqa: PLC0415
    from PySide6.QtSvg import QSvgRenderer  # noqa: PLC0415

    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(str(source)).render(painter)
    painter.end()
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, b"PNG")
    return bytes(content.data())


def pack_ico(images: dict[int, bytes]) -> bytes:
    """Return a Windows icon that holds PNG images of up to 256 pixels."""
    chosen = {size: png for size, png in images.items() if size <= 256}  # noqa: PLR2004 - the format's limit
    header = struct.pack("<HHH", 0, 1, len(chosen))
    offset = len(header) + 16 * len(chosen)
    entries = b""
    for size, png in chosen.items():
        side = size % 256  # 0 stands for 256
        entries += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(png), offset)
        offset += len(png)
    return header + entries + b"".join(chosen.values())


def pack_icns(images: dict[int, bytes]) -> bytes:
    """Return a macOS icon that holds PNG images."""
    body = b"".join(
        kind + struct.pack(">I", len(images[size]) + 8) + images[size]
        for size, kind in _ICNS.items()
    )
    return b"icns" + struct.pack(">I", len(body) + 8) + body


def main() -> int:
    """Write all sizes beside the drawing."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtGui import QGuiApplication  # noqa: PLC0415

    application = QGuiApplication(sys.argv[:1])
    source = FOLDER / "touchstone.svg"
    images = {size: draw(source, size) for size in SIZES}
    for size, png in images.items():
        (FOLDER / f"touchstone-{size}.png").write_bytes(png)
    (FOLDER / "touchstone.ico").write_bytes(pack_ico(images))
    (FOLDER / "touchstone.icns").write_bytes(pack_icns(images))
    application.quit()
    return 0


if __name__ == "__main__":
    sys.exit(main())
