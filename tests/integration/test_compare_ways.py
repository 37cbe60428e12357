"""The same workflow run in another way, or over other samples: what that is called."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pairs import FILES, PLAIN, SUMS, TEXT, WORKFLOW, Bench, changed, findings_of, verdict
from snakefiles import CHECKPOINTED, MORE, NARROW, WIDE

SAME = "the same work (outputs' checksums equal)"
NOT = "but not the same work"
LINE = "neutral setting_changed"
CONFIGURED = changed(WORKFLOW, ("least=1", 'least=config.get("least", 1)'))


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("ways"))


@pytest.fixture(scope="module")
def baseline(bench: Bench) -> Path:
    return bench.run(CONFIGURED)


def test_newly_marking_an_input_as_ancient_is_unsafe_even_with_equal_outputs(
    bench: Bench, baseline: Path
) -> None:
    hidden = changed(
        CONFIGURED, ('reference="reference.txt"', 'reference=ancient("reference.txt")')
    )
    answer = bench.compare(baseline, bench.run(hidden))
    assert "unsafe hides_changes" in findings_of(answer)
    assert (verdict(answer), answer["same_work"]) == (NOT, False)


def test_dropping_ensure_is_unsafe_even_with_equal_outputs(
    bench: Bench,
) -> None:
    """More retries and a newly temporary file are reported as well."""
    output = 'output: "published/report.txt"'
    sure = changed(CONFIGURED, (output, f"{output[:8]}ensure({output[8:]}, non_empty=True)"))
    loose = changed(
        CONFIGURED,
        ("    threads: 1\n", "    threads: 1\n    retries: 2\n"),
        ('output: "prepared/{sample}.txt"', 'output: temp("prepared/{sample}.txt")'),
    )
    answer = bench.compare(bench.run(sure), bench.run(loose))
    assert findings_of(answer) == sorted(
        ("unsafe ensure_removed", "neutral retries_changed", "neutral temp_changed", TEXT)
    )
    claims = {one["id"]: one["claim"] for one in answer["findings"]}
    assert claims["ensure_removed"] == (
        "rule gather no longer ensures published/report.txt (not empty)"
    )
    assert claims["retries_changed"] == "retries of work: 0 → 2"
    assert (verdict(answer), answer["same_work"]) == (NOT, False)


@pytest.mark.parametrize(
    ("flags", "findings"),
    [
        ("--rerun-triggers mtime", ("unsafe hides_changes", LINE)),
        ("--nolock", ("unsafe hides_changes", LINE)),
        ("--ignore-incomplete", ("unsafe hides_changes", LINE)),
        ("--keep-incomplete", ("unsafe hides_changes", LINE)),
        ("--drop-metadata", ("unsafe hides_changes", LINE)),
        ("--consider-ancient work=reference", ("unsafe hides_changes", LINE)),
        ("--trust-io-cache", ("unsafe hides_changes", LINE)),
    ],
)
def test_a_flag_that_disables_a_check_is_unsafe_even_with_equal_outputs(
    flags: str, findings: tuple[str, ...], bench: Bench, baseline: Path
) -> None:
    answer = bench.compare(baseline, bench.run(CONFIGURED, *shlex.split(flags)))
    assert findings_of(answer) == sorted(findings)
    assert (verdict(answer), answer["same_work"], answer["checked"]) == (NOT, False, "contents")
    back = bench.compare(Path(answer["journals"]["B"]), baseline)
    assert findings_of(back) == sorted(("neutral setting_changed", LINE))
    assert (verdict(back), back["same_work"]) == (SAME, True)


@pytest.mark.parametrize(
    ("flags", "findings"),
    [
        (
            "--until work",
            ("unsafe meaning_changed", "unsafe outputs_not_made", "neutral steps_cut"),
        ),
        (
            "--omit-from gather",
            ("unsafe meaning_changed", "unsafe outputs_not_made", "neutral steps_cut"),
        ),
        (
            "--batch gather=1/3",
            ("unsafe meaning_changed", "unsafe outputs_not_made", "neutral steps_cut"),
        ),
    ],
)
def test_a_flag_that_leaves_out_work_did_less(
    flags: str, findings: tuple[str, ...], bench: Bench, baseline: Path
) -> None:
    answer = bench.compare(baseline, bench.run(CONFIGURED, *shlex.split(flags)))
    assert (verdict(answer), answer["same_work"], answer["checked"]) == ("did less", False, "plan")
    assert set(findings) <= set(findings_of(answer))
    assert {kind.partition(" ")[0] for kind in findings_of(answer)} <= {"unsafe", "neutral"}


def test_a_config_value_that_changes_results_is_unsafe(bench: Bench, baseline: Path) -> None:
    answer = bench.compare(baseline, bench.run(CONFIGURED, "--config", "least=2"))
    assert findings_of(answer) == sorted(
        (
            *("neutral meaning_changed", "unsafe params_changed"),
            *("unsafe contents_differ", LINE),
        )
    )
    assert (verdict(answer), answer["same_work"]) == (NOT, False)


def test_a_config_value_that_nothing_reads_is_neutral(bench: Bench) -> None:
    before, after = (
        bench.run(CONFIGURED, observed=PLAIN),
        bench.run(CONFIGURED, "--config", "note=2", observed=PLAIN),
    )
    answer = bench.compare(before, after)
    assert findings_of(answer) == ["neutral meaning_changed", LINE]
    assert answer["same_work"] is True


def test_a_touch_run_is_not_comparable(bench: Bench) -> None:
    lab = bench.folder()
    before = lab.new_run(*SUMS, "--cores", "2")
    after = lab.new_run(*SUMS, "--cores", "2", "--forceall", "--touch")
    answer = bench.compare(before, after)
    kinds = set(findings_of(answer))
    assert "unsafe hides_changes" in kinds
    assert answer["same_work"] is False
    print(answer["verdict"], kinds)


SCRIPTED = changed(
    WORKFLOW,
    (
        "    shell: \"sleep ${{NAP:-0}}; cat {input.sample} reference.txt | awk 'NR >= {params.least}' > {output} 2> {log}\"",
        '    script: "scripts/work.py"',
    ),
)
SCRIPT = "open(snakemake.output[0], 'w').write(open(snakemake.input.sample).read() + 'x')\n"


@pytest.mark.parametrize(
    ("script", "findings", "says", "same"),
    [
        (f"# said\n{SCRIPT}", ("safe code_changed", LINE), SAME, True),
        (
            SCRIPT.replace("'x'", "'y'"),
            ("unsafe code_changed", "unsafe contents_differ", LINE),
            NOT,
            False,
        ),
    ],
    ids=["the same bytes", "other bytes"],
)
def test_a_changed_script_is_judged_by_its_results(
    script: str, findings: tuple[str, ...], says: str, same: bool, bench: Bench
) -> None:
    sides = [
        bench.run(SCRIPTED, files={**FILES, "scripts/work.py": text}) for text in (SCRIPT, script)
    ]
    answer = bench.compare(*sides)
    assert findings_of(answer) == sorted(findings)
    assert (verdict(answer), answer["same_work"]) == (says, same)


def test_a_drifted_helper_shows_only_in_the_checksums(bench: Bench) -> None:
    helped = changed(WORKFLOW, ("sort {input}", "sh helper.sh {input}"))
    sides = [
        bench.run(helped, files={**FILES, "helper.sh": f'sort {flag} "$1"\n'})
        for flag in ("-n", "-r")
    ]
    answer = bench.compare(*sides)
    assert findings_of(answer) == ["unsafe contents_differ"]
    assert "nothing in the journals explains it" in answer["findings"][0]["claim"]
    assert (verdict(answer), answer["same_work"]) == (NOT, False)


# -- hidden dependencies, with results of an earlier run -----------------------------------------

INDEXED = changed(
    WORKFLOW,
    ('input: "published/report.txt", "published/index.txt"', 'input: "published/report.txt"'),
    ("published/index.txt", "reference.idx"),
    ('reference="reference.txt"', 'reference="reference.txt", index="reference.idx"'),
)


@pytest.mark.parametrize("names", [True, False], ids=["its command names it", "its tool finds it"])
def test_a_dropped_input_is_unsafe_even_if_its_rule_is_gone_and_outputs_are_equal(
    names: bool, bench: Bench
) -> None:
    """The file exists from before, and no rule makes it again."""
    reads = (
        ("cat {input.sample} reference.txt", "cat {input.sample} reference.txt reference.idx")
        if names
        else (
            "cat {input.sample} reference.txt",
            "cat {input.sample} {input.reference} $(ls *.idx)",
        )
    )
    before = changed(INDEXED, reads)
    lab = bench.folder(before)
    first = lab.new_run(*SUMS, "--cores", "2")
    (lab.folder / "Snakefile").write_text(changed(before, (', index="reference.idx"', "")))
    second = lab.new_run(*SUMS, "--cores", "2", "--forceall")
    answer = bench.compare(first, second)
    assert findings_of(answer) == sorted(
        ("unsafe dependency_dropped", "safe steps_cut", TEXT, LINE, LINE)
    )
    assert (verdict(answer), answer["same_work"]) == ("but not the same work", False)


def test_a_script_that_reads_an_undeclared_input_is_unsafe(bench: Bench) -> None:
    script = SCRIPT.replace("'x'", "open('reference.idx').read()")
    before = changed(
        INDEXED,
        *[
            (
                WORKFLOW[WORKFLOW.index('    shell: "sleep') : WORKFLOW.index("\nrule gather")],
                '    script: "scripts/work.py"\n',
            )
        ],
    )
    lab = bench.folder(before, {**FILES, "scripts/work.py": script})
    first = lab.new_run(*SUMS, "--cores", "2")
    (lab.folder / "Snakefile").write_text(changed(before, (', index="reference.idx"', "")))
    second = lab.new_run(*SUMS, "--cores", "2", "--forceall")
    answer = bench.compare(first, second)
    assert "unsafe dependency_dropped" in findings_of(answer)
    assert answer["same_work"] is False


# -- discovery -----------------------------------------------------------------------------------

LESS = ("contents_differ", "discovery_narrowed")
MORE_FOUND = ("contents_differ", "discovery_widened")


@pytest.fixture(scope="module", params=[WORKFLOW, CHECKPOINTED], ids=["glob", "checkpoint"])
def samples(bench: Bench, request: pytest.FixtureRequest) -> Callable[..., Path]:
    """Run the workflow over few samples or many, each taking *nap* seconds."""
    known: dict[Any, Path] = {}

    def run(files: dict[str, str], nap: str) -> Path:
        key = (len(files), nap)
        if key not in known:
            known[key] = bench.run(request.param, files=files, where=("--cores", "1"), NAP=nap)
        return known[key]

    return run


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "says", "found"),
    [
        ((WIDE, "1.2"), (NARROW, "1.2"), "faster because it did less", LESS),
        ((WIDE, "0"), (NARROW, "3"), "slower, though it did less", LESS),
        ((NARROW, "1.2"), (WIDE, "1.2"), "slower because it did more", MORE_FOUND),
        ((NARROW, "3"), (WIDE, "0"), "faster, though it did more", MORE_FOUND),
    ],
    ids=["narrowed", "narrowed and slower", "widened", "widened and faster"],
)
def test_other_samples_explain_a_difference_in_speed(
    before: tuple[dict[str, str], str],
    after: tuple[dict[str, str], str],
    says: str,
    found: tuple[str, ...],
    *,
    bench: Bench,
    samples: Callable[..., Path],
) -> None:
    answer = bench.compare(samples(*before), samples(*after))
    kinds = {id_: kind for kind, id_ in map(str.split, findings_of(answer))}
    assert sorted(kinds.keys() - {"dependency_added"}) == sorted(found)
    assert kinds["contents_differ"] == kinds[found[1]]
    assert (answer["verdict"], answer["same_work"]) == (says, False)


def test_different_samples_on_both_sides_are_other_work(bench: Bench) -> None:
    two = {name: text for name, text in FILES.items() if "data/a" not in name}
    answer = bench.compare(bench.run(), bench.run(files={**two, **MORE}))
    assert verdict(answer) == "but different work"
    assert {"unsafe discovery_narrowed", "neutral discovery_widened"} <= set(findings_of(answer))
    assert answer["same_work"] is False


def test_other_data_of_the_same_name_cannot_be_compared(bench: Bench) -> None:
    answer = bench.compare(bench.run(), bench.run(files={**FILES, "data/a.txt": "0\n5\n"}))
    assert answer["verdict"] == (
        "not comparable, because the input data differ: data/a.txt has 4 bytes, not 6"
    )
    assert answer["same_work"] is None
    assert findings_of(answer) == ["neutral other_data", "unsafe contents_differ"]


# -- grouping ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_grouping_is_safe(bench: Bench) -> None:
    files = {**FILES, **MORE}
    before = bench.run(files=files, where=lambda lab: lab.cluster())
    grouped = ("--groups", "work=g", "--group-components", "g=5")
    after = bench.run(WORKFLOW, *grouped, files=files, where=lambda lab: lab.cluster())
    answer = bench.compare(before, after)
    assert findings_of(answer) == sorted(
        ("safe grouped", "safe schedule_changed", "safe schedule_changed", LINE)
    )
    (claim,) = (f["claim"] for f in answer["findings"] if f["id"] == "grouped")
    assert claim == "8 jobs of work in 2 submissions, not 8"
    assert (verdict(answer), answer["same_work"]) == (SAME, True)
