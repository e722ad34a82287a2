"""Reading the YAML of a register so that every complaint names file, line and key.

The subset that a register needs: mappings, lists and texts. Aliases are refused, because they
can multiply; depth and size are limited.
"""

from collections.abc import Iterator
from pathlib import Path

import yaml

from desktop.errors import UserError
from desktop.gguf.source import check_regular

SIZE_LIMIT_BYTES = 1 << 20
_DEPTH_LIMIT = 8
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_REMEDY = "Correct the file, or put the original back."


class RegisterNode:
    """One place in the file: a mapping, a list, a text, or nothing at all."""

    def __init__(self, path: Path, key: str, node: yaml.Node | None, line: int) -> None:
        """Keep what a complaint needs beside the node."""
        self._path = path
        self._key = key
        self._node = node
        self._line = node.start_mark.line + 1 if node is not None else line

    @property
    def exists(self) -> bool:
        """Whether there is anything here."""
        return self._node is not None

    @property
    def value(self) -> str:
        """The text here, as written, without spaces around it."""
        if not isinstance(self._node, yaml.ScalarNode):
            raise self.wrong("must be a text" if self.exists else "is missing")
        text = " ".join(str(self._node.value).split())
        if not text or not text.isprintable():
            raise self.wrong("must be a text that can be read" if text else "must not be empty")
        return text

    def wrong(self, sentence: str) -> UserError:
        """Return the error that says what is wrong here."""
        what = f"{self._key} " if self._key else "it "
        return UserError(f"{self._path}, line {self._line}: {what}{sentence}.", remedy=_REMEDY)

    def pairs(self) -> Iterator[tuple[str, "RegisterNode"]]:
        """Yield a mapping's keys and values; nothing if there is nothing here."""
        if self._node is None:
            return
        if not isinstance(self._node, yaml.MappingNode):
            raise self.wrong("must be a mapping of keys to values")
        seen: set[str] = set()
        for key_node, node in self._node.value:
            name = RegisterNode(self._path, f"a key of {self._key or 'the file'}", key_node, 0)
            key = name.value
            if key in seen:
                raise name.wrong(f"is there twice: {key}")
            seen.add(key)
            yield key, RegisterNode(self._path, key, node, self._line)

    def items(self) -> Iterator["RegisterNode"]:
        """Yield a list's items; nothing if there is nothing here."""
        if self._node is None:
            return
        if not isinstance(self._node, yaml.SequenceNode):
            raise self.wrong("must be a list")
        for node in self._node.value:
            yield RegisterNode(self._path, self._key, node, self._line)

    def at(self, key: str, *, optional: bool = False) -> "RegisterNode":
        """Return what a mapping has under a key; an error if it is missing and must not be."""
        for name, node in self.pairs():
            if name == key:
                return node
        missing = RegisterNode(self._path, key, None, self._line)
        if not optional:
            raise missing.wrong("is missing")
        return missing

    def text(self, key: str) -> str:
        """Return the text under a key."""
        return self.at(key).value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the list of texts under a key, empty if it is missing."""
        return tuple(item.value for item in self.at(key, optional=True).items())

    def only(self, *keys: str) -> None:
        """Refuse keys that nobody would read: they are typing mistakes."""
        for key, node in self.pairs():
            if key not in keys:
                raise node.wrong(f"is not known here; there are {', '.join(keys)}")


def parse_register(path: Path) -> RegisterNode:
    """Return the file's root; raises `UserError` for what is no YAML that a register needs."""
    if check_regular(path).st_size > SIZE_LIMIT_BYTES:
        raise UserError(f"{path} is larger than {SIZE_LIMIT_BYTES:,} bytes.", remedy=_REMEDY)
    try:
        text = path.read_bytes().decode("utf-8")
        depth = 0
        for event in yaml.parse(text, Loader=_LOADER):
            line = (event.start_mark.line if event.start_mark else 0) + 1
            if isinstance(event, yaml.AliasEvent):
                raise UserError(
                    f"{path}, line {line}: a register may not use aliases.", remedy=_REMEDY
                )
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEPTH_LIMIT:
                raise UserError(
                    f"{path}, line {line}: it is nested more than {_DEPTH_LIMIT} levels deep.",
                    remedy=_REMEDY,
                )
        root = yaml.compose(text, Loader=_LOADER)
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8 text.", remedy=_REMEDY) from None
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror}.", remedy=_REMEDY) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UserError(
            f"{path}, line {line}: this is no YAML: {error.problem or error.context}.",
            remedy=_REMEDY,
        ) from None
    except yaml.YAMLError:
        raise UserError(f"{path} has signs that YAML does not allow.", remedy=_REMEDY) from None
    return RegisterNode(path, "", root, 1)
