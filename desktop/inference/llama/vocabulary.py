"""A model's vocabulary: text to tokens and back, and which tokens steer instead of saying."""

import ctypes
import functools
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from itertools import repeat
from typing import Any, NamedTuple

from desktop.errors import EngineFault
from desktop.inference.engine import ThinkingFormat
from desktop.inference.llama.binding import api

# A vocabulary from a stranger could be all control tokens; real ones spell out 0.1 MB of them.
MOST_CONTROL_BYTES = 1_000_000
_SMALLEST_BUFFER = 64
_C_SPACE = " \t\n\v\f\r"


class _Part(NamedTuple):
    """A stretch of a text, or a control token in it (`attributes` are None for text)."""

    text: str
    attributes: int | None = None


class Vocabulary:
    """The tokens of one model. Its owner frees the model."""

    def __init__(self, model: Any) -> None:
        """Look into a loaded model, which may be loaded without its weights."""
        self.vocabulary: Any = api.llama_model_get_vocab(model)
        self.vocabulary_size = int(api.llama_vocab_n_tokens(self.vocabulary))
        self.bos = int(api.llama_vocab_bos(self.vocabulary))
        self.eos = int(api.llama_vocab_eos(self.vocabulary))
        self.adds_bos = bool(api.llama_vocab_get_add_bos(self.vocabulary))
        self._pieces: dict[tuple[int, bool], bytes] = {}

    def token_text(self, token: int) -> str:
        """Return a token as the vocabulary spells it, empty for none."""
        if token < 0:
            return ""
        text: bytes | None = api.llama_vocab_get_text(self.vocabulary, token)
        return text.decode("utf-8", errors="replace") if text else ""

    @functools.cached_property
    def control_tokens(self) -> dict[int, int]:
        """The tokens that are recognised only in what a template writes, with their attributes.

        Asks about each token: 0.1 s for a vocabulary of 262,144.
        """
        control = api.LLAMA_TOKEN_ATTR_CONTROL | api.LLAMA_TOKEN_ATTR_UNKNOWN
        attributes = map(
            api.llama_vocab_get_attr, repeat(self.vocabulary), range(self.vocabulary_size)
        )
        return {token: int(value) for token, value in enumerate(attributes) if value & control}

    @functools.cached_property
    def control_texts(self) -> tuple[str, ...]:
        """How the control tokens are spelt, up to a megabyte of them.

        Without single characters and white space: these are in every text.
        """
        found: list[str] = []
        room = MOST_CONTROL_BYTES
        for token in self.control_tokens:
            text = self.token_text(token)
            room -= len(text.encode())
            if room < 0:
                break
            if len(text) > 1 and not text.isspace():
                found.append(text)
        return tuple(dict.fromkeys(found))

    def tokenise(self, text: str, *, has_special_tokens: bool, mask: str = "") -> list[int]:
        """Return the tokens of a text; without a mask in it, in one call.

        Plain text gets what the model wants in front of it. The output of a template brings that
        itself, except that many templates leave BOS out where the vocabulary says to add one;
        then it is put there, as llama.cpp's own server does. Around control texts that bear the
        mask, the text up to the next control tokens of the template's own is read as plain text.
        """
        if not has_special_tokens:
            return self._tokenise(text.replace(mask, ""), is_plain=True, add_special=True)
        if mask and mask in text:
            found = self._tokenise_masked(text, mask)
        else:
            found = self._tokenise(text, is_plain=False)
        if self.adds_bos and self.bos >= 0 and found[:1] != [self.bos]:
            found.insert(0, self.bos)
        return found

    def tokenise_tag(self, text: str) -> list[int]:
        """Return the tokens of what a template could write in the middle of a conversation."""
        return self._tokenise(text, is_plain=False)

    def tag_tokens(self, thinking: ThinkingFormat) -> frozenset[int]:
        """Return the control tokens that a format's tags are made of, whose text matters."""
        tags = (thinking.opening, thinking.closing, *thinking.answer_tags)
        tokens = {token for tag in tags for token in self._tokenise(tag, is_plain=False)}
        return frozenset(tokens & self.control_tokens.keys())

    def piece(self, token: int, keep: AbstractSet[int] = frozenset()) -> bytes:
        """Return a token's bytes; control tokens have none but for those to `keep`."""
        key = token, token in keep
        known = self._pieces.get(key)
        if known is not None:
            return known
        size = _SMALLEST_BUFFER
        while True:
            buffer = ctypes.create_string_buffer(size)
            length = api.llama_token_to_piece(self.vocabulary, token, buffer, size, 0, key[1])
            if length >= 0:
                break
            size = -length
        piece = buffer.raw[:length]
        self._pieces[key] = piece
        return piece

    def ends_answer(self, token: int) -> bool:
        """Whether a token is one of those that end an answer."""
        return bool(api.llama_vocab_is_eog(self.vocabulary, token))

    def _tokenise(self, text: str, *, is_plain: bool, add_special: bool = False) -> list[int]:
        data = text.encode("utf-8", errors="replace")
        room = len(data) + 8
        tokens = (ctypes.c_int32 * room)()
        count = api.llama_tokenize(
            self.vocabulary, data, len(data), tokens, room, add_special, not is_plain
        )
        if count < 0:
            raise EngineFault("The prompt could not be turned into tokens.")
        return list(tokens[:count])

    def _tokenise_masked(self, text: str, mask: str) -> list[int]:
        """Tokenise text by text, so that each call begins or ends at a control token."""
        found: list[int] = []
        written = ""
        parts = self._split_at_control(text)
        for index, part in enumerate(parts):
            if mask not in part.text:
                written += part.text
                continue
            found += self._tokenise(written, is_plain=False)
            written = ""
            plain = _strip(part.text.replace(mask, ""), parts, index)
            tokens = self._tokenise(plain, is_plain=True)
            # Others may come of text: some vocabularies have [UNK] for any character they lack.
            spelt = self.control_tokens.keys() & set(tokens)
            if any(self.token_text(token) in plain for token in spelt):
                raise EngineFault(
                    "The question spells a control token of this model in a way that the model"
                    " can't be told to read as text."
                )
            found += tokens
        return found + self._tokenise(written, is_plain=False)

    def _split_at_control(self, text: str) -> list[_Part]:
        """Split where llama.cpp does: the longest control texts first, wherever they stand."""
        spelt = {self.token_text(token): value for token, value in self.control_tokens.items()}
        parts = [_Part(text)]
        for control in sorted(spelt, key=len, reverse=True):
            if control and control in text:
                part = _Part(control, spelt[control])
                parts = [piece for whole in parts for piece in _split(whole, part)]
        return parts


def _split(whole: _Part, control: _Part) -> list[_Part]:
    if whole.attributes is not None:
        return [whole]
    texts = whole.text.split(control.text)
    pieces = [piece for text in texts for piece in (control, _Part(text))][1:]
    return [piece for piece in pieces if piece.text]


def _strip(text: str, parts: Sequence[_Part], index: int) -> str:
    """Return the text of a part without the white space that its neighbours swallow."""
    before = parts[index - 1].attributes if index else None
    after = parts[index + 1].attributes if index + 1 < len(parts) else None
    if (before or 0) & api.LLAMA_TOKEN_ATTR_RSTRIP:
        text = text.lstrip(_C_SPACE)
    if (after or 0) & api.LLAMA_TOKEN_ATTR_LSTRIP:
        text = text.rstrip(_C_SPACE)
    return text
