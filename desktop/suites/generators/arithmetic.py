"""Sums of graded difficulty, in twelve languages.

Easy: one operation within 20. Medium: one operation with two digits, or a small product or exact
quotient. Hard: three numbers with brackets, larger products, percentages. Answers are whole
numbers below 1,000 so that no thousands separator can be read in two ways; a draw whose answer
is one of the numbers asked about is thrown away.
"""
# ruff: noqa: RUF001 - Turkish, Chinese and Japanese letters and the sign of multiplication are meant

from desktop.suites.generators.chance import Draws
from desktop.suites.generators.demands import demand_number
from desktop.suites.generators.generator import Generator, Item, Option, Request

_OPERATIONS = ("add", "subtract", "multiply", "divide", "percent", "brackets")
_LIMIT = 1000
# How the sum is asked for, and how a percentage of a number is said.
_ASKED = {
    "en": ("Question: What is {sum}? Give only the number.", "{share} % of {whole}"),
    "de": ("Frage: Was ist {sum}? Gib nur die Zahl an.", "{share} % von {whole}"),
    "fr": ("Question : Combien font {sum} ? Donne seulement le nombre.", "{share} % de {whole}"),
    "es": ("Pregunta: ¿Cuánto es {sum}? Da solo el número.", "{share} % de {whole}"),
    "it": ("Domanda: Quanto fa {sum}? Scrivi solo il numero.", "{share} % di {whole}"),
    "pt": ("Pergunta: Quanto é {sum}? Dê apenas o número.", "{share} % de {whole}"),
    "nl": ("Vraag: Hoeveel is {sum}? Geef alleen het getal.", "{share} % van {whole}"),
    "pl": ("Pytanie: Ile to jest {sum}? Podaj tylko liczbę.", "{share}% z {whole}"),
    "tr": ("Soru: {sum} kaç eder? Yalnızca sayıyı yaz.", "{whole} sayısının %{share} kadarı"),
    "ar": ("سؤال: كم يساوي {sum}؟ اكتب الرقم فقط.", "{share}% من {whole}"),
    "zh": ("问题：{sum} 等于多少？只写数字。", "{whole} 的 {share}%"),
    "ja": ("質問：{sum} はいくつですか。数字だけを書いてください。", "{whole} の {share}%"),
}
_POINT_LANGUAGES = frozenset({"en", "ar", "zh", "ja"})
_BY_TIER = (
    ("add", "subtract"),
    ("add", "subtract", "multiply", "divide"),
    ("multiply", "brackets", "percent"),
)


def _add(draws: Draws, level: int) -> tuple[str, list[int], int, int]:
    low, high = ((1, 9), (12, 89), (120, 480))[level]
    a, b = draws.between(low, high), draws.between(low, high)
    return f"{a} + {b}", [a, b], a + b, abs(a - b)


def _subtract(draws: Draws, level: int) -> tuple[str, list[int], int, int]:
    low, high = ((2, 12), (25, 99), (250, 980))[level]
    a = draws.between(low, high)
    b = draws.between(1, a - 1)
    return f"{a} - {b}", [a, b], a - b, a + b


def _multiply(draws: Draws, level: int) -> tuple[str, list[int], int, int]:
    (low, high), (least, most) = (((2, 5), (2, 4)), ((3, 9), (4, 12)), ((12, 39), (6, 24)))[level]
    a, b = draws.between(low, high), draws.between(least, most)
    return f"{a} × {b}", [a, b], a * b, a + b


def _divide(draws: Draws, level: int) -> tuple[str, list[int], int, int]:
    low, high = ((2, 5), (3, 9), (12, 24))[level]
    b, result = draws.between(low, high), draws.between(low, high + 6)
    return f"{b * result} ÷ {b}", [b * result, b], result, b * result - b


def _percent(draws: Draws, level: int) -> tuple[str, list[int], int, int]:
    share = draws.choose(((10, 50), (10, 20, 25, 50), (5, 15, 30, 35, 45, 60, 75))[level])
    whole = 20 * draws.between(2, (5, 20, 60)[level])
    return "percent", [share, whole], share * whole // 100, whole - share


def _brackets(draws: Draws, level: int) -> tuple[str, list[int], int, int]:
    high = (4, 9, 25)[level]
    a, b, c = draws.between(2, high), draws.between(2, high), draws.between(3, 4 + 2 * level)
    if draws.below(2):
        return f"({a} + {b}) × {c}", [a, b, c], (a + b) * c, a + b * c
    return f"{a} + {b} × {c}", [a, b, c], a + b * c, (a + b) * c


_MAKERS = {
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "divide": _divide,
    "percent": _percent,
    "brackets": _brackets,
}


def _make(request: Request) -> Item | None:
    wanted = tuple(request.options["operations"])
    usual = tuple(name for name in _BY_TIER[request.level] if name in wanted)
    operation = request.draws.choose(usual or wanted)
    expression, numbers, answer, wrong = _MAKERS[operation](request.draws, request.level)
    exact = operation != "percent" or numbers[0] * numbers[1] % 100 == 0
    # 1 is where counting begins, which is no answer.
    if not exact or not 1 < answer < _LIMIT or answer in numbers or wrong == answer:
        return None
    asked, percentage = _ASKED[request.language]
    if operation == "percent":
        expression = percentage.format(share=numbers[0], whole=numbers[1])
    comma = request.language not in _POINT_LANGUAGES
    return Item(
        title=expression,
        prompt=asked.format(sum=expression),
        checks=(demand_number(answer, decimal_comma=comma),),
        passing=str(answer),
        failing=str(wrong),
        tags=(operation,),
    )


GENERATOR = Generator(
    name="arithmetic",
    version=1,
    title="Arithmetic",
    description="Sums with whole numbers: one operation within 20, with two digits, or several"
    " numbers with brackets and percentages.",
    make_item=_make,
    options=(
        Option(
            name="operations",
            description="What may be asked for, where the tier has it; else whichever are named.",
            default=list(_OPERATIONS),
            choices=_OPERATIONS,
            several=True,
        ),
    ),
    languages=tuple(_ASKED),
)
