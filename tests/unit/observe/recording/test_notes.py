"""Notes: what Snakemake's threads hand to the recorder cannot change, and fits the events."""

from typing import get_args

import pytest

from snakemake_logger_plugin_observe.journal import events
from snakemake_logger_plugin_observe.recording import notes

KINDS = get_args(notes.AnyNote)
BECOMES = {
    notes.JobInfo: events.JobDescribed,
    notes.GroupInfo: events.GroupDescribed,
    notes.RunPhaseEnded: events.RunPhase,
    notes.IterationEnded: events.SchedulerIteration,
    notes.SourcesFound: events.Provenance,
    notes.AllocationFound: events.Allocation,
    notes.OutputsFound: events.OutputsRecorded,
}


@pytest.mark.parametrize("note", BECOMES, ids=lambda note: note.__name__)
def test_a_note_has_only_fields_of_the_event_it_becomes(note: type[notes.Note]) -> None:
    fields = set(note.__struct_fields__)
    assert fields - set(BECOMES[note].__struct_fields__) == set()


def test_every_note_is_of_a_kind_that_the_recorder_handles() -> None:
    classes = {one for one in vars(notes).values() if isinstance(one, type)}
    assert {one for one in classes if issubclass(one, notes.Note)} - {notes.Note} == set(KINDS)


@pytest.mark.parametrize("note", KINDS, ids=lambda note: note.__name__)
def test_a_note_has_slots(note: type[notes.Note]) -> None:
    assert "__dict__" not in dir(note)
