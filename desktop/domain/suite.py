"""Suites of cases: what is asked, and what makes an answer good."""

from enum import StrEnum

from desktop.domain.base import JsonValue, Value
from desktop.domain.settings import Sampling


class Role(StrEnum):
    """Who speaks in a message, in the words that chat templates use."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class Message(Value, frozen=True, kw_only=True):
    """One turn of a conversation."""

    role: Role
    content: str


class Check(Value, frozen=True, kw_only=True):
    """One demand on an answer.

    `kind` names the scorer (`equals`, `contains`, `json` …), `expected` is its main argument and
    `options` its others, both as the suite file has them.
    """

    kind: str
    expected: JsonValue = None
    options: dict[str, JsonValue] = {}
    weight: float = 1.0


class Metric(StrEnum):
    """How likelihood decides a case, in the names of lm-evaluation-harness where it has one.

    `acc` takes the likeliest continuation, `acc_norm` the likeliest per character, `acc_bytes`
    per UTF-8 byte, `acc_token_norm` per token (llama-perplexity's). `mc1` and `mc2` are
    TruthfulQA's. `greedy` asks whether the one continuation is what greedy decoding would write
    (LAMBADA). `perplexity` scores a text as a whole (WikiText) and passes or fails nothing.
    """

    ACC = "acc"
    ACC_NORM = "acc_norm"
    ACC_BYTES = "acc_bytes"
    ACC_TOKEN_NORM = "acc_token_norm"  # noqa: S105 - a metric's name
    MC1 = "mc1"
    MC2 = "mc2"
    GREEDY = "greedy"
    PERPLEXITY = "perplexity"


class Continuation(Value, frozen=True, kw_only=True):
    """One of the texts between which likelihood decides, after its context.

    The context belongs to the continuation, not the case: WinoGrande varies the context and
    keeps the continuation.
    """

    context: str
    text: str
    correct: bool = False


class Document(Value, frozen=True, kw_only=True):
    """A text that cases ask about and that an answer may have to cite by its `id`."""

    id: str
    text: str
    title: str = ""


class FewShot(Value, frozen=True, kw_only=True):
    """Worked examples that cases name by `id`: earlier turns, and the same as running text.

    `messages` come before a case's own in a conversation; `text` comes before the contexts of
    its continuations and before a prompt that is asked as plain text.
    """

    id: str
    messages: tuple[Message, ...] = ()
    text: str = ""


class Generated(Value, frozen=True, kw_only=True):
    """Where generated cases come from: the same values in all fields give the same cases again.

    `version` is the generator's, which changes whenever it would make other cases; `prefix` stands
    before the ids that it gives.
    """

    generator: str
    version: int
    seed: int
    count: int
    options: dict[str, JsonValue] = {}
    language: str = "en"
    prefix: str = ""


class SourceFile(Value, frozen=True, kw_only=True):
    """A file that cases were imported from: its name without folders, and its bytes' SHA-256."""

    name: str
    sha256: str


class Imported(Value, frozen=True, kw_only=True):
    """Where imported cases come from, so that anyone can make the same suite of the same files.

    `layout` names the form of the files (`jsonl`, `csv` …), in which they can be written again.
    `version` is the importer's, which changes whenever it would make other cases. `rows` is how
    many questions the files hold; `sample` how many of them were drawn, under `seed` and evenly
    by `stratify`, `None` for all. `shots` worked examples stand before each question.
    """

    importer: str
    version: int
    layout: str
    files: tuple[SourceFile, ...]
    rows: int
    shots: int = 0
    shot_files: tuple[SourceFile, ...] = ()
    sample: int | None = None
    seed: int = 0
    stratify: str = ""


class Case(Value, frozen=True, kw_only=True):
    """One question with its checks. It passes when every check passes.

    A case with `continuations` is decided by likelihood under `metric`; nothing is written, and
    it has neither messages nor checks.
    `messages` is the conversation without a system prompt unless the case brings its own.
    `few_shot` names worked examples of the suite. `weight` is its share in the suite's score.
    `repeats` and `sampling`, where given, replace the run's. `group` names what several cases
    share (a document, a template), so that statistics need not take them for independent.
    `source_row` is what an imported case was made of, as its publisher wrote it.
    `max_tokens` limits the answer; `None` leaves it to the run's settings. At most one of
    `grammar` (GBNF) and `json_schema` (a JSON Schema document) constrains what can be written at
    all. `passing_example` and
    `failing_example` are answers that the checks must accept and refuse.
    """

    id: str
    title: str
    messages: tuple[Message, ...]
    checks: tuple[Check, ...]
    tags: tuple[str, ...] = ()
    language: str = "en"
    difficulty: str = ""
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    grammar: str = ""
    json_schema: JsonValue = None
    passing_example: str | None = None
    failing_example: str | None = None
    continuations: tuple[Continuation, ...] = ()
    metric: Metric | None = None
    few_shot: str = ""
    documents: tuple[str, ...] = ()
    weight: float = 1.0
    repeats: int | None = None
    sampling: Sampling | None = None
    group: str = ""
    source_row: JsonValue = None

    @property
    def fixed_repeats(self) -> int | None:
        """How often it is asked whatever the run says, `None` where the run decides.

        Likelihood is the same every time.
        """
        return 1 if self.continuations else self.repeats


class Suite(Value, frozen=True, kw_only=True):
    """A set of cases under one id and version.

    `sha256` tells versions apart even if their author did not: it is that of the file's bytes, to
    which those of generated cases are added.
    `path` is where it was read from, empty for one that came out of the database.
    """

    id: str
    title: str
    version: str
    cases: tuple[Case, ...]
    description: str = ""
    license: str = ""
    system_prompt: str | None = None
    sha256: str = ""
    path: str = ""
    bundled: bool = False
    documents: tuple[Document, ...] = ()
    few_shot: tuple[FewShot, ...] = ()
    generated: tuple[Generated, ...] = ()
    imported: Imported | None = None
