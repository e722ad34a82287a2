"""What a scorer needs of a judge model, so that it need not know an engine."""

from typing import Protocol

from desktop.domain.suite import Message


class JudgeModel(Protocol):
    """A local model that is asked what it thinks of answers."""

    @property
    def name(self) -> str:
        """What verdicts name it by."""

    def ask(self, messages: tuple[Message, ...]) -> str:
        """Return its reply, without its thinking. Raises `EngineFault`."""
