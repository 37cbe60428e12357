"""The advice that answers print about a run: it saves what it says, and none contradicts another."""

import itertools
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pasted import observe

WORTH: Final = 0.05
"""The share of the run that a change has to save to be advised by ``cost`` and ``path``."""
_ROUNDED: Final = 2e-6
_ROUNDED_IN_TEXT: Final = 0.051
_UP: Final = re.compile(r"\b(?:raise|request more|give .*? more) (?P<what>[\w-]+)")
_DOWN: Final = re.compile(r"\b(?:lower|request less|request fewer) (?P<what>[\w-]+)")
_WHATIF: Final = re.compile(r"`?(?P<command>snakemake-observe whatif [^`#;\n]*)")
_GAIN: Final = re.compile(r"predicted gain: (?P<most>at most )?(?P<seconds>[\d.]+) s")
_UNKNOWN: Final = "not known"
_FASTER: Final = "to make it faster: "


def problems_of_advice(journal: Path, baseline: Path | None = None) -> list[str]:
    """Return what is wrong with the advice on a run, in ``cost``, ``path`` and ``triage``."""
    against = () if baseline is None else ("--baseline", str(baseline))
    cost, path = _answer("cost", str(journal)), _answer("path", str(journal))
    triage = _answer("triage", str(journal), *against)
    return [
        *_of_pieces(cost),
        *_of_pieces(path),
        *_of_triage(triage),
        *_of_the_first(cost, path, triage),
        *_opposed(cost, path, triage),
    ]


def _answer(*arguments: str) -> dict[str, Any]:
    code, said, errors = observe([*arguments, "--format", "json"])
    assert code == 0, errors
    return {"command": arguments[0], **json.loads(said)}


def _of_pieces(answer: dict[str, Any]) -> Iterator[str]:
    """Yield the pieces of advice that save too little, or not what is printed."""
    for one in answer["advice"] or ():
        if one["saves_s"] < WORTH * answer["run"]["makespan_s"] - _ROUNDED:
            yield f"{answer['command']}: {one['change']} saves {one['saves_s']} s"
        if one["whatif"] is not None:
            yield from _not_so(one["whatif"], one["saves_s"], _ROUNDED)


def _of_triage(answer: dict[str, Any]) -> Iterator[str]:
    """Yield what triage says of a gain that is none, or that ``whatif`` does not give."""
    found, note = answer["actions"][:1], answer["note"]["next_action"]
    for one, saves in ((one, one["saves_s"]) for one in found):
        if saves is not None and saves <= 0:
            yield f"triage: {one['action']} saves {saves} s"
        if saves is not None and one["whatif"] is not None:
            yield from _not_so(one["whatif"], saves, _ROUNDED)
        (finding,) = (each for each in answer["findings"] if each["id"] == one["finding"])
        of_time = finding["explains_s"] > 0 and "failed" not in answer["status"]
        if of_time and saves is None and _UNKNOWN not in note and not _fails(answer):
            yield f"triage: {one['action']}, with no word on its gain"
    for claim in note.split(_FASTER):
        gain, command = _GAIN.search(claim), _WHATIF.search(claim)
        if gain is not None and float(gain["seconds"]) <= 0:
            yield f"triage: {gain[0]}"
        if gain is not None and command is not None:
            yield from _not_so(command["command"], float(gain["seconds"]), _ROUNDED_IN_TEXT)


def _fails(answer: dict[str, Any]) -> bool:
    """Whether triage is about failed jobs, which have other gains than time."""
    return any(
        one["id"] in ("failed", "noisy", "killed", "interrupted") for one in answer["symptoms"]
    )


def _not_so(command: str, saves: float, rounded: float) -> Iterator[str]:
    """Yield that ``whatif`` does not give the gain that was printed, if so."""
    _reader, *arguments = shlex.split(command)
    answer = _answer(*arguments)
    (one,) = answer["predictions"]
    ends = one["interval_s"] or (one["predicted_s"], one["predicted_s"])
    rounded += abs(ends[1] - ends[0])  # advice draws fewer simulations, and so finds other ends
    least, most = (answer["unchanged_s"] - end for end in reversed(ends))
    if not least - rounded <= min(saves, answer["measured_s"]) <= most + rounded:
        yield f"{command}: {least} to {most} s, not {saves} s"


def _of_the_first(*answers: dict[str, Any]) -> Iterator[str]:
    """Yield two first pieces of advice that differ."""
    firsts = {answer["command"]: _first(answer) for answer in answers}
    known = {name: first for name, first in firsts.items() if first}
    texts = {answer["command"]: answer.get("note", {}).get("next_action", "") for answer in answers}
    changes = {one["command"]: one["advice"][0]["change"] for one in answers if one.get("advice")}
    for (name, first), (other, second) in itertools.combinations(known.items(), 2):
        # An incident leads triage; what else makes the run faster comes after it.
        if first != second and changes.get(name, _UNKNOWN) not in texts[other]:
            yield f"first advice: {sorted(first)} in {name}, {sorted(second)} in {other}"


def _first(answer: dict[str, Any]) -> frozenset[str]:
    """Return which settings the first piece of advice changes, or what it says to do.

    Empty without advice, and for an incident whose action no setting is.
    """
    if answer["command"] != "triage":
        return _settings(answer["advice"][0]) if answer["advice"] else frozenset()
    for one in answer["actions"][:1]:
        command = one["whatif"]
        return frozenset() if command is None else _tried(command)
    _text, said, after = answer["note"]["next_action"].partition(_FASTER)
    if not said:
        return frozenset()
    found = _WHATIF.search(after)
    claims = after.split(_FASTER)
    if found is not None and found.start() < len(claims[0]):
        return _tried(found["command"])
    return frozenset({claims[0].partition(" (")[0]})


def _settings(piece: dict[str, Any]) -> frozenset[str]:
    return _names(piece["settings"]) or frozenset({piece["change"].partition(" (")[0]})


def _tried(command: str) -> frozenset[str]:
    return _names(_answer(*shlex.split(command)[1:])["predictions"][0]["settings"])


def _names(settings: dict[str, Any]) -> frozenset[str]:
    """Return the names of settings, with those of their resources or rules."""
    return frozenset(
        f"{name} {part}"
        for name, value in settings.items()
        for part in (value if isinstance(value, dict) else [""])
    )


def _opposed(*answers: dict[str, Any]) -> Iterator[str]:
    """Yield what one answer advises to raise and another to lower."""
    texts = [
        text
        for answer in answers
        for text in (
            *(one["change"] for one in answer.get("advice") or ()),
            *(one["action"] for one in answer.get("actions", ())),
            answer.get("note", {}).get("next_action", ""),
        )
    ]
    up, down = (
        {one["what"] for text in texts for one in pattern.finditer(text)}
        for pattern in (_UP, _DOWN)
    )
    yield from (f"{what} is to be raised and lowered" for what in sorted(up & down))
