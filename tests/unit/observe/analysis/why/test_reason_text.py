"""Snakemake's reasons, in each of its wordings, parsed into causes of known kinds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from snakemake.jobs import Reason

from snakemake_logger_plugin_observe.analysis.why.reason_text import (
    KINDS,
    Cause,
    Names,
    bare,
    parse,
)


class File(str):
    """A file as the oldest supported Snakemake has it in a reason."""

    __slots__ = ()
    is_storage = False


def reason(**facts: object) -> Reason:
    """Return Snakemake's own reason, with *facts* set as it sets them."""
    one = Reason()
    for name, value in facts.items():
        if isinstance(value, list):
            getattr(one, name).update(map(File, value))
        else:
            setattr(one, name, value)
    return one


def params_changed(before: set[str], now: set[str]) -> object:
    from snakemake.persistence import ParamsChange

    return ParamsChange(only_old=before, only_new=now, files={"a.txt"})


ALWAYS = {"noio": True}, {"nooutput": True}
WORDINGS = [
    ({"missing_output": ["a.txt"]}, Cause("missing_output", ("a.txt",))),
    ({"incomplete_output": ["a.txt"]}, Cause("incomplete", ("a.txt",))),
    ({"updated_input": ["a.txt"]}, Cause("updated_input", ("a.txt",))),
    ({"updated_input_run": ["a.txt"]}, Cause("updated_by_job", ("a.txt",))),
    ({"input_changed": True}, Cause("input_set")),
    ({"code_changed": True}, Cause("code")),
    ({"software_stack_changed": True}, Cause("environment")),
    ({"forced": True}, Cause("forced")),
    ({"noio": True}, Cause("no_output")),
    ({"nooutput": True}, Cause("no_output")),
    ({"pipe": True}, Cause("pipe")),
    ({"service": True}, Cause("service")),
]


@pytest.mark.parametrize(("facts", "cause"), WORDINGS, ids=lambda one: str(one)[:30])
def test_each_of_snakemake_s_own_reasons_is_one_cause(
    facts: dict[str, object], cause: Cause
) -> None:
    assert parse(str(reason(**facts)), Names.of(["a.txt"])) == (cause,)


def test_a_change_of_params_keeps_its_text() -> None:
    text = str(reason(params_changed=params_changed({"1"}, {"2"})))
    (cause,) = parse(text)
    assert cause.kind == "params"
    assert cause.text == (
        "Union of exclusive params before and now across all output: before: 1 now: 2"
    )


def test_all_reasons_in_one_text_are_separate_causes() -> None:
    every = {
        "missing_output": ["a.txt", "b.txt"],
        "incomplete_output": ["a.txt"],
        "updated_input": ["in.txt"],
        "updated_input_run": ["from.txt"],
        "pipe": True,
        "service": True,
        "input_changed": True,
        "code_changed": True,
        "params_changed": params_changed({"'; x'"}, set()),
        "software_stack_changed": True,
    }
    found = parse(str(reason(**every)), Names.of(["a.txt", "b.txt", "in.txt", "from.txt"]))
    kinds = [cause.kind for cause in found]
    assert kinds == [
        *("missing_output", "incomplete", "updated_input", "updated_by_job", "pipe", "service"),
        *("input_set", "code", "params", "environment"),
    ]
    assert set(found[0].files) == {"a.txt", "b.txt"}
    assert all(cause.certain for cause in found)


def test_the_reason_names_of_a_dry_run_are_recognised() -> None:
    known = {
        name: parse(name)[0].kind
        for facts, _cause in WORDINGS
        for name in reason(**facts).get_names()
    }
    assert "other" not in known.values()
    assert parse(next(iter(reason(unfinished_queue_input=True).get_names())))[0].kind == (
        "queue_input"
    )


def test_the_reason_of_a_finished_job_is_its_original_one() -> None:
    done = reason(code_changed=True)
    done.mark_finished()
    assert parse(str(done)) == (Cause("code"),)


@pytest.mark.parametrize("text", [None, "", "  "])
def test_without_a_reason_the_cause_is_unknown(text: str | None) -> None:
    assert parse(text) == (Cause("unknown"),)


def test_updated_inputs_that_were_all_made_again_are_not_named() -> None:
    both = reason(updated_input=["a"], updated_input_run=["a"])
    assert parse(str(both), Names.of(["a"])) == (
        Cause("updated_input"),
        Cause("updated_by_job", ("a",)),
    )


def test_an_unknown_wording_keeps_its_text() -> None:
    assert parse("The moon is full; as it was; Code has changed since last execution") == (
        Cause("other", text="The moon is full; as it was"),
        Cause("code"),
    )


def test_additional_text_after_a_known_wording_is_kept() -> None:
    (cause,) = parse("Code has changed since last execution: scripts/a.py")
    assert cause == Cause("code", text="scripts/a.py")


HOSTILE = [
    "a, b.txt",
    "a; Code has changed since last execution",
    "Missing output files: a",
    "x; Input files updated by another job: y, z",
    "ends with (pipe) no",
    "with space ",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_known_name_is_read_whole_even_if_it_contains_separators(name: str) -> None:
    text = str(reason(missing_output=[name], code_changed=True))
    assert parse(text, Names.of([name, "other.txt"])) == (
        Cause("missing_output", (name,)),
        Cause("code"),
    )


def test_a_list_of_unknown_names_is_uncertain() -> None:
    assert parse("Missing output files: a, b") == (
        Cause("missing_output", ("a", "b"), certain=False),
    )


def test_a_list_that_can_be_split_in_two_ways_is_uncertain() -> None:
    names = Names.of(["a", "b", "a, b"])
    assert parse("Missing output files: a, b", names) == (
        Cause("missing_output", ("a, b",), certain=False),
    )


@pytest.mark.parametrize(
    "note", ["", " (in storage)", " (cached)", " (cached, in storage)", " (pipe)", " (update)"]
)
def test_snakemake_s_note_after_a_name_is_not_part_of_it(note: str) -> None:
    assert bare(f"s3://b/a.txt{note}") == "s3://b/a.txt"
    text = f"Missing output files: s3://b/a.txt{note}, c.txt"
    assert parse(text)[0].files == ("s3://b/a.txt", "c.txt")


def test_very_long_lists_are_read_whole() -> None:
    names = [f"results/{number}, of many.txt" for number in range(20_000)]
    (cause,) = parse(f"Missing output files: {', '.join(names)}", Names.of(names))
    assert cause == Cause("missing_output", tuple(names))


@given(st.text())
def test_any_text_is_parsed(text: str) -> None:
    found = parse(text, Names.of([text, text[:3]]))
    assert found
    assert all(cause.kind in KINDS for cause in found)


@given(st.lists(st.sampled_from(["Missing output files: ", "; ", ", ", "forced", "a", "(", ")"])))
def test_any_mix_of_known_wordings_is_parsed(words: list[str]) -> None:
    assert parse("".join(words), Names.of(words))


@given(st.sets(st.text("abc/._- ", min_size=1).filter(lambda t: t.strip() == t), min_size=1))
def test_plain_names_are_read_unchanged(names: set[str]) -> None:
    text = str(reason(missing_output=list(names)))
    (cause,) = parse(text, Names.of(names))
    assert set(cause.files) == names
    assert cause.certain
