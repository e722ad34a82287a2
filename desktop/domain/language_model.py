"""Language models as files: what their header says, what they need, what is odd about them."""

from datetime import datetime
from enum import StrEnum

from desktop.domain.base import Value


class ModelKind(StrEnum):
    """What a GGUF file is for."""

    LANGUAGE_MODEL = "language_model"
    PROJECTOR = "projector"
    VOCABULARY = "vocabulary"
    ADAPTER = "adapter"
    IMPORTANCE_MATRIX = "importance_matrix"
    EMBEDDING = "embedding"


class FactOrigin(StrEnum):
    """Where a fact comes from. All but `HEADER` is a guess, and shown as one."""

    HEADER = "header"  # the file says so itself
    REGISTER = "register"  # looked up in the register by what the header says
    FILE_NAME = "file_name"  # looked up in the register by the file's name, which anybody can give


class AttentionKind(StrEnum):
    """How attention heads share keys and values."""

    MULTI_HEAD = "MHA"
    GROUPED_QUERY = "GQA"
    MULTI_QUERY = "MQA"
    LATENT = "MLA"


class TensorShare(Value, frozen=True, kw_only=True):
    """What one ggml type makes up of a model's weights."""

    type_name: str
    tensors: int
    parameters: int
    size_bytes: int

    @property
    def bits_per_weight(self) -> float | None:
        """Bits that one parameter takes in this type; `None` without any."""
        return 8 * self.size_bytes / self.parameters if self.parameters else None


class RopeFacts(Value, frozen=True, kw_only=True):
    """How positions are encoded: base frequency, and how the context was stretched.

    `scaling` is `linear`, `yarn`, `longrope`, `llama3` (factors by frequency, stored as a tensor)
    or empty for none; `original_context` is the context before stretching, in tokens.
    """

    frequency_base: float | None = None
    scaling: str = ""
    factor: float | None = None
    original_context: int | None = None
    dimensions: int | None = None


class SupplierFacts(Value, frozen=True, kw_only=True):
    """Who published the family that a model belongs to, as the register has it.

    A fine-tune's own publisher is `ModelFacts.organization`. `matched` says by what the family was
    recognised; `source` is where to look it up, `dated` when that entry was written (ISO date).
    """

    family: str
    supplier: str
    country: str
    origin: FactOrigin
    matched: str
    source: str = ""
    dated: str = ""


class LicenseTerms(Value, frozen=True, kw_only=True):
    """A licence and its conditions in words; the words are always the register's.

    `origin` says who named the licence. `commercial_use` is `yes`, `conditional` or `no`.
    """

    id: str
    name: str
    conditions: str
    commercial_use: str
    origin: FactOrigin
    source: str = ""
    dated: str = ""


class ModelFacts(Value, frozen=True, kw_only=True):
    """What the header of a GGUF file says; `None` and empty mean that it is silent.

    `name` is what people know the model by, mostly the file's name; `header_name` is the header's.
    `bits_per_weight` counts the tensors' bytes, header excluded. `tensor_types` maps ggml type
    names (`Q4_K`) to the number of tensors, `tensor_shares` to what they hold, the largest first.
    `active_parameters` are those that work on a token, all but the idle experts; for a dense model
    they equal `parameters`. `thinks` and `uses_tools` are read off the chat template's text,
    `None` without one. `supplier` and `license_terms` carry their origin.
    """

    name: str
    architecture: str
    header_name: str = ""
    kind: ModelKind = ModelKind.LANGUAGE_MODEL
    parameters: int | None = None
    quantization: str = ""
    bits_per_weight: float | None = None
    tensor_types: dict[str, int] = {}
    context_length: int | None = None
    embedding_length: int | None = None
    layers: int | None = None
    attention_heads: int | None = None
    key_value_heads: tuple[int, ...] = ()
    key_length: int | None = None
    value_length: int | None = None
    sliding_window: int | None = None
    experts: int | None = None
    experts_used: int | None = None
    vocabulary_size: int | None = None
    tokenizer: str = ""
    license: str = ""
    organization: str = ""
    base_model: str = ""
    languages: tuple[str, ...] = ()
    chat_template: str | None = None
    file_bytes: int = 0
    weights_bytes: int = 0
    gguf_version: int = 3
    family: str = ""
    family_origin: FactOrigin | None = None
    supplier: SupplierFacts | None = None
    license_terms: LicenseTerms | None = None
    active_parameters: int | None = None
    tensor_shares: tuple[TensorShare, ...] = ()
    attention: AttentionKind | None = None
    rope: RopeFacts | None = None
    base_models: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    template_names: tuple[str, ...] = ()
    thinks: bool | None = None
    uses_tools: bool | None = None
    shards: int = 1

    @property
    def has_chat_template(self) -> bool:
        """Whether the file says how a conversation is written for this model."""
        return bool(self.chat_template)


class ModelWarning(Value, frozen=True, kw_only=True):
    """Something about a file that its user should know: one sentence, and a stable code."""

    code: str
    message: str


class HashVerdict(StrEnum):
    """What became of comparing a file with its publisher's SHA-256."""

    MATCHES = "matches"
    DIFFERS = "differs"
    NOT_LISTED = "not_listed"


class HashCheck(Value, frozen=True, kw_only=True):
    """A comparison of a model's files with hashes that their publisher gave.

    `source` says where those stood: a file's path, or words. `expected` and `actual` are those of
    the first file that differs, or of the first file. `message` is one sentence for people.
    """

    verdict: HashVerdict
    source: str
    message: str
    expected: str = ""
    actual: str = ""
    checked_at: datetime


class ModelStamp(Value, frozen=True, kw_only=True):
    """By what a model's files are known again without being opened.

    `modified_ns` is the latest of them. Devices are left out: their numbers change at a restart.
    """

    paths: tuple[str, ...]
    file_bytes: int
    modified_ns: int
    inodes: tuple[int, ...]


class LanguageModel(Value, frozen=True, kw_only=True):
    """One GGUF (its shards together), known by its SHA-256 once that has been computed.

    `id` is the library's UUID for the entry. `paths` has one absolute path a shard, in order.
    `modified_ns` is the latest modification time of them, nanoseconds since the epoch; with
    `facts.file_bytes` it tells whether a remembered `sha256` still holds. For several shards
    `sha256` is the SHA-256 of their hexadecimal digests joined by newlines, which
    `shard_sha256` lists.

    `store` is the program in whose store the file lies, for the screen, and `store_names` what
    it is called there (`llama3.2:3b`). `inodes` (one a shard) and `device` tell whether two
    paths lead to one file. `copies` are other places of the same content. `reader` is the version
    of what read the facts; facts of an older one are read anew.
    """

    id: str
    paths: tuple[str, ...]
    facts: ModelFacts
    modified_ns: int
    sha256: str | None = None
    warnings: tuple[ModelWarning, ...] = ()
    added_at: datetime | None = None
    store: str = ""
    store_names: tuple[str, ...] = ()
    shard_sha256: tuple[str, ...] = ()
    hash_check: HashCheck | None = None
    inodes: tuple[int, ...] = ()
    device: int = 0
    copies: tuple[str, ...] = ()
    reader: str = ""

    @property
    def stamp(self) -> ModelStamp:
        """By what its files are known again."""
        return ModelStamp(
            paths=self.paths,
            file_bytes=self.facts.file_bytes,
            modified_ns=self.modified_ns,
            inodes=self.inodes,
        )

    @property
    def path(self) -> str:
        """The first shard, the one that llama.cpp is given."""
        return self.paths[0]


class ModelAnnotation(Value, frozen=True, kw_only=True):
    """What people say of a model. It stays in the library: runs and exports don't carry it."""

    tags: tuple[str, ...] = ()
    note: str = ""


class FoundFile(Value, frozen=True, kw_only=True):
    """A model file before anything of it is read: place, name and bytes of all its shards."""

    path: str
    name: str
    file_bytes: int
    store: str = ""


class FileProblem(Value, frozen=True, kw_only=True):
    """A file or folder that could not be used: where, and one sentence why and what to do."""

    path: str
    message: str


class MemoryNeed(Value, frozen=True, kw_only=True):
    """What a model needs at one context, in bytes.

    `beside_bytes` are what a processor takes beside llama.cpp's accounting: copies of weights
    that are packed for it, the vocabulary's tables, working memory. `source` is `llama.cpp` for
    its own accounting and `formula` for ours.
    """

    context_tokens: int
    sequences: int
    weights_bytes: int
    kv_cache_bytes: int
    compute_bytes: int
    source: str
    beside_bytes: int = 0

    @property
    def total_bytes(self) -> int:
        """All of them together."""
        return self.weights_bytes + self.kv_cache_bytes + self.compute_bytes + self.beside_bytes
