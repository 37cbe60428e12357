"""Resolved settings become plain values, the same in every run with the same settings."""

import json
import sys
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from snakemake_logger_plugin_observe.recording.workflow_settings import settings_of, shown


class Trigger(Enum):
    """As Snakemake's own enumerations."""

    MTIME = 0
    SOFTWARE_ENV = 1


class Choice(Enum):
    """As its interfaces' own."""

    INPUT_OUTPUT = 0

    def item_to_choice(self) -> str:
        return "input-output-choice"


class Resource:
    """As Snakemake's own since 9.26: the text that was written, if one was."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw


class DefaultResources:
    """As Snakemake's own before."""

    args = ("mem_mb=2 * x == 4", "disk_mb=5")


class Batch:
    """As Snakemake's own."""

    def __str__(self) -> str:
        return "1/3 (rule all)"


class Opaque:
    """Its text is an address in memory."""


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (sys.maxsize, None),
        (0.5, 0.5),
        ("text", "text"),
        (Path("a/b"), "a/b"),
        (Trigger.SOFTWARE_ENV, "software-env"),
        (Choice.INPUT_OUTPUT, "input-output-choice"),
        (frozenset({"b", "a"}), ["a", "b"]),
        ({Trigger.SOFTWARE_ENV, Trigger.MTIME}, ["mtime", "software-env"]),
        ({"b": {2, "x", 1}, "a": (Path("p"),)}, {"a": ["p"], "b": [1, 2, "x"]}),
        (Resource("100 * attempt"), "100 * attempt"),
        (Resource(5), 5),
        (Resource(None), None),
        (DefaultResources(), {"disk_mb": "5", "mem_mb": "2 * x == 4"}),
        (Batch(), "1/3 (rule all)"),
        (Opaque(), None),
        (lambda wildcards: 5, None),
        ([print], [None]),
    ],
)
def test_setting_values_become_plain(value: Any, plain: Any) -> None:
    assert shown(value) == plain
    assert json.dumps(shown(value)) == json.dumps(plain)


def test_settings_that_snakemake_lacks_are_null() -> None:
    found = settings_of(SimpleNamespace(dag_settings=SimpleNamespace(forceall=True)), None)
    assert found["forceall"] is True
    of_every_workflow = {"shell_executable", "shell_prefix"}
    assert {name for name, value in found.items() if value is not None} - of_every_workflow == {
        "forceall",
        "configfiles",
    }


def test_an_unreadable_setting_does_not_affect_the_others() -> None:
    class Settings:
        retries = 2

        @property
        def keep_going(self) -> bool:
            raise RuntimeError

    found = settings_of(SimpleNamespace(execution_settings=Settings()), None)
    assert (found["retries"], found["keep_going"]) == (2, None)
