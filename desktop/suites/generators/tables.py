"""Looking things up in a table.

Easy: a cell by its row and column, in three rows. Medium: a cell in a larger table, or the row of
a value. Hard: the row with the greatest or smallest value, or the difference of two cells. All
values of a table differ, so that every question has one answer.
"""

from desktop.domain.base import Value
from desktop.domain.suite import Check
from desktop.suites.generators.chance import Draws
from desktop.suites.generators.demands import (
    demand_number,
    demand_words,
    forbid_words,
    limit_words,
)
from desktop.suites.generators.generator import Generator, Item, Option, Request
from desktop.suites.generators.vocabulary import TOWNS

_COLUMNS = ("Staff", "Rooms", "Visitors", "Letters", "Parking spaces", "Computers")
_HIGHEST = 980
# Fewer than any question with its table: repeating both answers nothing.
_MOST_WORDS = 20


class _Table(Value, frozen=True, kw_only=True):
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: dict[str, dict[str, int]]


def _draw_table(draws: Draws, rows: int, columns: int) -> _Table:
    towns = draws.sample(TOWNS, rows)
    names = draws.sample(_COLUMNS, columns)
    numbers = iter(draws.numbers(rows * columns, 11, _HIGHEST))
    cells = {town: {name: next(numbers) for name in names} for town in towns}
    return _Table(rows=tuple(towns), columns=tuple(names), cells=cells)


def _write(table: _Table, style: str) -> str:
    rows = [["Office", *table.columns]]
    rows += [[town, *(str(table.cells[town][c]) for c in table.columns)] for town in table.rows]
    if style == "csv":
        return "\n".join(";".join(row) for row in rows)
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def _ask_cell(draws: Draws, table: _Table) -> tuple[str, tuple[Check, ...], str, str]:
    town, other = draws.sample(table.rows, 2)
    column = draws.choose(table.columns)
    right, wrong = table.cells[town][column], table.cells[other][column]
    asked = f'What is the value of "{column}" for the office {town}? Give only the number.'
    return asked, (demand_number(right), limit_words(_MOST_WORDS)), str(right), str(wrong)


def _ask_row(draws: Draws, table: _Table) -> tuple[str, tuple[Check, ...], str, str]:
    town, other = draws.sample(table.rows, 2)
    column = draws.choose(table.columns)
    value = table.cells[town][column]
    asked = f'For which office is the value of "{column}" {value}? Give only its name.'
    return asked, _demand_office(table, town), town, other


def _ask_extreme(draws: Draws, table: _Table) -> tuple[str, tuple[Check, ...], str, str]:
    column = draws.choose(table.columns)
    by_value = sorted(table.rows, key=lambda town: table.cells[town][column])
    word = draws.choose(("smallest", "greatest"))
    right, wrong = (by_value[0], by_value[1]) if word == "smallest" else by_value[:-3:-1]
    asked = f'Which office has the {word} value of "{column}"? Give only its name.'
    return asked, _demand_office(table, right), right, wrong


def _ask_difference(draws: Draws, table: _Table) -> tuple[str, tuple[Check, ...], str, str] | None:
    town, other = draws.sample(table.rows, 2)
    column = draws.choose(table.columns)
    a, b = table.cells[town][column], table.cells[other][column]
    right = abs(a - b)
    if any(right == value for row in table.cells.values() for value in row.values()):
        return None
    asked = (
        f'By how much do the offices {town} and {other} differ in "{column}"?'
        " Give only the difference, as a positive number."
    )
    return asked, (demand_number(right),), str(right), str(a + b)


def _demand_office(table: _Table, right: str) -> tuple[Check, ...]:
    others = [town for town in table.rows if town != right]
    return (demand_words(right), *forbid_words(others))


def _make(request: Request) -> Item | None:
    draws, level = request.draws, request.level
    # A table of one row asks nothing.
    wanted = int(request.options["rows"])
    rows = wanted if wanted > 1 else (3, 6, 10)[level]
    columns = int(request.options["columns"]) or (2, 3, 4)[level]
    table = _draw_table(draws, rows, columns)
    makers = ((_ask_cell,), (_ask_cell, _ask_row), (_ask_extreme, _ask_difference))[level]
    made = draws.choose(makers)(draws, table)
    if made is None:
        return None
    asked, checks, right, wrong = made
    return Item(
        title=asked.split("?")[0] + "?",
        prompt=f"Table:\n{_write(table, request.options['style'])}\nQuestion: {asked}",
        checks=checks,
        passing=right,
        failing=wrong,
    )


GENERATOR = Generator(
    name="tables",
    version=1,
    title="Table look-up",
    description="A table of offices and figures, and a question about a cell, a row, the greatest"
    " or smallest value, or a difference.",
    make_item=_make,
    options=(
        Option(
            name="rows",
            description="Rows of the table without its head; 0 or 1 chooses by tier (3, 6, 10).",
            default=0,
            least=0,
            most=len(TOWNS),
        ),
        Option(
            name="columns",
            description="Columns with figures; 0 chooses by tier (2, 3, 4).",
            default=0,
            least=0,
            most=len(_COLUMNS),
        ),
        Option(
            name="style",
            description="How the table is written: as Markdown, or with semicolons.",
            default="markdown",
            choices=("markdown", "csv"),
        ),
    ),
)
