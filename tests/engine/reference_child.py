"""llama-cpp-python's high-level class as a reference, run as a process of its own.

Reads a job as JSON from standard input (`path`, `prompts`, `special`, `flash_attention`,
`max_tokens`) and writes each prompt's greedy answer as JSON to standard output: its text and how
many tokens it has.
"""

import json
import sys
import types


def main() -> None:
    # As in the product: the binding imports a package with a known hole that it never needs.
    sys.modules.setdefault("diskcache", types.ModuleType("diskcache"))
    from llama_cpp import Llama  # noqa: PLC0415 - after the line above

    job = json.load(sys.stdin)
    llama = Llama(
        job["path"],
        n_ctx=1024,
        n_threads=1,
        n_threads_batch=1,
        flash_attn=job["flash_attention"],
        verbose=False,
    )
    ends = {token for token in range(llama.n_vocab()) if _ends(llama, token)}
    answers = []
    for prompt in job["prompts"]:
        tokens = llama.tokenize(prompt.encode(), add_bos=not job["special"], special=job["special"])
        llama.reset()  # type: ignore[no-untyped-call]
        written: list[int] = []
        for token in llama.generate(tokens, temp=0.0, top_k=1, repeat_penalty=1.0):
            if token in ends or len(written) == job["max_tokens"]:
                break
            written.append(token)
        text = llama.detokenize(written, prev_tokens=tokens).decode(errors="replace")
        answers.append([text, len(written)])
    json.dump(answers, sys.stdout)


def _ends(llama: object, token: int) -> bool:
    from llama_cpp import llama_vocab_is_eog  # noqa: PLC0415 - as above

    return bool(llama_vocab_is_eog(llama._model.vocab, token))  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
