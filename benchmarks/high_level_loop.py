"""A loop over llama-cpp-python's high-level class, as its users write it; runs as a process.

`python high_level_loop.py MODEL THREADS CONTEXT MAX_TOKENS < prompts.json` prints one JSON object:
the seconds of the loop without loading, the tokens that were generated, and the answers.
"""

import json
import os
import sys
import time
import types
from typing import Any


def main() -> None:
    """Answer one prompt after another, greedily."""
    model, threads, context, max_tokens = sys.argv[1], *map(int, sys.argv[2:5])
    prompts = json.load(sys.stdin)
    # The binding imports diskcache, which is not installed here, and never needs it.
    sys.modules.setdefault("diskcache", types.ModuleType("diskcache"))
    from llama_cpp import Llama  # noqa: PLC0415 - only after the line above

    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 2)  # `verbose=False` would redirect both outputs around every single call
    llama: Any = Llama(
        model,
        n_ctx=context,
        n_batch=512,
        n_threads=threads,
        n_threads_batch=threads,
        n_gpu_layers=-1,
    )
    llama.create_completion(prompts[0], max_tokens=1, temperature=0.0)  # warm, as the others are
    llama.reset()
    started = time.perf_counter()
    answers = [
        llama.create_completion(prompt, max_tokens=max_tokens, temperature=0.0, repeat_penalty=1.0)
        for prompt in prompts
    ]
    seconds = time.perf_counter() - started
    print(
        json.dumps(
            {
                "seconds": seconds,
                "tokens": sum(answer["usage"]["completion_tokens"] for answer in answers),
                "texts": [answer["choices"][0]["text"] for answer in answers],
            }
        )
    )


if __name__ == "__main__":
    main()
