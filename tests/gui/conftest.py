"""What all tests of the window share: no display needed, and a window on invented data."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if "DISPLAY" not in os.environ and "WAYLAND_DISPLAY" not in os.environ:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from PySide6.QtCore import QCoreApplication, QEvent
from pytestqt.qtbot import QtBot

from desktop.settings.options import Appearance, Options
from desktop.ui.theme import theme
from desktop.ui.window import MainWindow, prepare_application
from desktop.worker.qt import QtEvents, QtHashing
from desktop.worker.running import InlineRunner
from tests.gui.fakes import FakeHashing, FakeOperations, FakeQueue


@pytest.fixture
def operations() -> FakeOperations:
    return FakeOperations()


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture
def hashing() -> FakeHashing:
    return FakeHashing()


@pytest.fixture
def events(queue: FakeQueue, qapp: object) -> QtEvents:
    del qapp
    return QtEvents(queue)


@pytest.fixture
def window(
    qtbot: QtBot,
    operations: FakeOperations,
    queue: FakeQueue,
    events: QtEvents,
    hashing: FakeHashing,
) -> Iterator[MainWindow]:
    """Return a shown window whose operations run at once; `events.flush()` delivers events."""
    del qtbot  # it watches for exceptions in slots
    options = Options(appearance=Appearance.LIGHT)
    prepare_application(options)
    made = MainWindow(options)
    made.show()
    bridge = QtHashing(hashing, made)
    made.connect_backend(operations, queue, InlineRunner(), events, hashing=bridge)
    yield made
    made.close()
    made.deleteLater()
    # Without an event loop nothing is deleted, and every window left over slows the next ones.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    theme.apply(Appearance.LIGHT)
