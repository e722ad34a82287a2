"""What a child says on its standard error, and how much of it is kept."""

import multiprocessing

from desktop.worker.last_words import KEPT_BYTES, LastWords


def test_a_flood_leaves_only_its_end() -> None:
    reading, writing = multiprocessing.Pipe(duplex=False)
    words = LastWords(reading)
    with open(writing.fileno(), "wb", closefd=False) as stream:
        stream.writelines(
            b"line %d of a library that complains\n" % number for number in range(20_000)
        )
        stream.write(b"GGML_ASSERT(x) failed \xff")
    writing.close()
    words.wait(20)
    text = words.text()
    assert text.endswith("GGML_ASSERT(x) failed �")
    assert KEPT_BYTES - 200 < len(text.encode()) <= KEPT_BYTES + 2
    assert reading.closed


def test_what_has_been_said_is_there_while_the_pipe_is_held_open() -> None:
    reading, writing = multiprocessing.Pipe(duplex=False)
    words = LastWords(reading)
    assert words.text() == ""
    with open(writing.fileno(), "wb", closefd=False) as stream:
        stream.write(b"first")
    while not words.text():
        words.wait(0.01)
    assert words.text() == "first"
    writing.close()
    words.wait(20)
