"""Two pretended models for trying the window without a file: `touchstone --engine scripted`.

They answer the bundled suites from the suites' own examples, so that everything moves and looks
as it would; their names and path say that they are not real.
"""

import hashlib
import re

from desktop.domain.language_model import LanguageModel, ModelFacts
from desktop.inference.scripted import EngineScript, ScriptedReply
from desktop.suites.reader import list_bundled_suites, read_suite

_PREFIX = "scripted:"
# A case is known by the end of its prompt, where its question is; some are a whole book.
_TAIL = 300
# Shares of cases that the pretended models answer well, out of 100.
_MODELS = {"attentive": 78, "hasty": 46}


def is_pretended(model: LanguageModel) -> bool:
    """Whether a model has no file and only the scripted engine can answer for it."""
    return model.path.startswith(_PREFIX)


def list_demonstration_models() -> tuple[LanguageModel, ...]:
    """Return the pretended models."""
    return tuple(
        LanguageModel(
            id=f"scripted-{name}",
            paths=(f"{_PREFIX}{name}",),
            facts=ModelFacts(
                name=f"Pretended {name} model",
                architecture="scripted",
                quantization="none",
                context_length=8192,
                file_bytes=1,
                license="not a real model",
                chat_template="scripted",
            ),
            modified_ns=0,
            sha256=hashlib.sha256(name.encode()).hexdigest(),
        )
        for name in _MODELS
    )


def make_demonstration_script() -> EngineScript:
    """Return a script that answers every bundled case, well or badly by model."""
    replies = []
    for path in list_bundled_suites():
        for case in read_suite(path).cases:
            if not case.messages:  # decided by likelihood
                continue
            pattern = re.escape(case.messages[-1].content.strip()[-_TAIL:])
            for model, share in _MODELS.items():
                well = _draw(f"{model} {case.id}") < share
                text = case.passing_example if well else case.failing_example
                replies.append(
                    ScriptedReply(
                        pattern=pattern, model=re.escape(_PREFIX + model), text=text or "I see."
                    )
                )
    return EngineScript(replies=tuple(replies), pace=0.3)


def _draw(text: str) -> int:
    """Return a number from 0 to 99 that depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % 100
