"""Run as a process of its own by the tests of quantising: provokes what would hurt the tests'.

Prints, as JSON, llama.cpp's names of the kinds, and the sentences of what went wrong on purpose.
"""

import json
import resource
import shutil
import sys
from pathlib import Path

from desktop.errors import EngineFault
from desktop.inference.engine import Quantise
from desktop.inference.llama.binding import api
from desktop.inference.llama.quantisation import file_type_of, quantise
from desktop.inference.quantising import QUANTISATION_KINDS

_LIMIT_BYTES = 5_000_000


def explain(request: Quantise) -> str:
    """Return the sentence that a quantisation ends in."""
    try:
        for _ in quantise(request):
            pass
    except EngineFault as fault:
        return fault.message
    return "done"


def main(source: str, target: str) -> None:
    """Quantise with a disk that is too small, and one whose size is a lie."""
    api.llama_backend_init()
    names = {kind: api.llama_ftype_name(file_type_of(kind)).decode() for kind in QUANTISATION_KINDS}
    request = Quantise(source=source, target=target, kind="Q8_0", threads=2)
    usage, real = shutil.disk_usage("/"), shutil.disk_usage
    shutil.disk_usage = lambda _: usage._replace(free=1_000_000)  # type: ignore[assignment]
    small = explain(request)
    shutil.disk_usage = real
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LIMIT_BYTES, _LIMIT_BYTES))
    full = explain(request)
    left = sorted(path.name for path in Path(target).parent.iterdir())
    sys.stdout.write(json.dumps({"names": names, "small": small, "full": full, "left": left}))


if __name__ == "__main__":
    main(*sys.argv[1:])
