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


class ModelFacts(Value, frozen=True, kw_only=True):
    """What the header of a GGUF file says; `None` and empty mean that it is silent.

    `name` is what people know the model by, mostly the file's name; `header_name` is the header's.
    `bits_per_weight` counts the tensors' bytes, header excluded. `tensor_types` maps ggml type
    names (`Q4_K`) to the number of tensors.
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

    @property
    def has_chat_template(self) -> bool:
        """Whether the file says how a conversation is written for this model."""
        return bool(self.chat_template)


class ModelWarning(Value, frozen=True, kw_only=True):
    """Something about a file that its user should know: one sentence, and a stable code."""

    code: str
    message: str


class LanguageModel(Value, frozen=True, kw_only=True):
    """One GGUF (its shards together), known by its SHA-256 once that has been computed.

    `id` is the library's UUID for the entry. `paths` has one absolute path a shard, in order.
    `modified_ns` is the latest modification time of them, nanoseconds since the epoch; with
    `facts.file_bytes` it tells whether a remembered `sha256` still holds. For several shards
    `sha256` is the SHA-256 of their hexadecimal digests joined by newlines.
    """

    id: str
    paths: tuple[str, ...]
    facts: ModelFacts
    modified_ns: int
    sha256: str | None = None
    warnings: tuple[ModelWarning, ...] = ()
    added_at: datetime | None = None

    @property
    def path(self) -> str:
        """The first shard, the one that llama.cpp is given."""
        return self.paths[0]


class FileProblem(Value, frozen=True, kw_only=True):
    """A file or folder that could not be used: where, and one sentence why and what to do."""

    path: str
    message: str


class MemoryNeed(Value, frozen=True, kw_only=True):
    """What a model needs at one context, in bytes.

    `source` is `llama.cpp` for its own accounting and `formula` for ours.
    """

    context_tokens: int
    sequences: int
    weights_bytes: int
    kv_cache_bytes: int
    compute_bytes: int
    source: str

    @property
    def total_bytes(self) -> int:
        """All three together."""
        return self.weights_bytes + self.kv_cache_bytes + self.compute_bytes
