"""The header reader against the reference package, and against files made to break it."""

import gc
import os
import random
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

import gguf
import msgspec
import pytest

from desktop.errors import UserError
from desktop.gguf.facts import read_facts
from desktop.gguf.header import HEADER_LIMIT_BYTES, STRINGS_LIMIT, GgufHeader, read_header
from desktop.gguf.tensor_types import FILE_TYPES, TENSOR_TYPES

WriteModel = Callable[..., Path]


def pack_string(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


def pack_header(*pairs: bytes, tensors: tuple[bytes, ...] = (), version: int = 3) -> bytes:
    start = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(pairs))
    return start + b"".join(pairs) + b"".join(tensors)


def pack_tensor(name: bytes, shape: tuple[int, ...], kind: int = 0, offset: int = 0) -> bytes:
    dimensions = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
    return pack_string(name) + dimensions + struct.pack("<IQ", kind, offset)


ARCHITECTURE = pack_string(b"general.architecture") + struct.pack("<I", 8) + pack_string(b"llama")


def assert_like_reference(header: GgufHeader, path: Path) -> None:
    gc.disable()  # the reference makes millions of small objects, and halves its time so
    try:
        reference = gguf.GGUFReader(path)
    finally:
        gc.enable()
    keys = [key for key in reference.fields if not key.startswith("GGUF.")]
    assert list(header.values.keys() | header.lengths.keys()) != []
    assert set(keys) == header.values.keys() | header.lengths.keys()
    for key in keys:
        field = reference.fields[key]
        if field.types[0] is gguf.GGUFValueType.ARRAY:
            assert header.lengths[key] == len(field.data)
            if key in header.values:
                assert list(header.values[key]) == field.contents()  # type: ignore[arg-type]
        else:
            assert header.values[key] == field.contents()
    assert [
        (t.name, list(t.shape), t.type_name, t.elements, t.size_bytes, t.offset)
        for t in header.tensors
    ] == [
        (
            t.name,
            t.shape.tolist(),
            t.tensor_type.name,
            t.n_elements,
            t.n_bytes,
            t.data_offset - header.data_offset,
        )
        for t in reference.tensors
    ]


def catch_refusal(path: Path) -> UserError | None:
    try:
        read_facts(path)
    except UserError as error:
        return error
    return None


def test_sample_models_are_read_as_by_the_reference(sample_models: list[Path]) -> None:
    for path in sample_models:
        header = read_header(path)
        assert header.tensors
        assert not header.missing_bytes
        assert_like_reference(header, path)


@pytest.mark.parametrize("name", ["bert-bge", "llama-spm"])
def test_vocabularies_are_read_as_by_the_reference(shared_data: Path, name: str) -> None:
    path = shared_data / "gguf-vocab" / f"ggml-vocab-{name}.gguf"
    assert_like_reference(read_header(path), path)


def test_all_vocabularies_are_read_fast(shared_data: Path) -> None:
    files = sorted((shared_data / "gguf-vocab").glob("*.gguf"))
    assert len(files) >= 13
    for path in files:
        started = time.perf_counter()
        header = read_header(path)
        assert time.perf_counter() - started < 2
        assert header.lengths["tokenizer.ggml.tokens"] > 30_000
        assert "tokenizer.ggml.tokens" not in header.values


@pytest.mark.parametrize("endianess", list(gguf.GGUFEndian))
def test_both_byte_orders(write_model: WriteModel, endianess: gguf.GGUFEndian) -> None:
    path = write_model(endianess=endianess)
    header = read_header(path)
    assert header.big_endian == (endianess is gguf.GGUFEndian.BIG)
    assert_like_reference(header, path)


def test_every_kind_of_value(write_model: WriteModel) -> None:
    def edit(writer: gguf.GGUFWriter) -> None:
        writer.add_uint8("x.u8", 200)
        writer.add_int8("x.i8", -100)
        writer.add_uint16("x.u16", 60_000)
        writer.add_int16("x.i16", -30_000)
        writer.add_int32("x.i32", -(2**31))
        writer.add_uint64("x.u64", 2**64 - 1)
        writer.add_int64("x.i64", -(2**63))
        writer.add_float32("x.f32", 0.5)
        writer.add_float64("x.f64", 1e300)
        writer.add_bool("x.bool", val=True)
        writer.add_array("x.flags", [True, False, True])
        writer.add_array("x.numbers", [1, -2, 3])
        writer.add_array("x.texts", ["a", "", "ä"])

    path = write_model(edit=edit)
    header = read_header(path)
    assert_like_reference(header, path)
    assert header.values["x.flags"] == (True, False, True)
    assert header.values["x.bool"] is True
    assert header.number("x.bool") is None
    assert header.number("x.u64") == 2**64 - 1
    assert header.numbers("x.numbers") == (1, -2, 3)
    assert header.numbers("x.texts") == ()


def test_tables_agree_with_the_reference() -> None:
    for kind in gguf.GGMLQuantizationType:
        if kind is gguf.GGMLQuantizationType.Q8_1:
            continue  # the package says 40 bytes, ggml's own source 36; no file has it
        ours = TENSOR_TYPES[kind.value]
        sizes = gguf.GGML_QUANT_SIZES[kind]
        assert (ours.name, ours.block_elements, ours.block_bytes) == (kind.name, *sizes)
    for file_type in gguf.LlamaFileType:
        if file_type is not gguf.LlamaFileType.GUESSED:
            assert file_type.name.endswith("_" + FILE_TYPES[file_type.value])


def test_malformed_files_end_in_a_sentence(shared_data: Path) -> None:
    folder = shared_data / "gguf-malformed"
    files = [p for p in folder.rglob("*") if p.is_file() and p.suffix not in (".json", ".md")]
    assert len(files) > 150
    for path in files:
        started = time.perf_counter()
        refusal = catch_refusal(path)
        assert time.perf_counter() - started < 1
        if refusal is not None:
            assert refusal.message.startswith(str(path))
            assert refusal.message.endswith(".")
            assert refusal.remedy


def test_what_llama_cpp_refuses_is_refused(shared_data: Path) -> None:
    folder = shared_data / "gguf-malformed"
    verdicts = msgspec.json.decode((folder / "verdicts.json").read_bytes())
    for name, verdict in verdicts.items():
        if verdict["llama_cpp"]["ok"]:
            header = read_header(folder / name)
            assert len(header.tensors) == verdict["llama_cpp"]["n_tensors"]
            keys = header.values.keys() | header.lengths.keys()
            assert len(keys) == verdict["llama_cpp"]["n_kv"]
        else:
            with pytest.raises(UserError):
                read_header(folder / name)


def test_mutations_never_raise_anything_else(write_model: WriteModel, tmp_path: Path) -> None:
    original = write_model().read_bytes()
    header_bytes = read_header(tmp_path / "tiny.gguf").data_offset
    dice = random.Random(20_240_607)  # noqa: S311 - reproducible, not secret
    broken = tmp_path / "broken.gguf"
    refused = 0
    for _ in range(600):
        data = bytearray(original)
        for _ in range(dice.choice((1, 1, 2, 8))):
            data[dice.randrange(header_bytes)] = dice.choice((0, 1, 0x7F, 0x80, 0xFF))
        if dice.random() < 0.2:
            del data[dice.randrange(len(data)) :]
        broken.write_bytes(data)
        refused += catch_refusal(broken) is not None
    assert 200 < refused < 600


def test_file_cut_in_the_weights_names_the_missing_bytes(write_model: WriteModel) -> None:
    path = write_model()
    whole = path.read_bytes()
    end = read_header(path).data_end
    path.write_bytes(whole[: end - 1_234])
    with pytest.raises(UserError, match=rf"1,234 of {end:,} bytes are missing"):
        read_facts(path)
    path.write_bytes(whole[:end])
    assert read_facts(path).parameters == 2 * (32 * 32 + 32)


@pytest.mark.parametrize(
    ("content", "guess"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS pointer"),
        (b"PK\x03\x04" + b"\0" * 60, "ZIP archive"),
        (b"\n<!DOCTYPE html><html><title>Log in</title>", "a web page"),
        (struct.pack("<Q", 40) + b'{"__metadata__":{"format":"pt"}}', "a safetensors file"),
        (b"\0" * 4096, "nothing but zero bytes"),
        (b"lmgg" + b"\x01" * 60, "GGML format"),
        (b"Just a note.\n", "but text"),
        (b"\x13\x37\x00\x01" * 8, "is no GGUF file."),
    ],
)
def test_other_files_are_told_by_name(tmp_path: Path, content: bytes, guess: str) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_header(path)
    assert guess in caught.value.message
    assert caught.value.remedy


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_pipes_and_devices_are_never_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.gguf"
    os.mkfifo(pipe)
    with pytest.raises(UserError, match="is a pipe"):
        read_header(pipe)
    with pytest.raises(UserError, match="is a device"):
        read_header(Path(os.devnull))


def test_links_that_lead_nowhere(tmp_path: Path) -> None:
    circle = tmp_path / "circle.gguf"
    circle.symlink_to(circle)
    with pytest.raises(UserError, match="leads back to itself"):
        read_header(circle)
    dangling = tmp_path / "dangling.gguf"
    dangling.symlink_to(tmp_path / "gone.gguf")
    with pytest.raises(UserError, match="not there"):
        read_header(dangling)
    with pytest.raises(UserError, match="There is no file"):
        read_header(tmp_path / "absent.gguf")
    with pytest.raises(UserError, match="is a folder"):
        read_header(tmp_path)
    with pytest.raises(UserError, match="not a possible file name"):
        read_header(Path("a\0b"))


def test_huge_counts_are_refused_before_anything_is_allocated(tmp_path: Path) -> None:
    path = tmp_path / "huge.gguf"
    array = pack_string(b"k") + struct.pack("<IIQ", 9, 5, 2**62)
    for content in (
        b"GGUF" + struct.pack("<IQQ", 3, 2**63, 0),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 2**40),
        pack_header(array),
        pack_header(pack_string(b"k") + struct.pack("<IQ", 8, 2**63)),
    ):
        path.write_bytes(content)
        with pytest.raises(UserError, match="damaged"):
            read_header(path)


def test_an_endless_vocabulary_is_refused_quickly(tmp_path: Path) -> None:
    path = tmp_path / "strings.gguf"
    count = STRINGS_LIMIT + 1
    with path.open("wb") as stream:
        stream.write(pack_header(pack_string(b"k") + struct.pack("<IIQ", 9, 8, count)))
        stream.truncate(count * 9)
    started = time.perf_counter()
    with pytest.raises(UserError, match="strings"):
        read_header(path)
    assert time.perf_counter() - started < 1


def test_a_header_beyond_the_limit_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "long.gguf"
    size = HEADER_LIMIT_BYTES + 10
    with path.open("wb") as stream:
        stream.write(pack_header(pack_string(b"k") + struct.pack("<IIQ", 9, 0, size)))
        stream.truncate(size + 4096)
    with pytest.raises(UserError, match="header"):
        read_header(path)


def test_bytes_that_are_no_utf8_stay_readable(tmp_path: Path) -> None:
    path = tmp_path / "latin.gguf"
    name = pack_string(b"general.name") + struct.pack("<I", 8) + pack_string(b"Caf\xe9")
    path.write_bytes(pack_header(ARCHITECTURE, name))
    assert read_facts(path).header_name == "Caf�"


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ((pack_tensor(b"a", (32,)), pack_tensor(b"a", (32,), offset=128)), "twice"),
        ((pack_tensor(b"a", (32,), offset=64),), "impossible place"),
        ((pack_tensor(b"a", (33,), kind=2),), "impossible shape"),
        ((pack_tensor(b"a", (2**40, 2**40)),), "impossible shape"),
        ((pack_tensor(b"a", (32, 1, 1, 1, 1)),), "5 dimensions"),
        ((pack_tensor(b"a" * 64, (32,)),), "name of 64 bytes"),
        ((pack_tensor(b"a", (32,), kind=31),), "type 31"),
    ],
)
def test_impossible_tensors(tmp_path: Path, tensors: tuple[bytes, ...], words: str) -> None:
    path = tmp_path / "tensors.gguf"
    path.write_bytes(pack_header(ARCHITECTURE, tensors=tensors) + b"\0" * 4096)
    with pytest.raises(UserError, match=words):
        read_header(path)


def test_versions(tmp_path: Path) -> None:
    path = tmp_path / "version.gguf"
    path.write_bytes(pack_header(ARCHITECTURE, version=2))
    assert read_facts(path).gguf_version == 2
    path.write_bytes(pack_header(ARCHITECTURE, version=1))
    with pytest.raises(UserError, match="version 1 of GGUF"):
        read_header(path)
    path.write_bytes(pack_header(ARCHITECTURE, version=4))
    with pytest.raises(UserError, match="GGUF version 4; versions 2 and 3"):
        read_header(path)
