"""The program as a process, with a home of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from desktop.paths import sample_models_folder

LIMIT_SECONDS = 240


class Program:
    """Starts `touchstone` with a home, and so a database, of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.started: list[subprocess.Popen[str]] = []

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "TOUCHSTONE_HOME": str(self.home),
            "TOUCHSTONE_SAMPLE_MODELS": str(sample_models_folder()),
            "PYTHONWARNINGS": "error",
        }

    @property
    def database(self) -> Path:
        return self.home / "data" / "touchstone.sqlite"

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "desktop", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=self.environment,
            cwd=Path(__file__).resolve().parents[2],
        )
        self.started.append(process)
        return process

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=LIMIT_SECONDS)
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def ask(self, *arguments: object, exit_code: int = 0) -> Any:
        """Run with `--json` and return the document."""
        done = self.run(*arguments, "--json")
        assert done.returncode == exit_code, done.stderr
        return json.loads(done.stdout)

    def refuse(self, *arguments: object, exit_code: int = 2) -> str:
        """Run what must be refused; return the one sentence (or two) on stderr."""
        done = self.run(*arguments)
        assert done.returncode == exit_code, done.stderr
        assert done.stdout == ""
        lines = done.stderr.strip().splitlines()
        return lines[-1]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path / "home")
    yield program
    for process in program.started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def write_suite(tmp_path: Path) -> Callable[..., Path]:
    """Write a small suite; returns its path."""

    def write(cases: int = 3, max_tokens: int = 8, name: str = "small") -> Path:
        lines = [
            "touchstone_suite: 1",
            f"id: {name}",
            "title: Small suite",
            'version: "1"',
            "cases:",
        ]
        for number in range(1, cases + 1):
            lines += [
                f"  - id: case-{number}",
                f"    title: Case {number}",
                f"    prompt: Say yes to question {number}.",
                f"    max_tokens: {max_tokens}",
                "    checks:",
                "      - contains: yes it is",
            ]
        path = tmp_path / f"{name}.yaml"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def smollm() -> Path:
    path = sample_models_folder() / "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert path.is_file(), "The sample models are missing: make sample-models"
    return path


@pytest.fixture
def gemma() -> Path:
    path = sample_models_folder() / "gemma-3-270m-q4_k_m.gguf"
    assert path.is_file(), "The sample models are missing: make sample-models"
    return path
