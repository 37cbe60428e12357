"""What holds for every detector."""

import inspect
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest
import strategies
from failing import deterministic, different, every_job, flaky, many, nested
from hypothesis import given
from triaged import case_of
from workflows import a_run

from snakemake_logger_plugin_observe.analysis.triage import detectors
from snakemake_logger_plugin_observe.analysis.triage.detectors import DETECTORS
from snakemake_logger_plugin_observe.analysis.triage.incident import Boundary, Incident, Strength
from snakemake_logger_plugin_observe.run.model import Run

STORIES = (deterministic, different, every_job, flaky, many, nested)
each_detector = pytest.mark.parametrize(
    "detector", DETECTORS, ids=lambda one: one.__name__.rpartition(".")[2]
)


def test_every_file_in_the_folder_is_registered() -> None:
    files = {path.stem for path in Path(detectors.__file__).parent.glob("*.py")} - {"__init__"}
    assert {one.__name__.rpartition(".")[2] for one in DETECTORS} == files


def test_no_two_detectors_share_a_class() -> None:
    assert len({one.CLASS for one in DETECTORS}) == len(DETECTORS)


@each_detector
def test_a_detector_has_a_class_a_docstring_and_a_function_of_the_case(
    detector: ModuleType,
) -> None:
    assert detector.__name__.rpartition(".")[2] == detector.CLASS
    assert detector.__doc__
    assert list(inspect.signature(detector.detect).parameters) == ["case"]


@each_detector
def test_a_healthy_run_has_no_incident(detector: ModuleType) -> None:
    assert list(detector.detect(case_of(a_run(), a_run()))) == []


@each_detector
def test_an_incident_cites_evidence_can_be_wrong_and_has_an_action(detector: ModuleType) -> None:
    for story in STORIES:
        for one in detector.detect(case_of(story())):
            check_incident(one, detector.CLASS)


@given(strategies.tampered_runs(), strategies.tampered_runs())
def test_no_run_breaks_a_detector(run: Run, baseline: Run) -> None:
    case = case_of(run, baseline)
    for detector in DETECTORS:
        for one in detector.detect(case):
            check_incident(one, detector.CLASS)


def check_incident(one: Incident, expected_class: str) -> None:
    assert one.incident_class == expected_class
    assert one.id.partition(":")[0] == expected_class
    assert one.where in get_args(Boundary)
    assert one.strength in get_args(Strength)
    assert one.evidence
    assert one.explains >= 0
    assert all((one.claim, one.wrong_if, one.action.text, one.action.why))
