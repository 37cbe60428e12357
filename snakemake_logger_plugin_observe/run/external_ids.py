"""A submission's id in the cluster, also where the submit command answered with a sentence."""

import re
from typing import Final

# "Submitted batch job 311", "Your job 311 ("map") has been submitted", "Job <311> is submitted to".
_SENTENCE: Final = re.compile(
    r"(?i:(?=.*\bsubmitted\b).*?\bjob\b)\W{0,3}(?P<id>\d{1,15}(?:_\d{1,9})?)\b"
)


def id_in(external: str | None) -> str | None:
    """Return the id in what a submit command answered: all of it, or the one in a sentence.

    None for an error text, or a sentence without an id: they are ids of nothing.
    """
    if external is None or " " not in external:
        return external
    found = _SENTENCE.match(external)
    return found["id"] if found is not None else None
