"""The register of suppliers: what it says of models, and how it is read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from desktop import paths
from desktop.domain.language_model import FactOrigin
from desktop.errors import UserError
from desktop.gguf import oddities, suppliers
from desktop.gguf.architectures import KNOWN_ARCHITECTURES
from desktop.gguf.facts import read_facts
from desktop.gguf.finder import read_model
from desktop.gguf.suppliers import Register, load_register, pattern_fits, read_register

WriteModel = Callable[..., Path]

BUNDLED = paths.resources_folder() / "suppliers" / "suppliers.yaml"
# Architectures of files that the pinned llama.cpp does not load, but that people have.
OLDER_ARCHITECTURES = {"mllama", "bitnet-b1.58"}

SMALL = """\
format: touchstone-suppliers
version: 1
date: "2026-01-31"
licenses:
  ours:
    name: Our Licence
    commercial_use: "no"
    conditions: Not for sale.
    source: https://example.org/licence
    date: "2026-01-31"
families:
  - family: Ours
    supplier: Us
    country: Utopia
    names: [ours*]
    carriers: [llama]
    license: ours
    source: https://example.org/ours
    date: "2026-01-31"
"""


@pytest.fixture(scope="module")
def register() -> Register:
    return read_register(BUNDLED)


def find(register: Register, architecture: str, header: str, file: str = "x") -> tuple[str, ...]:
    """Return family, origin, licence and the licence's origin."""
    found = register.find_supplier(architecture, (header,), file)
    if found is None:
        return ()
    supplier, terms = found
    return (supplier.family, supplier.origin, *((terms.id, terms.origin) if terms else ()))


def test_the_bundled_register_is_whole(register: Register) -> None:
    assert len({family.supplier for family in register.families}) >= 35
    named = [family.family for family in register.families]
    assert len(set(named)) == len(named)
    known = [a for family in register.families for a in family.architectures]
    assert len(set(known)) == len(known), "an architecture names one family, or none by itself"
    shared = {a for family in register.families for a in family.carriers}
    assert {*known, *shared} <= KNOWN_ARCHITECTURES | OLDER_ARCHITECTURES
    assert not load_register().problem


@pytest.mark.parametrize(
    ("architecture", "header", "file", "expected"),
    [
        ("llama", "Meta Llama 3.1 8B Instruct", "x", ("Llama 3.1", "register", "llama3.1")),
        ("llama", "Meta-Llama-3-8B", "x", ("Llama 3", "register", "llama3")),
        ("llama", "smollm2", "x", ("SmolLM", "register", "apache-2.0")),
        ("llama", "", "SmolLM2-135M", ("SmolLM", "file_name", "apache-2.0")),
        ("qwen2", "Qwen2.5 7B Instruct", "x", ("Qwen 2.5", "register", "apache-2.0")),
        ("qwen2", "Qwen2.5 3B Instruct", "x", ("Qwen 2.5", "register", "qwen-research")),
        ("qwen2", "Qwen2.5 72B", "x", ("Qwen 2.5", "register", "tongyi-qianwen")),
        ("qwen3", "", "anything", ("Qwen 3", "register", "apache-2.0")),
        ("gemma3", "", "anything", ("Gemma 3", "register", "gemma")),
        ("deepseek2", "DeepSeek R1", "x", ("DeepSeek R1", "register", "mit")),
        ("falcon", "Falcon 180B", "x", ("Falcon", "register", "falcon-180b")),
        ("gpt-oss", "Gpt Oss 20b", "x", ("gpt-oss", "register", "apache-2.0")),
        ("deepseek2", "Kimi K2 Instruct", "x", ("Kimi K2", "register", "modified-mit-kimi")),
        ("command-r", "C4AI Command R v01", "x", ("Command R", "register", "cc-by-nc-4.0")),
    ],
)
def test_families_and_their_licences(
    register: Register, architecture: str, header: str, file: str, expected: tuple[str, ...]
) -> None:
    assert find(register, architecture, header, file)[:3] == expected


def test_the_longest_name_decides(register: Register) -> None:
    name = "DeepSeek-R1-Distill-Llama-8B"
    assert find(register, "llama", name)[:3] == (
        "DeepSeek R1 distilled into Llama",
        "register",
        "llama3.1",
    )


def test_a_name_that_the_architecture_contradicts_is_not_believed(register: Register) -> None:
    assert find(register, "gpt2", "Llama 3.1 8B") == ()
    assert find(register, "qwen3", "Llama 3.1 8B")[0] == "Qwen 3"
    assert find(register, "made-up", "Qwen3 8B") == ()


def test_a_version_that_only_the_file_name_tells_makes_the_licence_a_guess_by_it(
    register: Register,
) -> None:
    assert find(register, "falcon", "Falcon", "falcon-180b-chat") == (
        "Falcon",
        FactOrigin.REGISTER,
        "falcon-180b",
        FactOrigin.FILE_NAME,
    )


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("llama-3.1", "meta-llama-3.1-8b", True),
        ("llama-3", "llama-3.1-8b", False),
        ("llama-3", "codellama-3", False),
        ("qwen*", "qwen2.5-7b", True),
        ("yi-6b*", "yi-6b", True),
        ("phi-4", "phi-4", True),
    ],
)
def test_patterns_are_words_in_a_row(pattern: str, name: str, fits: bool) -> None:
    assert pattern_fits(pattern, name) is fits


def test_the_header_s_licence_goes_before_the_family_s(write_model: WriteModel) -> None:
    stated = read_facts(write_model("Llama-3.1-8B.gguf", license_name="MIT")).license_terms
    assert stated is not None
    assert (stated.id, stated.origin, stated.commercial_use) == ("mit", FactOrigin.HEADER, "yes")
    silent = read_facts(write_model("Llama-3.1-8B.gguf", license_name=None)).license_terms
    assert silent is not None
    assert (silent.id, silent.origin) == ("llama3.1", FactOrigin.FILE_NAME)
    assert "700 million" in silent.conditions
    nothing = read_facts(write_model("Llama-3.1-8B.gguf", license_name="other")).license_terms
    assert nothing == silent
    # A licence that nobody knows is not covered up by a guess.
    assert read_facts(write_model("Llama-3.1-8B.gguf", license_name="x-1")).license_terms is None


def test_a_missing_licence_is_told_with_the_guess(write_model: WriteModel) -> None:
    model = read_model(write_model("Llama-3.1-8B.gguf", license_name=None))
    (warning,) = model.warnings
    assert warning.code == "no_license"
    assert "a guess by “llama-3.1” in the file's name: Llama 3.1 Community" in warning.message


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("version: 1", "version: 2", 2, "version must be 1"),
        ("touchstone-suppliers", "suite", 1, "format must be touchstone-suppliers"),
        ('date: "2026-01-31"\nlicenses', "date: today\nlicenses", 3, "must be a date"),
        ('commercial_use: "no"', "commercial_use: maybe", 7, "must be one of"),
        ("license: ours", "license: theirs", 17, "“theirs”, which is not described"),
        ("country: Utopia", "countri: Utopia", 14, "countri is not known here"),
        ("names: [ours*]", "names: [Ours One]", 15, "in lower case"),
        ("names: [ours*]", "names: ours", 15, "names must be a list"),
        ("    carriers: [llama]\n", "", 12, "needs architectures"),
        ("https://example.org/ours", "ftp://example.org", 18, "begins with https"),
        ("supplier: Us", "supplier: ''", 13, "must not be empty"),
        ("supplier: Us", "supplier: [Us]", 13, "supplier must be a text"),
        ("    supplier: Us\n", "", 12, "supplier is missing"),
        ("names: [ours*]", "names: &a [*a]", 15, "aliases"),
        ("names: [ours*]", "names: " + "[" * 30 + "]" * 30, 15, "levels deep"),
        ("country: Utopia", "country: [", 16, "no YAML"),
        ("    country: Utopia\n", "    country: A\n    country: B\n", 15, "twice"),
    ],
)
def test_mistakes_are_told_by_file_line_and_key(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    path = tmp_path / "suppliers.yaml"
    assert SMALL.count(old) == 1
    path.write_text(SMALL.replace(old, new), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_register(path)
    assert words in caught.value.message
    assert f"{path}, line {line}: " in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a: \x01", b"- 1", b"x" * (1 << 20) + b"x"])
def test_what_is_no_register(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "suppliers.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"suppliers\.yaml"):
        read_register(path)


@pytest.fixture
def own_register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "data_folder", lambda: tmp_path)
    monkeypatch.setattr(suppliers, "load_register", suppliers.load_register.__wrapped__)
    return tmp_path / "suppliers.yaml"


def test_an_own_register_comes_first(own_register: Path) -> None:
    own_register.write_text(SMALL.replace("ours*", "llama-3.1"), encoding="utf-8")
    loaded = suppliers.load_register()
    assert not loaded.problem
    assert find(loaded, "llama", "Llama 3.1 8B")[0] == "Ours"
    assert find(loaded, "gemma3", "")[0] == "Gemma 3"


def test_a_broken_own_register_is_told_and_the_bundled_one_still_works(own_register: Path) -> None:
    own_register.write_text("format: nonsense", encoding="utf-8")
    loaded = suppliers.load_register()
    assert f"{own_register}, line 1" in loaded.problem
    assert find(loaded, "gemma3", "")[0] == "Gemma 3"


def test_every_model_tells_of_a_register_that_can_not_be_used(
    own_register: Path, write_model: WriteModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def codes() -> list[str]:
        monkeypatch.setattr(oddities, "load_register", suppliers.load_register)
        return [warning.code for warning in read_model(write_model()).warnings]

    assert codes() == []
    own_register.write_text("format: [", encoding="utf-8")
    assert codes() == ["register_problem"]


def test_editing_a_register_changes_its_version(
    own_register: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suppliers, "register_version", suppliers.register_version.__wrapped__)
    versions = {suppliers.register_version()}
    for text in (SMALL, SMALL.replace("Utopia", "Atlantis")):
        own_register.write_text(text, encoding="utf-8")
        versions.add(suppliers.register_version())
    assert len(versions) == 3
