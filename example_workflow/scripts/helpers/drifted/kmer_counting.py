"""Version 1.1 of the counting helper: the two strands are no longer counted as one.

A changed default in a minor release, a typical cause of drift: the same call, no error, but
different numbers.
"""

from collections import Counter
from collections.abc import Iterable

from common import kmers_of

VERSION = "1.1"


def count(sequences: Iterable[str], k: int) -> Counter[str]:
    """Count the k-mers as they were read."""
    return Counter(kmer for sequence in sequences for kmer in kmers_of(sequence, k))
