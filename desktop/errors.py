"""The families of exceptions.

`UserError` is told to people as it stands: what happened, what to do, details to copy.
`Cancelled` is nobody's fault and is told to nobody. Anything else is a bug.
"""


class TouchstoneError(Exception):
    """Base of everything that Touchstone raises on purpose."""


class UserError(TouchstoneError):
    """Something that a person can put right; wrong usage or wrong input.

    `message` is one sentence that says what is wrong and where; `remedy`, one that says what
    to do; `details` may be long and is shown only on request.
    """

    exit_code = 2

    def __init__(self, message: str, *, remedy: str = "", details: str = "") -> None:
        """Keep the three texts apart, so that a window can lay them out."""
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.details = details

    def __str__(self) -> str:
        """Return message and remedy as one line, the form that the command line prints."""
        return f"{self.message} {self.remedy}".strip()


class EnvironmentFault(UserError):
    """The surroundings are at fault: disk full or read-only, too little memory, file in use."""

    exit_code = 3


class EngineFault(TouchstoneError):
    """The engine could not do what was asked, or its process ended.

    `message` is one sentence for people. `process_ended` tells a lost process (start another)
    from a refusal (the process goes on).
    """

    def __init__(self, message: str, *, details: str = "", process_ended: bool = False) -> None:
        """Keep the sentence, the log's tail and whether the process is gone."""
        super().__init__(message)
        self.message = message
        self.details = details
        self.process_ended = process_ended


class Cancelled(TouchstoneError):
    """The user asked for it to stop."""
