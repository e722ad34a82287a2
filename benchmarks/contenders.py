"""Four ways to answer the same prompts with the same model.

Ours, llama-server, a plain loop, and what llama-batched-bench says is possible. All are greedy and
use as many threads, and loading is never counted.
"""

import contextlib
import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pipe
from pathlib import Path
from typing import Any, NamedTuple

import peers

from desktop.domain.base import Value
from desktop.domain.run import EngineFacts
from desktop.domain.settings import Sampling
from desktop.inference.engine import (
    ContextMade,
    GenerationEvent,
    GenerationFinished,
    LoadModel,
    Prompt,
)
from desktop.worker.engine_frames import decode_event, encode
from desktop.worker.engine_process import start_llama_engine

_START_SECONDS = 60
_CELLS = 256


class Answered(Value, frozen=True, kw_only=True):
    """How long all prompts took, and what came out, in the prompts' order."""

    seconds: float
    tokens: int
    texts: tuple[str, ...]


class Ours(Value, frozen=True, kw_only=True):
    """The same, with what only we know of ourselves.

    `choosing_seconds` went into finding settings by trial, and are part of `seconds`.
    `pipe_seconds` is what all events take to be encoded, sent, received and decoded again, and
    `parent_seconds` is the processor time of the parent, receiving included.
    """

    answered: Answered
    facts: EngineFacts
    choosing_seconds: float
    prompt_tokens: float
    shared_tokens: float
    pipe_seconds: float
    parent_seconds: float

    @property
    def generated_tokens(self) -> float:
        """Generated tokens of one case on the mean."""
        return self.answered.tokens / len(self.answered.texts)


def answer_ours(model: Path, prompts: Sequence[str], max_tokens: int, request: LoadModel) -> Ours:
    """Answer through a fresh engine process, with its events, as a run does."""
    engine = start_llama_engine()
    try:
        facts = engine.load(request).facts
        asked = [
            Prompt(
                key=str(number),
                text=prompt,
                has_special_tokens=True,
                sampling=Sampling(),
                max_tokens=max_tokens,
            )
            for number, prompt in enumerate(prompts)
        ]
        events: list[GenerationEvent] = []
        choosing = 0.0
        used, started = time.process_time(), time.perf_counter()
        for event in engine.generate(asked):
            events.append(event)
            if isinstance(event, ContextMade):
                facts, choosing = event.facts, time.perf_counter() - started
        seconds, used = time.perf_counter() - started, time.process_time() - used
    finally:
        engine.close()
    ends = {event.key: event for event in events if isinstance(event, GenerationFinished)}
    if len(ends) != len(prompts):
        print(f"Only {len(ends)} of {len(prompts)} prompts were answered with {model.name}.")
        sys.exit(2)
    count = len(ends)
    return Ours(
        answered=Answered(
            seconds=seconds,
            tokens=sum(end.generated_tokens for end in ends.values()),
            texts=tuple(ends[prompt.key].text for prompt in asked),
        ),
        facts=facts,
        choosing_seconds=choosing,
        prompt_tokens=sum(end.prompt_tokens for end in ends.values()) / count,
        shared_tokens=sum(end.shared_tokens for end in ends.values()) / count,
        pipe_seconds=_replay(events),
        parent_seconds=used,
    )


def _replay(events: Sequence[GenerationEvent]) -> float:
    """Return the processor time that sending these events through a pipe takes on both ends."""
    receiver, sender = Pipe(duplex=False)
    started = time.process_time()
    for event in events:
        sender.send_bytes(encode(event))
        decode_event(receiver.recv_bytes())
    return time.process_time() - started


def answer_in_a_loop(
    model: Path, prompts: Sequence[str], max_tokens: int, *, threads: int, context: int
) -> Answered:
    """Answer by llama-cpp-python's high-level class, one prompt after another."""
    script = Path(__file__).with_name("high_level_loop.py")
    done = subprocess.run(
        [sys.executable, str(script), str(model), *map(str, (threads, context, max_tokens))],
        input=json.dumps(list(prompts)),
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout)
    return Answered(seconds=said["seconds"], tokens=said["tokens"], texts=tuple(said["texts"]))


def answer_by_server(
    model: Path, prompts: Sequence[str], max_tokens: int, *, threads: int, context: int, slots: int
) -> Answered:
    """Answer by llama-server with parallel slots; twice as many clients keep them all busy."""
    with _running_server(model, threads, context, slots) as port:

        def ask(prompt: str) -> Any:
            return _post(port, prompt, max_tokens)

        ask(prompts[0])  # warm, as the others are
        with ThreadPoolExecutor(2 * slots) as clients:
            started = time.perf_counter()
            answers = list(clients.map(ask, prompts))
            seconds = time.perf_counter() - started
    return Answered(
        seconds=seconds,
        tokens=sum(answer["tokens_predicted"] for answer in answers),
        texts=tuple(answer["content"] for answer in answers),
    )


@contextlib.contextmanager
def _running_server(model: Path, threads: int, context: int, slots: int) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    process = subprocess.Popen(
        [
            *(str(peers.find_tool("llama-server")), "-m", str(model), "--offline"),
            *("--host", "127.0.0.1", "--port", str(port), "--threads-http", str(2 * slots + 2)),
            *("-np", str(slots), "-c", str(slots * context), "-t", str(threads)),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + _START_SECONDS
        while not _is_healthy(port):
            if process.poll() is not None or time.monotonic() > end:
                print(f"llama-server did not start with {model.name}.")
                sys.exit(2)
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def _is_healthy(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False


def _post(port: int, prompt: str, max_tokens: int) -> Any:
    body = {
        "prompt": prompt,
        "n_predict": max_tokens,
        "samplers": ["top_k"],
        "top_k": 1,
        "temperature": 0.0,
    }
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    connection.request("POST", "/completion", json.dumps(body))
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    if response.status != http.HTTPStatus.OK:
        print(f"llama-server declined: {answer}")
        sys.exit(2)
    return answer


class Setting(NamedTuple):
    """What llama-batched-bench is told: sequences at once, and whether attention is fused."""

    sequences: int
    attention: str

    def __str__(self) -> str:
        """Return it as the tables show it."""
        return f"{self.sequences} sequences, flash attention {self.attention}"


def measure_ceiling(
    model: Path, ours: Ours, settings: Sequence[Setting], *, threads: int
) -> dict[Setting, float]:
    """Return llama-batched-bench's seconds for as many cases of our mean lengths, by setting.

    It knows whole tokens only, so its times are scaled from rounded lengths to the means. It
    shares nothing between sequences and stops for nothing.
    """
    found = {}
    for attention in dict.fromkeys(setting.attention for setting in settings):
        counts = [s.sequences for s in settings if s.attention == attention]
        for count, seconds in _run_batched_bench(model, ours, counts, attention, threads).items():
            found[Setting(count, attention)] = seconds
    return found


def _run_batched_bench(
    model: Path, ours: Ours, sequences: Sequence[int], attention: str, threads: int
) -> dict[int, float]:
    prompt, generated = round(ours.prompt_tokens), max(1, round(ours.generated_tokens))
    cells = -(-(prompt + generated) // _CELLS) * _CELLS
    output = peers.run_tool(
        "llama-batched-bench",
        *("-m", model, "-t", threads, "-c", cells * max(sequences), "--output-format", "jsonl"),
        *("-npp", prompt, "-ntg", generated, "-npl", ",".join(map(str, sequences))),
        *("-fa", attention),
    )
    rows = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    if len(rows) != len(sequences):
        # It prints from a thread of its own, which a busy machine may not let come to its turn.
        print(f"llama-batched-bench told {len(rows)} of {len(sequences)} results.")
        sys.exit(2)
    cases = len(ours.answered.texts)
    return {
        row["pl"]: cases
        / row["pl"]
        * (
            row["t_pp"] * ours.prompt_tokens / prompt
            + row["t_tg"] * ours.generated_tokens / generated
        )
        for row in rows
    }
