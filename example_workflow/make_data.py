"""Make the small data set under data/: the same bytes on every run and every machine.

Five samples of reads drawn from the panel's sequences and a negative control with few reads,
each with the .md5 sidecar that sequencing centres often deliver. The random numbers come
from a fixed seed and are integers only, so no platform's floating point can change a byte.
"""

import argparse
import hashlib
import random
from pathlib import Path

SEED = 20240229
TARGETS = ("amoeba", "borrelia", "coxiella", "dengue", "entamoeba")
TARGET_LENGTH = 500
READ_LENGTH = 80

# Reads drawn from each target, in the order above, and from no target at all.
SAMPLES = {
    "gut_a": (90, 20, 5, 0, 65, 20),
    "gut_b": (75, 30, 0, 5, 70, 20),
    "liver_a": (5, 110, 40, 20, 5, 20),
    "liver_b": (0, 95, 55, 25, 5, 20),
    "soil": (60, 10, 10, 10, 10, 100),
    "negative_control": (2, 1, 0, 0, 3, 34),
}


def random_sequence(rng: random.Random, length: int) -> str:
    """Draw *length* bases."""
    return "".join("ACGT"[rng.randrange(4)] for _ in range(length))


def random_qualities(rng: random.Random) -> str:
    """Draw one read's qualities: good at first, and for one read in three a bad tail."""
    tail = rng.randrange(10, 60) if rng.randrange(3) == 0 else 0
    good = [rng.randrange(30, 41) for _ in range(READ_LENGTH - tail)]
    bad = [rng.randrange(2, 18) for _ in range(tail)]
    return "".join(chr(33 + quality) for quality in good + bad)


def draw_read(rng: random.Random, source: str | None) -> str:
    """Copy a piece of *source* with one per cent of errors, or draw a random read."""
    if source is None:
        return random_sequence(rng, READ_LENGTH)
    start = rng.randrange(len(source) - READ_LENGTH + 1)
    return "".join(
        "ACGT"[rng.randrange(4)] if rng.randrange(100) == 0 else base
        for base in source[start : start + READ_LENGTH]
    )


def write_sample(rng: random.Random, reads: Path, sample: str, sources: list[str | None]) -> None:
    """Write one sample's reads, in random order, and the sidecar with their MD5 sum."""
    rng.shuffle(sources)
    records = (
        f"@{sample}.{number}\n{draw_read(rng, source)}\n+\n{random_qualities(rng)}\n"
        for number, source in enumerate(sources, start=1)
    )
    content = "".join(records).encode()
    (reads / f"{sample}.fq").write_bytes(content)
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    (reads / f"{sample}.fq.md5").write_bytes(f"{md5}  {sample}.fq\n".encode())


def main() -> None:
    """Write panel.fa and reads/ into the given folder, by default data/ next to this script."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent / "data")
    out: Path = parser.parse_args().out
    reads = out / "reads"
    reads.mkdir(parents=True, exist_ok=True)

    rng = random.Random(SEED)
    panel = {target: random_sequence(rng, TARGET_LENGTH) for target in TARGETS}
    fasta = "".join(f">{name}\n{sequence}\n" for name, sequence in panel.items())
    (out / "panel.fa").write_bytes(fasta.encode())

    origins = [*panel.values(), None]
    for sample, counts in SAMPLES.items():
        drawn = zip(origins, counts, strict=True)
        sources = [origin for origin, count in drawn for _ in range(count)]
        write_sample(rng, reads, sample, sources)


if __name__ == "__main__":
    main()
