"""What comes of reading other programs' files as suites: cases, and what could not be kept."""

from desktop.domain.base import Value
from desktop.domain.suite import Case, Suite

# What each column of a table fills, by the column's name. Several may fill the same list.
ColumnMap = dict[str, str]


class Notice(Value, frozen=True, kw_only=True):
    """Something in a file that is not kept as it was meant; `line` is 0 for the whole file."""

    path: str
    line: int
    message: str

    @property
    def sentence(self) -> str:
        """The notice with its place, as one sentence."""
        place = f"{self.path}, line {self.line}" if self.line else self.path
        return f"{place}: {self.message}."


class SuiteImport(Value, frozen=True, kw_only=True):
    """A suite made of another program's file. `format` names the form that was found."""

    suite: Suite
    format: str
    notices: tuple[Notice, ...] = ()


class TableOptions(Value, frozen=True, kw_only=True):
    """How a table becomes a suite; what is empty is found out or guessed.

    `check` is the kind of check that the column of expected answers is for (`equals`, `contains`,
    `number` …). `prompt` is a text around the columns, named in it as `{{column}}`. `encoding` is
    a name that Python knows, `delimiter` one sign.
    """

    mapping: ColumnMap = {}
    check: str = ""
    prompt: str = ""
    encoding: str = ""
    delimiter: str = ""
    id: str = ""
    title: str = ""
    language: str = ""
    license: str = ""


class ImportPreview(Value, frozen=True, kw_only=True):
    """What an import would give, for a window to show before anything is done.

    For tables: `columns` as the file has them, `rows` the first of them as texts, `mapping` which
    column fills which field (guessed where it was not given), `encoding` and `delimiter` as found
    out. `fields` are all that can be filled. `total` counts the cases of the whole file, of which
    `cases` are the first. `problem` is the sentence why nothing can be imported yet, empty if it
    can.
    """

    format: str
    fields: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    mapping: ColumnMap = {}
    encoding: str = ""
    delimiter: str = ""
    total: int = 0
    cases: tuple[Case, ...] = ()
    notices: tuple[Notice, ...] = ()
    problem: str = ""
