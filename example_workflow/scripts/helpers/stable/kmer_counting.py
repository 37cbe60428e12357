"""Version 1.0 of the counting helper: a k-mer and its reverse complement count as one."""

from collections import Counter
from collections.abc import Iterable

from common import kmers_of, reverse_complement

VERSION = "1.0"


def count(sequences: Iterable[str], k: int) -> Counter[str]:
    """Count the canonical k-mers: of the two strands, the alphabetically first."""
    return Counter(
        min(kmer, reverse_complement(kmer))
        for sequence in sequences
        for kmer in kmers_of(sequence, k)
    )
