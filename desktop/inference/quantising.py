"""What a model can be quantised to, and the file in which that is done.

No llama.cpp here: windows list the kinds, and whoever ends an engine in the middle of its work
clears away what it has left.
"""

from pathlib import Path

# From the best to the smallest, in the names that files and people use. Those are missing that
# need an importance matrix, which has to be measured on text first.
QUANTISATION_KINDS = (
    *("F32", "F16", "BF16", "Q8_0", "Q6_K"),
    *("Q5_K_M", "Q5_K_S", "Q5_1", "Q5_0"),
    *("Q4_K_M", "Q4_K_S", "Q4_1", "Q4_0", "IQ4_NL", "IQ4_XS"),
    *("Q3_K_L", "Q3_K_M", "Q3_K_S", "IQ3_M", "IQ3_S", "Q2_K"),
)


def partial_path(target: str) -> Path:
    """Return where a model is written until it is whole: hidden, beside its target."""
    path = Path(target)
    return path.with_name(f".{path.name}.part")
