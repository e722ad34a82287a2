"""One quiet line below the list while hashes are computed, with what can be done about it."""

from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.ui.models.hashing_feed import HashingFeed
from desktop.ui.widgets.buttons import link_button
from desktop.ui.widgets.labels import ElidedLabel
from desktop.ui.widgets.progress import ProgressBar

_BAR_WIDTH = 120


class HashingStrip(QWidget):
    """Progress of all hashes, with Pause and Stop; hidden while nothing is under way."""

    def __init__(self, feed: HashingFeed) -> None:
        """Follow `feed`."""
        super().__init__()
        self._feed = feed
        self.bar = ProgressBar(slim=True)
        self.bar.setFixedWidth(_BAR_WIDTH)
        self.text = ElidedLabel("", "label")
        self.pause_button = link_button("", self._pause)
        self.stop_button = link_button(self.tr("Stop"), lambda: feed.cancel())  # noqa: PLW0108 -- drops an argument
        self.stop_button.setToolTip(
            self.tr("Leave the rest without a hash until Touchstone is started again")
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.bar)
        row.addWidget(self.text, 1)
        row.addWidget(self.pause_button)
        row.addWidget(self.stop_button)
        feed.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        self.setVisible(self._feed.is_busy)
        if not self._feed.is_busy:
            return
        words = self._feed.say_progress()
        self.text.setText(words)
        self.setAccessibleName(words)
        self.bar.show_share(self._feed.share, "")
        paused = self._feed.is_paused
        self.pause_button.setText(self.tr("Go on") if paused else self.tr("Pause"))

    def _pause(self) -> None:
        if self._feed.is_paused:
            self._feed.proceed()
        else:
            self._feed.pause()
