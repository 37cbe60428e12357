"""What a Snakefile declares is known from frames and from its text, where it could not be read."""

import os
from pathlib import Path

import pytest

from snakemake_logger_plugin_observe.journal.declared_names import values_at_an_error


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ONE", "value-1")
    monkeypatch.setenv("TWO", "value-2")
    monkeypatch.delenv("NOWHERE", raising=False)


class Workflow:
    """A workflow whose Snakefile is being read."""

    def __init__(self, *registered: str) -> None:
        self.envvars = set(registered)

    def register_envvars(self, *envvars: str) -> None:
        raise ValueError(envvars)

    def include(self, *envvars: str) -> None:
        self.register_envvars(*envvars)


def test_nothing_is_declared_where_there_is_no_snakefile() -> None:
    assert values_at_an_error() == ()


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('envvars: "ONE", "TWO"', ("value-1", "value-2")),
        ('if x:\n  envvars:\n\n    # it\n    "ONE",\n    "NOWHERE"\n  "TWO"', ("value-1",)),
        ('rule a:\n    output: "ONE"\n', ()),
        ("envvars: NAMES", ()),
    ],
)
def test_declarations_are_read_in_the_usual_snakefile(text: str, values: tuple[str, ...]) -> None:
    Path("workflow").mkdir()
    Path("workflow/Snakefile").write_text(text)
    assert values_at_an_error() == values


def test_included_files_are_read_and_may_include_each_other(tmp_path: Path) -> None:
    (tmp_path / "main.smk").write_text('include: "rules/a.smk"\nenvvars: "ONE"')
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/a.smk").write_text('include: "../rules/a.smk"\nenvvars: "TWO"')
    assert values_at_an_error("main.smk") == ("value-1", "value-2")


def test_a_pipe_in_the_place_of_a_snakefile_is_not_waited_for() -> None:
    os.mkfifo("Snakefile")
    assert values_at_an_error() == ()


def test_what_was_registered_and_what_was_being_registered_is_known_from_the_error() -> None:
    try:
        Workflow("ONE").include("TWO", "NOWHERE")
    except ValueError:
        assert set(values_at_an_error()) == {"value-1", "value-2"}
    else:
        pytest.fail("it was registered")


def test_what_was_registered_is_known_from_the_cause_of_an_error() -> None:
    try:
        try:
            Workflow().include("TWO")
        except ValueError as error:
            raise RuntimeError from error
    except RuntimeError:
        assert values_at_an_error() == ("value-2",)
