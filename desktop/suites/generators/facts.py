"""Facts that have to be put together: who works where, which office lies in which town.

Easy: one step, in three facts. Medium: two steps among six facts. Hard: three steps among nine
and more, in mixed order. Every name occurs in one chain only, so there is one way and one answer.
"""

from desktop.suites.generators.demands import demand_words, forbid_words, limit_words
from desktop.suites.generators.generator import Generator, Item, Option, Request
from desktop.suites.generators.vocabulary import DEPARTMENTS, PEOPLE, SURNAMES, TOWNS

_MOST_STEPS = 4
_MOST_WORDS = 25
# A chain leads from a person to a department, its head, the head's town, and its mayor.
_FACTS = (
    "{0} works in the department {1}.",
    "The department {1} is led by {2}.",
    "{2} lives in {3}.",
    "The mayor of {3} is {4}.",
)
_QUESTIONS = (
    "In which department does {0} work?",
    "Who leads the department that {0} works in?",
    "In which town does the head of the department that {0} works in live?",
    "Who is the mayor of the town where the head of the department that {0} works in lives?",
)


def _make(request: Request) -> Item | None:
    draws, level = request.draws, request.level
    steps = int(request.options["steps"]) or level + 1
    chains = (3, 3, 4)[level]
    surnames = draws.sample(SURNAMES, 2 * chains)
    links = list(
        zip(
            draws.sample(PEOPLE, chains),
            draws.sample(DEPARTMENTS, chains),
            surnames[:chains],
            draws.sample(TOWNS, chains),
            surnames[chains:],
            strict=True,
        )
    )
    facts = [fact.format(*link) for link in links for fact in _FACTS[:steps]]
    asked, *others = links
    others_named = [link[steps] for link in others]
    right = asked[steps]
    return Item(
        title=_QUESTIONS[steps - 1].format(asked[0]),
        prompt=f"Text: {' '.join(draws.shuffle(facts))}\n"
        f"Question: {_QUESTIONS[steps - 1].format(asked[0])} Give only the name.",
        checks=(demand_words(right), *forbid_words(others_named), limit_words(_MOST_WORDS)),
        passing=right,
        failing=others_named[0],
        tags=(f"{steps} step{'s' if steps > 1 else ''}",),
    )


GENERATOR = Generator(
    name="facts",
    version=1,
    title="Facts in several steps",
    description="A few facts about people, departments and towns, and a question that takes one"
    " to four of them.",
    make_item=_make,
    options=(
        Option(
            name="steps",
            description="How many facts lead to the answer; 0 chooses by tier (1, 2, 3).",
            default=0,
            least=0,
            most=_MOST_STEPS,
        ),
    ),
)
