"""What the tools share: reading and writing sequences and tables, and logging."""

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

PHRED_OFFSET = 33


class Read(NamedTuple):
    """One FASTQ record."""

    name: str
    sequence: str
    qualities: str

    def scores(self) -> list[int]:
        """Return the Phred score of each base."""
        return [ord(character) - PHRED_OFFSET for character in self.qualities]


def say(message: str) -> None:
    """Write one line to standard error, which every rule sends to its log."""
    print(message, file=sys.stderr, flush=True)


def read_fastq(path: Path) -> Iterator[Read]:
    """Yield the records of a FASTQ file, and skip lines that belong to none.

    This leniency lets a checksum file pass as a sample without reads. Otherwise the incident
    in which discovery finds too much would stop here, and be obvious.
    """
    skipped = 0
    with path.open() as lines:
        for line in lines:
            if not line.startswith("@"):
                skipped += 1
                continue
            sequence, _, qualities = (next(lines).rstrip("\n") for _ in range(3))
            yield Read(line[1:].rstrip("\n"), sequence, qualities)
    if skipped:
        say(f"{path.name}: skipped {skipped} line(s) that are no FASTQ record")


def write_fastq(path: Path, reads: Iterable[Read]) -> None:
    """Write *reads* as FASTQ records of four lines."""
    with path.open("w") as stream:
        stream.writelines(f"@{r.name}\n{r.sequence}\n+\n{r.qualities}\n" for r in reads)


def read_fasta(path: Path) -> dict[str, str]:
    """Return a FASTA file's sequences by name."""
    sequences: dict[str, str] = {}
    for entry in path.read_text().split(">")[1:]:
        name, _, sequence = entry.partition("\n")
        sequences[name.strip()] = sequence.replace("\n", "")
    return sequences


def write_fasta(path: Path, sequences: dict[str, str]) -> None:
    """Write *sequences*, one line each."""
    path.write_text("".join(f">{name}\n{sequence}\n" for name, sequence in sequences.items()))


def reverse_complement(sequence: str) -> str:
    """Return the other strand."""
    return sequence[::-1].translate(str.maketrans("ACGT", "TGCA"))


def kmers_of(sequence: str, k: int) -> Iterator[str]:
    """Return every window of *k* bases."""
    return (sequence[start : start + k] for start in range(len(sequence) - k + 1))


def read_tsv(path: Path) -> list[dict[str, str]]:
    """Return a table's rows by column name."""
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def write_tsv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table with a header line."""
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
