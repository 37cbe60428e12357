"""Every sample that was measured, as JSON: tables and plots are made from it without measuring.

A sample is one process, or one run of Snakemake, of one variant in one round. Variants of the same
round ran one after the other on the same machine, so only they are compared with each other.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

BARE = "bare"
"""The variant that all others are compared with: Snakemake with no logger plugin installed."""
LOADS = "json.loads"
"""What reading is compared with: it reads the lines and keeps nothing of them."""
STARTS = "--version"
"""What reading is compared with: it reads no journal."""
_REFERENCES = (BARE, LOADS, STARTS)


@dataclass(frozen=True, slots=True)
class Sample:
    """What one variant used once."""

    measure: str
    size: int
    """How many jobs; 0 if there are none."""
    variant: str
    round: str
    """The same for all variants that were measured in turns; no other call has the same."""
    values: dict[str, float]
    """Units are in the names."""


@dataclass(slots=True)
class Results:
    """All samples, and what they were measured on."""

    machine: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    """By environment: the distributions that are compared."""
    absent: dict[str, str] = field(default_factory=dict)
    """By peer: why it could not be measured."""
    samples: list[Sample] = field(default_factory=list)

    def add(self, new: Iterable[Sample]) -> None:
        """Add *new*; samples of another call of the same measure, size and variant give way.

        A reference stays as long as something else was measured in the same round.
        """
        known = list(new)
        calls = {(one.measure, one.size, one.variant): _call(one) for one in known}
        kept = [
            one
            for one in self.samples
            if one.variant in _REFERENCES
            or calls.get((one.measure, one.size, one.variant)) in (None, _call(one))
        ]
        compared = {(o.measure, o.size, o.round) for o in kept if o.variant not in _REFERENCES}
        now = set(calls.values())
        self.samples = [
            one
            for one in kept
            if one.variant not in _REFERENCES
            or (one.measure, one.size, one.round) in compared
            or _call(one) in now
        ] + known

    def of(self, measure: str, size: int, variant: str) -> list[Sample]:
        """Return the samples of one variant."""
        return [
            one
            for one in self.samples
            if (one.measure, one.size, one.variant) == (measure, size, variant)
        ]

    def values(self, measure: str, size: int, variant: str, name: str) -> list[float]:
        """Return one value of each sample that has it."""
        found = self.of(measure, size, variant)
        return [one.values[name] for one in found if name in one.values]

    def pairs(
        self, measure: str, size: int, variant: str, name: str, than: str = BARE
    ) -> Iterator[tuple[float, float]]:
        """Yield the value of *than* and that of *variant* for each round that has both.

        Nothing is compared with itself.
        """
        if variant == than:
            return
        others = {one.round: one for one in self.of(measure, size, than)}
        for one in self.of(measure, size, variant):
            other = others.get(one.round)
            if other is not None and name in one.values and name in other.values:
                yield other.values[name], one.values[name]

    def sizes(self, measure: str) -> list[int]:
        """Return the numbers of jobs that were measured."""
        return sorted({one.size for one in self.samples if one.measure == measure})

    def variants(self, measure: str) -> list[str]:
        """Return the variants that were measured, in the order in which they first were."""
        return list(dict.fromkeys(one.variant for one in self.samples if one.measure == measure))

    def save(self, path: Path) -> None:
        """Write everything to *path*, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(self), indent=1))
        partial.replace(path)


def load(path: Path) -> Results:
    """Return what was saved, or nothing if there is no file."""
    if not path.exists():
        return Results()
    found = json.loads(path.read_text())
    samples = [Sample(**one) for one in found.pop("samples")]
    return Results(**found, samples=samples)


def _call(sample: Sample) -> str:
    """Return which call of the harness a sample is from."""
    return sample.round.partition("/")[0]


def in_rounds(
    measure: str,
    size: int,
    variants: Iterable[tuple[str, Callable[[], dict[str, float]]]],
    rounds: int,
    call: str,
) -> Iterator[Sample]:
    """Measure all *variants* in turns, each round beginning with another one; yield the samples."""
    known = list(variants)
    for number in range(rounds):
        first = number % len(known)
        for name, measured in known[first:] + known[:first]:
            yield Sample(measure, size, name, f"{call}/{number}", measured())
