"""Makes pictures of every screen from invented data: for the README, and to look at after a change.

    python packaging/screenshots.py FOLDER [--only NAME …]

Each scene comes light and dark, at 100 % and 200 %, and in the smallest comfortable window.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
if "DISPLAY" not in os.environ:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from msgspec.structs import replace  # noqa: E402 -- as above
from PySide6.QtCore import QCoreApplication, QEvent, Qt  # noqa: E402 -- after the platform is chosen
from PySide6.QtGui import QGuiApplication  # noqa: E402 -- as above
from PySide6.QtWidgets import QApplication, QScrollArea  # noqa: E402 -- as above

from desktop.settings.options import Appearance, Options  # noqa: E402 -- as above
from desktop.suites.reader import list_bundled_suites, read_suite  # noqa: E402 -- as above
from desktop.ui.compare.screen import CompareScreen  # noqa: E402 -- as above
from desktop.ui.evaluate.screen import EvaluateScreen  # noqa: E402 -- as above
from desktop.ui.models.screen import ModelsScreen  # noqa: E402 -- as above
from desktop.ui.screen import Screen, ScreenId  # noqa: E402 -- as above
from desktop.ui.suites.screen import SuitesScreen  # noqa: E402 -- as above
from desktop.ui.widgets.disclosure import Disclosure  # noqa: E402 -- as above
from desktop.ui.window import MainWindow, prepare_application  # noqa: E402 -- as above
from desktop.worker.qt import QtEvents  # noqa: E402 -- as above
from desktop.worker.running import InlineRunner  # noqa: E402 -- as above
from desktop.worker.suite_drafts import EditedText  # noqa: E402 -- as above
from tests.gui.fakes import FakeOperations, FakeQueue  # noqa: E402 -- as above
from tests.gui.library_scenes import choose, fill_library  # noqa: E402 -- as above
from tests.gui.samples import make_comparison, make_models  # noqa: E402 -- as above
from tests.gui.scenes import disturb, end_all, play_half  # noqa: E402 -- as above
from tests.gui.thinking_scenes import (  # noqa: E402 -- as above
    CUT_OFF,
    make_thinking_comparison,
    play_thinking,
)

LARGE = (1440, 900)
SMALL = (800, 600)


class Stage(NamedTuple):
    """A window with its stand-ins, for a scene to play on."""

    window: MainWindow
    operations: FakeOperations
    queue: FakeQueue
    events: QtEvents

    def open(self, screen: ScreenId) -> Screen:
        """Bring a screen to the front and return it."""
        opened = self.window.open_screen(screen)
        if opened is None:
            raise RuntimeError("The window has no backend yet.")
        return opened


def _plain(screen: ScreenId) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        stage.open(screen)

    return play


def _running(stage: Stage) -> None:
    runs = play_half(stage.queue)
    disturb(stage.queue, runs[1])
    stage.events.flush()
    stage.open(ScreenId.EVALUATE)


def _ended(stage: Stage) -> None:
    runs = play_half(stage.queue)
    stage.events.flush()
    stage.open(ScreenId.EVALUATE)
    end_all(stage.queue, runs)
    stage.events.flush()


def _settings_open(stage: Stage) -> None:
    screen = stage.open(ScreenId.EVALUATE)
    if isinstance(screen, EvaluateScreen):
        screen.setup.settings.toggle.click()


def _engine_options_open(stage: Stage) -> None:
    screen = stage.open(ScreenId.EVALUATE)
    if isinstance(screen, EvaluateScreen):
        form = screen.setup.settings
        form.toggle.click()
        form.expert_part.button.click()
        form.thinking_budget.setValue(5000)
        form.engine.value_type.setCurrentText("q8_0")
        form.engine.flash_attention.setCurrentText("off")
        form.changed.emit()
        QApplication.processEvents()
        for area in screen.setup.findChildren(QScrollArea):
            area.ensureWidgetVisible(form.engine.rope_scale)


def _welcome(stage: Stage) -> None:
    stage.operations.models.clear()
    stage.operations.summaries.clear()
    stage.open(ScreenId.EVALUATE)


def _welcome_without_samples(stage: Stage) -> None:
    stage.operations.samples = ()
    _welcome(stage)


def _library(stage: Stage) -> None:
    """Play a library with files in trouble, and ask what would carry the largest of it."""
    fill_library(stage.operations)
    screen = stage.open(ScreenId.MODELS)
    if isinstance(screen, ModelsScreen):
        screen.filter_button.click()
        choose(screen, "Qwen3-30B")
        form = screen.details.capacity
        form.machine.setCurrentIndex(form.machine.findData("h100-sxm-80gb"))
        form.context.setValue(32_768)
        form.users.setValue(10)
        form.ask_anew()
        QApplication.processEvents()
        for area in screen.details.findChildren(QScrollArea):
            area.ensureWidgetVisible(form.more)


def _no_models(stage: Stage) -> None:
    stage.operations.models.clear()
    stage.open(ScreenId.MODELS)


def _nothing_to_compare(stage: Stage) -> None:
    stage.operations.summaries.clear()
    stage.open(ScreenId.COMPARE)


def _reasons(stage: Stage) -> None:
    screen = stage.open(ScreenId.COMPARE)
    if isinstance(screen, CompareScreen):
        screen.headline.how_sure.click()
        screen.cases.go_to_disagreement(1)


def _running_thinking(stage: Stage) -> None:
    play_thinking(stage.queue)
    stage.events.flush()
    stage.open(ScreenId.EVALUATE)


def _thinking(title: str) -> Callable[[Stage], None]:
    """Return a scene with one case in full and what the first model thought before it."""

    def play(stage: Stage) -> None:
        stage.operations.comparison = make_thinking_comparison()
        screen = stage.open(ScreenId.COMPARE)
        if not isinstance(screen, CompareScreen) or screen.comparison is None:
            return
        titles = [case.title for case in screen.comparison.cases]
        screen.cases.table.setCurrentIndex(screen.cases.filter.index(titles.index(title), 0))
        QApplication.processEvents()
        for disclosure in screen.detail.findChildren(Disclosure):
            if title not in CUT_OFF:
                disclosure.button.click()

    return play


def _eight(stage: Stage) -> None:
    models = make_models()
    stage.operations.comparison = make_comparison((*models, *models, *models[:2]))
    stage.open(ScreenId.COMPARE)


def _suites(stage: Stage) -> SuitesScreen:
    """Play the suites that ship."""
    bundled = [read_suite(path) for path in list_bundled_suites()]
    stage.operations.suites = [replace(suite, bundled=True) for suite in bundled]
    screen = stage.open(ScreenId.SUITES)
    if not isinstance(screen, SuitesScreen):
        raise TypeError("Suites is another screen.")
    return screen


def _suite_list(stage: Stage) -> None:
    _suites(stage)


def _suite_cases(stage: Stage) -> None:
    _suites(stage).cases_button.click()


def _suite_editor(stage: Stage) -> None:
    """Play the editor with a misspelt key, an unknown check and an example that contradicts."""
    screen = _suites(stage)
    text = Path(list_bundled_suites()[0]).read_text(encoding="utf-8")
    text = text.replace("max_tokens: 24", "max_token: 24", 1).replace(
        "word_count:", "wordcount:", 1
    )
    screen.show_editor(EditedText(path="/home/ada/suites/mine.yaml", text=text, sha256=""))


def _suite_import(stage: Stage) -> None:
    """Play a table with columns that are guessed, and one that is not."""
    table = Path(tempfile.mkdtemp()) / "questions.csv"
    table.write_text("question,answer,ward\nTwo and two?,4,A\nThree and one?,4,B\n", "utf-8")
    screen = _suites(stage)
    screen.importing.show_file(table)
    screen.show_import()


def _read_only(stage: Stage) -> None:
    stage.open(ScreenId.EVALUATE)
    stage.window.show_failure(
        PermissionError("Another copy of Touchstone is writing to this database.")
    )


SCENES: dict[str, Callable[[Stage], None]] = {
    "evaluate": _plain(ScreenId.EVALUATE),
    "evaluate-settings": _settings_open,
    "evaluate-engine-options": _engine_options_open,
    "evaluate-running": _running,
    "evaluate-ended": _ended,
    "welcome": _welcome,
    "welcome-without-samples": _welcome_without_samples,
    "compare": _plain(ScreenId.COMPARE),
    "compare-reasons": _reasons,
    "compare-thinking": _thinking("Extract the invoice total"),
    "compare-cut-off": _thinking(CUT_OFF[-1]),
    "evaluate-thinking": _running_thinking,
    "compare-empty": _nothing_to_compare,
    "compare-eight": _eight,
    "models": _plain(ScreenId.MODELS),
    "models-library": _library,
    "models-empty": _no_models,
    "suites": _suite_list,
    "suite-cases": _suite_cases,
    "suite-editor": _suite_editor,
    "suite-import": _suite_import,
    "history": _plain(ScreenId.HISTORY),
    "machine": _plain(ScreenId.MACHINE),
    "settings": _plain(ScreenId.SETTINGS),
    "about": _plain(ScreenId.ABOUT),
    "failure": _read_only,
}


def take_picture(name: str, appearance: Appearance, size: tuple[int, int], path: Path) -> None:
    """Play a scene in a fresh window and save what is seen."""
    options = Options(appearance=appearance, last_screen=str(ScreenId.MACHINE))
    prepare_application(options)
    operations, queue = FakeOperations(), FakeQueue()
    events = QtEvents(queue)
    window = MainWindow(options)
    window.resize(*size)
    window.show()
    window.connect_backend(operations, queue, InlineRunner(), events)
    SCENES[name](Stage(window, operations, queue, events))
    for _ in range(4):
        QApplication.processEvents()
    window.grab().save(str(path))
    window.close()
    window.deleteLater()
    # A window left over would be dressed again with every change of appearance.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def take_all(folder: Path, names: list[str], scale: str) -> None:
    """Take every scene at one scale, in this process."""
    application = QApplication.instance() or QApplication([])
    if os.environ.get("TOUCHSTONE_RIGHT_TO_LEFT"):
        QGuiApplication.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    for name in names:
        for appearance in (Appearance.LIGHT, Appearance.DARK):
            path = folder / f"{name}-{appearance}-{scale}x.png"
            take_picture(name, appearance, LARGE, path)
        take_picture(name, Appearance.LIGHT, SMALL, folder / f"{name}-small-{scale}x.png")
    del application


def main() -> None:
    """Take all pictures; each scale needs a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", default=list(SCENES))
    parser.add_argument("--scale", default="")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    if chosen.scale:
        take_all(chosen.folder, chosen.only, chosen.scale)
        return
    for scale in ("1", "2"):
        command = [sys.executable, __file__, str(chosen.folder), "--scale", scale]
        subprocess.run(
            [*command, "--only", *chosen.only],
            env=os.environ | {"QT_SCALE_FACTOR": scale},
            check=True,
        )


if __name__ == "__main__":
    main()
