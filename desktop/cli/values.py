"""What may be typed as a value: read, or refused with the words that argparse shows."""

import argparse
import re
from collections.abc import Callable
from typing import TypeVar

from desktop.domain.settings_limits import (
    MOST_PHYSICAL_BATCH_TOKENS,
    MOST_SEQUENCES,
    MOST_THREADS,
)

_Number = TypeVar("_Number", int, float)
_MOST_TOKENS = 2**31 - 1
_MOST_BYTES = 2**56
_UNIT_BYTES = {"mb": 1e6, "gb": 1e9, "tb": 1e12} | {"mib": 2**20, "gib": 2**30, "tib": 2**40}


def _whole(text: str, least: int) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if value < least:
        raise argparse.ArgumentTypeError(f"{value} is not {least} or more")
    return value


def read_positive(text: str) -> int:
    """Return a whole number from 1."""
    return _whole(text, 1)


def read_tokens(text: str) -> int:
    """Return a number of tokens from 1; k and M stand for 1,024 and 1,048,576, as of contexts."""
    found = re.fullmatch(r"(\d{1,12})([kKmM]?)", text.strip())
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of tokens, as 8192 or 32k")
    count = int(found.group(1)) * {"": 1, "k": 2**10, "m": 2**20}[found.group(2).lower()]
    if not 1 <= count <= _MOST_TOKENS:
        raise argparse.ArgumentTypeError(f"{text} is not from 1 to {_MOST_TOKENS:,} tokens")
    return count


def read_size(text: str) -> int:
    """Return bytes: GB is 10^9 of them and GiB 2^30, MB and TB alike."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*([mgt]i?b)", text.strip(), re.IGNORECASE)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no size with its unit, as 80GB or 24GiB")
    size = round(float(found.group(1)) * _UNIT_BYTES[found.group(2).lower()])
    if not 1 <= size <= _MOST_BYTES:
        raise argparse.ArgumentTypeError(f"{text} is no size that a machine could have")
    return size


def read_count(text: str) -> int:
    """Return a whole number from 0."""
    return _whole(text, 0)


def read_layers(text: str) -> int:
    """Return a number of layers; -1 stands for all."""
    return _whole(text, -1)


def _up_to(text: str, most: int) -> int:
    value = read_positive(text)
    if value > most:
        raise argparse.ArgumentTypeError(f"{value} is more than {most}")
    return value


def read_parallel(text: str) -> int:
    """Return a number of cases at once."""
    return _up_to(text, MOST_SEQUENCES)


def read_threads(text: str) -> int:
    """Return a number of threads."""
    return _up_to(text, MOST_THREADS)


def read_physical_batch(text: str) -> int:
    """Return a number of tokens that a batch can hold."""
    return _up_to(text, MOST_PHYSICAL_BATCH_TOKENS)


def or_word(read: Callable[[str], _Number], word: str) -> Callable[[str], _Number | str]:
    """Return a reader that takes `word` too, for what is left out or to the engine."""

    def read_either(text: str) -> _Number | str:
        return word if text == word else read(text)

    return read_either


def read_seed(text: str) -> int:
    """Return a seed, 32 bits as llama.cpp's are."""
    value = _whole(text, 0)
    if value >= 2**32:
        raise argparse.ArgumentTypeError(f"{value} is not between 0 and 4294967295")
    return value


def read_not_negative(text: str) -> float:
    """Return a number from 0."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not 0 or more")
    return value


def read_above_zero(text: str) -> float:
    """Return a number above 0."""
    value = read_not_negative(text)
    if not value:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def read_seconds(text: str) -> float:
    """Return a time limit."""
    value = read_not_negative(text)
    if not value:
        raise argparse.ArgumentTypeError("0 seconds are not enough")
    return value


def read_share(text: str) -> float:
    """Return a number from 0 to 1."""
    value = read_not_negative(text)
    if value > 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value
