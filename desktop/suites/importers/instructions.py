"""Instructions that can be verified, and questions that somebody must judge.

IFEval and IFBench, MT-Bench's questions, the samples of OpenAI's evals, HumanEval's functions.
"""

from desktop.domain.base import JsonValue
from desktop.domain.suite import Check, Message, Role
from desktop.suites.importers.item import Benchmark, Item, shorten_title
from desktop.suites.importers.layouts import JSON_LINES
from desktop.suites.importers.rows import Row

_JUDGED = "A judge model decides; until then a case is open."
_USUAL_SCALE = 5
_MT_BENCH_RUBRIC = "Is the answer helpful, relevant, accurate, deep, creative and detailed?"
_CODE_RUBRIC = "Does the code do what its documentation demands, in all cases?"
_NAMED = ("example_user", "example_assistant")


def _read_instructions(row: Row) -> tuple[tuple[str, ...], tuple[dict[str, JsonValue], ...]]:
    names = row.texts("instruction_id_list")
    arguments = tuple(
        # Tables of the data fill what an instruction does not use with null.
        {key: value for key, value in part.values.items() if value is not None}
        for part in row.parts("kwargs")
    )
    if len(arguments) != len(names):
        raise row.problem('"kwargs" must have as many entries as "instruction_id_list"')
    return names, arguments


def _build_ifeval(row: Row) -> Item:
    prompt = row.text("prompt")
    names, arguments = _read_instructions(row)
    checks = tuple(
        Check(kind="ifeval", expected=name, options={"kwargs": given} if given else {})
        for name, given in zip(names, arguments, strict=True)
    )
    return Item(
        key=f"ifeval-{row.word('key')}" if "key" in row else "",
        title=shorten_title(prompt),
        prompt=prompt,
        answer="",
        checks=checks,
        max_tokens=1280,
        tags=tuple(dict.fromkeys(name.partition(":")[0] for name in names)),
    )


IFEVAL = Benchmark(
    name="ifeval",
    title="IFEval (Instruction-Following Evaluation)",
    source="https://github.com/google-research/google-research/tree/master/"
    "instruction_following_eval",
    license="Apache-2.0",
    citation="Zhou et al. 2023, Instruction-Following Evaluation for Large Language Models."
    " arXiv:2311.07911",
    layouts=(JSON_LINES,),
    build=_build_ifeval,
    headline="all instructions of a prompt followed, strictly",
    task="ifeval",
    takes_shots=False,
)


def _leave_to_judge(rubric: str, reference: str = "", highest: int = 5) -> tuple[Check, ...]:
    options: dict[str, JsonValue] = {"highest": highest} if highest != _USUAL_SCALE else {}
    if reference.strip():
        options["reference"] = reference
    return (Check(kind="judge", expected=rubric, options=options),)


def _build_ifbench(row: Row) -> Item:
    prompt = row.text("prompt")
    names, _ = _read_instructions(row)
    listed = ", ".join(dict.fromkeys(names))
    return Item(
        key=f"ifbench-{row.word('key')}" if "key" in row else "",
        title=shorten_title(prompt),
        prompt=prompt,
        answer="",
        checks=_leave_to_judge(
            f"Does the answer do everything that is demanded of its form ({listed})?"
        ),
        max_tokens=1280,
        tags=tuple(dict.fromkeys(name.partition(":")[0] for name in names)),
    )


IFBENCH = Benchmark(
    name="ifbench",
    title="IFBench",
    source="https://github.com/allenai/IFBench",
    license="ODC-BY 1.0",
    citation="Pyatkin et al. 2025, Generalizing Verifiable Instruction Following. arXiv:2507.02833",
    layouts=(JSON_LINES,),
    build=_build_ifbench,
    headline="judged",
    deviations=f"Its 58 kinds of instruction have no scorer here. {_JUDGED}",
    takes_shots=False,
)


def _build_mt_bench(row: Row) -> Item:
    turns = row.texts("turns")
    references = row.value("reference") if "reference" in row else []
    if not isinstance(references, list) or not all(isinstance(r, str) for r in references):
        raise row.wrong("reference", "a list of texts")
    # Some have a reference for the second turn only.
    reference = references[0] if references else ""
    category = row.word("category")
    return Item(
        key=f"mt_bench-{row.word('question_id')}",
        title=shorten_title(turns[0]),
        prompt=turns[0],
        answer="",
        checks=_leave_to_judge(_MT_BENCH_RUBRIC, reference, highest=10),
        max_tokens=1024,
        tags=(category,),
    )


MT_BENCH = Benchmark(
    name="mt_bench",
    title="MT-Bench, first turns",
    source="https://github.com/lm-sys/FastChat/tree/main/fastchat/llm_judge",
    license="Apache-2.0",
    citation="Zheng et al. 2023, Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena."
    " arXiv:2306.05685",
    layouts=(JSON_LINES,),
    build=_build_mt_bench,
    headline="judged",
    deviations=f"The first turn of each question is asked; the second is kept. {_JUDGED}",
    takes_shots=False,
)


def _read_messages(row: Row) -> tuple[Message, ...]:
    """Return a conversation that templates accept: one system message, the user's at the end."""
    if isinstance(row.value("input"), str):
        return (Message(role=Role.USER, content=row.text("input")),)
    roles = {role.value: role for role in Role}
    messages: list[Message] = []
    for part in row.parts("input"):
        role = part.word("role")
        if role not in roles:
            raise part.wrong("role", "system, user or assistant")
        # Worked examples come as system messages with a name: example_user, example_assistant.
        name = part.word("name") if "name" in part else ""
        found = roles[name.removeprefix("example_")] if name in _NAMED else roles[role]
        messages.append(Message(role=found, content=part.text("content", blank=True)))
    return _as_conversation(row, messages)


def _as_conversation(row: Row, messages: list[Message]) -> tuple[Message, ...]:
    if not messages:
        raise row.problem('"input" has no messages')
    leading = 0
    while leading < len(messages) and messages[leading].role is Role.SYSTEM:
        leading += 1
    if leading == len(messages):  # the question is the last of the system messages
        messages[-1] = Message(role=Role.USER, content=messages[-1].content)
        leading -= 1
    system = "\n\n".join(message.content for message in messages[:leading])
    rest = messages[leading:]
    if any(message.role is Role.SYSTEM for message in rest) or rest[-1].role is not Role.USER:
        raise row.problem('"input" must end with the user, and begin with what the system says')
    first = (Message(role=Role.SYSTEM, content=system),) if system else ()
    return (*first, *rest)


_EVAL_CHECKS = {"Match": "starts_with", "Includes": "contains_any", "FuzzyMatch": "token_f1"}


def _check_eval(row: Row) -> tuple[Check, ...]:
    cls = row.word("cls") if "cls" in row else "Match"
    if "ideal" not in row:
        return _leave_to_judge(row.text("criteria") if "criteria" in row else "Is the answer good?")
    ideal = row.value("ideal")
    ideals = [ideal] if isinstance(ideal, str) else list(row.texts("ideal"))
    if not all(text.strip() for text in ideals):
        raise row.problem('"ideal" is empty')
    if cls == "JsonMatch" or cls not in _EVAL_CHECKS:
        return _leave_to_judge("Does the answer say the same?", "\n".join(ideals))
    return (Check(kind=_EVAL_CHECKS[cls], expected=ideals),)


def _build_openai_evals(row: Row) -> Item:
    messages = _read_messages(row)
    return Item(
        key="",
        title=shorten_title(messages[-1].content),
        prompt=messages[-1].content,
        answer="",
        messages=messages,
        checks=_check_eval(row),
        max_tokens=512,
        tags=(row.word("eval"),) if "eval" in row else (),
    )


OPENAI_EVALS = Benchmark(
    name="openai_evals",
    title="OpenAI evals, samples",
    source="https://github.com/openai/evals",
    license="MIT",
    citation="OpenAI 2023, evals: a framework for evaluating LLMs",
    layouts=(JSON_LINES,),
    build=_build_openai_evals,
    headline="Match: begins with the ideal; Includes: contains it; FuzzyMatch: F1 of the words",
    deviations=f"Samples that a model grades, and those that compare JSON, are judged. {_JUDGED}",
    takes_shots=False,
)


def _build_human_eval(row: Row) -> Item:
    solution = row.text("canonical_solution")
    likeness = Check(kind="chrf", expected=[solution], options={"at_least": 0}, weight=0.0)
    return Item(
        key=row.word("task_id"),
        title=shorten_title(row.text("entry_point")),
        prompt=row.text("prompt"),
        answer=solution,
        checks=(likeness, *_leave_to_judge(_CODE_RUBRIC, solution)),
        stop=("\nclass", "\ndef", "\n#", "\nif", "\nprint"),
        max_tokens=1024,
        tags=(row.word("language"),) if "language" in row else (),
    )


HUMAN_EVAL = Benchmark(
    name="human_eval",
    title="HumanEval as text",
    source="https://github.com/openai/human-eval",
    license="MIT",
    citation="Chen et al. 2021, Evaluating Large Language Models Trained on Code. arXiv:2107.03374",
    layouts=(JSON_LINES,),
    build=_build_human_eval,
    headline="judged; chrF to the authors' solution is told beside it",
    task="humaneval",
    deviations=f"No output of a model is ever run here, so there is no pass@1. {_JUDGED}",
    takes_shots=False,
)

BENCHMARKS = (IFEVAL, IFBENCH, MT_BENCH, OPENAI_EVALS, HUMAN_EVAL)
