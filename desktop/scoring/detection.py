"""Which language a text is in, by langdetect: 55 languages, told apart by letters and their pairs.

Its result depends on random draws, which are seeded here, so that a text always gets the same
answer (IFEval's scorer draws anew each time). It needs some twenty letters; below that, and
between close relatives (Norwegian and Danish, Croatian and Slovene, Indonesian and Malay), it
guesses.
"""

from functools import lru_cache

from langdetect import PROFILES_DIRECTORY, DetectorFactory, LangDetectException

_SEED = 0


@lru_cache(maxsize=1)
def _factory() -> DetectorFactory:
    """Read the profiles: a third of a second, so only once they are needed."""
    factory = DetectorFactory()
    factory.load_profile(PROFILES_DIRECTORY)
    factory.seed = _SEED
    return factory


def list_languages() -> tuple[str, ...]:
    """Return the codes that `detect_language` may give: ISO 639-1, and zh-cn and zh-tw."""
    return tuple(sorted(_factory().langlist))


@lru_cache(maxsize=256)
def detect_language(text: str) -> str | None:
    """Return a text's likeliest language, `None` if it has nothing to tell by."""
    detector = _factory().create()
    try:
        detector.append(text)
        return str(detector.detect())
    except LangDetectException:
        return None
