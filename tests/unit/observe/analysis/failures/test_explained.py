"""A failure is explained: what it means, why its log shows nothing, and how to see it again."""

from typing import Any

import pytest
from builders import Story, begun, stamps
from failing import fails, succeeds

from snakemake_logger_plugin_observe.analysis.failures.explained import Explained, explain
from snakemake_logger_plugin_observe.analysis.failures.failure_advice import failure_advice
from snakemake_logger_plugin_observe.analysis.failures.failures import failures
from snakemake_logger_plugin_observe.analysis.failures.repeat import how_to_repeat
from snakemake_logger_plugin_observe.journal.records import LogTail

NO_ENVIRONMENT = "d41d8cd98f00b204e9800998ecf8427e"
GONE = "; (e=$?; rm -f out.txt; exit $e)"
JOURNAL = ".snakemake/observe/run.jsonl"
COMMAND = ("/opt/bin/snakemake", "-c2", "--logger", "observe")
EMPTY = (LogTail(path="logs/a.log", bytes=0, problem="it is empty"),)


def story(command: str | None = None, *said: str, facts: Any = None, **job: Any) -> Story:
    """Return a run of one job, whose tool failed; *said* ends its log."""
    more = {"output": ("out.txt",), "environment_digest": NO_ENVIRONMENT, **job}
    told = begun(**{"wraps": "local", "command": COMMAND, **(facts or {})})
    return told.job(1, shellcmd=command, **more)


def explained(run: Story, *said: str, **facts: Any) -> Explained:
    fails(run, 1, *said, **{"code": 1, **facts}).end(9, "failed")
    (one,) = failures(run.run)
    return explain(run.run, one, JOURNAL)


def lines(run: Story, *said: str, journal: str = JOURNAL, **facts: Any) -> list[str]:
    fails(run, 1, *said, **{"code": 1, **facts}).end(9, "failed")
    (one,) = failures(run.run)
    how = how_to_repeat(run.run, one, journal)
    return [] if how is None else [f"{how.how}:", *(str(each.line) for each in how.commands)]


# -- how to see it again --------------------------------------------------------------------------


def test_a_command_is_repeated_in_strict_mode() -> None:
    run = story("\n    grep a b > c\n    sort c\n    ")
    assert lines(run) == ["command:", "bash -c 'set -euo pipefail; grep a b > c; sort c'" + GONE]


def test_elsewhere_the_folder_of_the_run_is_entered_first() -> None:
    assert lines(story("true"), journal="/work/.snakemake/observe/run.jsonl") == [
        *("command:", "cd /work", "bash -c 'set -euo pipefail; true'" + GONE),
    ]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"shell_executable": "/usr/bin/bash", "shell_prefix": "set -e; "},
            "bash -c 'set -e; tool'",
        ),
        ({"shell_executable": "/opt/own/bash", "shell_prefix": ""}, "/opt/own/bash -c tool"),
        ({"shell_executable": "/bin/dash", "shell_prefix": ""}, "dash -c tool"),
        ({}, "bash -c 'set -euo pipefail; tool'"),
    ],
)
def test_the_workflows_own_shell_and_prefix_are_used(
    settings: dict[str, str], expected: str
) -> None:
    assert lines(story("tool", facts={"settings": settings})) == ["command:", expected + GONE]


def test_a_rules_own_shell_is_used() -> None:
    run = story("tool", resources={"shell_exec": "zsh"})
    assert lines(run) == ["command:", "zsh -c tool" + GONE]


def test_the_environment_is_activated_as_snakemake_did() -> None:
    """Its error has the whole command; the job's description does not."""
    run = story("bwa mem a > b", environment_digest="0123")
    run.message(
        4,
        'RuleException:\nCalledProcessError in file "/work/Snakefile", line 7:\n'
        "Command 'source /opt/conda/bin/activate '/work/.snakemake/conda/1_'; set -euo pipefail; "
        " bwa mem a > b' returned non-zero exit status 1.",
        level="error",
    )
    assert lines(run) == [
        "command:",
        (
            "bash -c 'source /opt/conda/bin/activate '\"'\"'/work/.snakemake/conda/1_'\"'\"'; "
            f"set -euo pipefail; bwa mem a > b'{GONE}"
        ),
    ]


def test_all_outputs_are_removed_after_it_or_the_next_run_would_take_them_for_made() -> None:
    run = story("tool", output=("/work/a b", "-c"))
    gone = "; (e=$?; rm -f 'a b' ./-c; exit $e)"
    assert lines(run) == ["command:", "bash -c 'set -euo pipefail; tool'" + gone]
    assert lines(story("tool", output=())) == ["command:", "bash -c 'set -euo pipefail; tool'"]


UNTIL = ["job:", "snakemake --until=out.txt -c2 --logger observe"]


@pytest.mark.parametrize(
    "job",
    [
        {"command": None, "script": "/work/make.py"},
        {"command": "bwa mem a", "environment_digest": "0123"},
        {"command": "cat <<EOF\na\nEOF"},
        {"command": "tool --password ***"},
        {"command": "tool", "resources": {"shell_exec": "python3"}},
        {"command": f"echo {'x' * 5000}"},
        {"command": "mkdir out.txt", "directories": ("out.txt",)},
        {"command": "tool in.txt", "shadow": "minimal"},
        {"command": "sort -u -o out.txt out.txt", "updated": ("out.txt",)},
    ],
)
def test_what_cannot_be_run_alone_is_run_by_snakemake(job: dict[str, Any]) -> None:
    assert lines(story(**job)) == UNTIL


def test_no_snakemake_is_started_for_a_job_while_others_of_its_run_may_go_on() -> None:
    """A run without an end has its lock, and what is left in the cluster is cancelled first."""
    run = story(None).job(2)
    fails(run, 1, code=1)
    (one,) = failures(run.run)
    assert how_to_repeat(run.run, one, JOURNAL) is None
    run.submitted(2, stamps(ready=3, selected=4, submitting=4, accepted=5), external_jobid="71")
    (one,) = failures(run.end(9, "interrupted").run)
    assert how_to_repeat(run.run, one, JOURNAL) is None
    run = story(None).job(2)
    fails(run, 1, code=1)
    (one,) = failures(run.end(9, "failed").run)
    assert how_to_repeat(run.run, one, JOURNAL) is not None


def test_a_job_that_makes_a_pipe_is_not_run_without_the_one_that_reads_it() -> None:
    assert lines(story(None, pipes=("out.txt",))) == []


def test_a_job_without_outputs_is_named_by_its_rule() -> None:
    run = story(None, output=())
    assert lines(run) == ["job:", "snakemake --until=map -c2 --logger observe"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("/x/snakemake", "--config", "key=***"), []),
        (("/x/snakemake", "-U", "map"), []),
        (("/x/own.py", "-c2"), []),
        ((), []),
        (("/x/snakemake/__main__.py", "-c2"), ["job:", "snakemake --until=out.txt -c2"]),
    ],
)
def test_a_command_line_that_is_not_known_is_not_repeated(
    command: tuple[str, ...], expected: list[str]
) -> None:
    assert lines(story(None, facts={"command": command})) == expected


def test_a_run_of_another_folder_is_repeated_where_it_was_started() -> None:
    run = story(None, facts={"command": ("snakemake", "--directory", "d")})
    again = lines(run, journal="/work/.snakemake/observe/run.jsonl")
    assert again == ["job:", "snakemake --until=out.txt --directory d"]


# -- what it means --------------------------------------------------------------------------------


def test_an_error_in_the_log_is_better_than_what_the_exit_code_may_mean() -> None:
    run = story("grep a b 2> logs/a.log", log=("logs/a.log",))
    assert explained(run, "grep: b: No such file or directory").meanings == ()


@pytest.mark.parametrize(
    ("said", "text", "to_do"),
    [
        (
            "python3: can't open file '/work/tool.py': [Errno 2] No such file or directory",
            "tool.py is not there",
            "put tool.py there, or correct its path: one that is relative begins in the folder of",
        ),
        (
            "tool: error while loading shared libraries: libx.so.1: cannot open shared object file",
            "the program was found, but not its library libx.so.1",
            "install libx.so.1, or the program with all that it needs",
        ),
        (
            "Error in library(DESeq2) : there is no package called \u2018DESeq2\u2019",
            "R's package DESeq2 is not installed where the job ran",
            "install DESeq2 in the environment of the rule",
        ),
        (
            "ModuleNotFoundError: No module named 'pysam'",
            "Python's package pysam is not installed where the job ran",
            "install pysam in the environment of the rule",
        ),
        (
            "run.sh: line 3: 77 Segmentation fault (core dumped) tool",
            "a program of the command read memory that is not its own",
            "run it again with the same inputs: if it ends so again, report it to its authors",
        ),
    ],
)
def test_what_a_program_said_is_explained(said: str, text: str, to_do: str) -> None:
    (found,) = explained(story("exec 2> logs/a.log; tool", log=("logs/a.log",)), said).meanings
    assert found.strength == "certain"
    assert found.text.startswith(text)
    assert found.to_do.startswith(to_do)


def test_a_command_that_sends_all_to_its_log_needs_no_more() -> None:
    run = story("exec 2> logs/a.log; tool", log=("logs/a.log",))
    assert explained(run, logs=EMPTY).log is None


def test_what_is_not_declared_is_not_in_a_minimal_shadow_directory() -> None:
    run = story("cat in2.txt 2> logs/a.log", log=("logs/a.log",), shadow="minimal")
    (found,) = explained(run, "cat: in2.txt: No such file or directory").meanings
    assert found.text == (
        'in its shadow directory (shadow: "minimal") only declared inputs are there'
    )
    assert found.to_do == "declare what it reads as an input of the rule"


def test_news_in_the_log_is_not() -> None:
    run = story("(tool x; grep a b) 2> logs/a.log", log=("logs/a.log",))
    assert [one.strength for one in explained(run, "read 10 lines").meanings] == ["possible"]


def test_a_log_that_got_nothing_makes_it_likely() -> None:
    run = story("(tool x; grep a b) 2> logs/a.log", log=("logs/a.log",))
    assert [one.strength for one in explained(run, logs=EMPTY).meanings] == ["likely"]


def test_the_exception_of_a_script_has_the_scripts_own_line() -> None:
    run = story(None, script="/work/scripts/make.py", log=("logs/a.log",))
    said = (
        "Traceback (most recent call last):",
        '  File "/work/.snakemake/scripts/tmpl5ur1xwy.make.py", line 6, in <module>',
        '    value = cfg["colums"]',
        "            ~~~^^^^^^^^^^",
        "KeyError: 'colums'",
        "removing temporary files",
    )
    found = explained(run, *said)
    assert (found.raised, found.meanings) == ("KeyError: 'colums' (make.py:3)", ())


def test_an_exception_in_a_module_of_the_workflow_is_named_there() -> None:
    run = story(None, script="/work/scripts/make.py", log=("logs/a.log",))
    said = (
        "Traceback (most recent call last):",
        '  File "/work/.snakemake/scripts/tmpl5ur1xwy.make.py", line 6, in <module>',
        '  File "/work/scripts/helper.py", line 12, in read',
        '  File "/usr/lib/python3.11/json/__init__.py", line 293, in load',
        "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
    )
    assert explained(run, *said).raised == (
        "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0) (helper.py:12)"
    )


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("make.py", "make.py ended by an exception that nothing caught, or by sys.exit"),
        ("plot.R", "an error stopped plot.R"),
        ("run.sh", None),
    ],
)
def test_a_script_whose_message_was_not_kept_ended_by_an_error(
    script: str, expected: str | None
) -> None:
    found = explained(story(None, script=f"/work/{script}", log=("logs/a.log",)), logs=EMPTY)
    assert (found.meaning is not None) == (expected is not None)
    assert found.meaning is None or found.meaning.text.startswith(str(expected))


# -- why the log shows nothing --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        (
            {"command": "source env/activate; tool"},
            "log: redirects nothing by itself: begin the command with `exec 2> {log};`",
        ),
        (
            {"command": "tool $A > out.txt 2> logs/a.log"},
            (
                "`2> {log}` gets what the programs print, but not what bash itself says: begin the "
                "command with `exec 2> {log};`"
            ),
        ),
        ({"command": "tool > logs/a.log"}, "`> {log}` gets what the command prints, but not its"),
        ({"command": "tool > logs/a.log 2>&1"}, "`2> {log}` gets what the programs print"),
        ({"command": "tool 2> logs/a.log.gz"}, "log: redirects nothing by itself"),
        (
            {"command": None, "script": "/work/make.py"},
            (
                "log: redirects nothing by itself: what make.py printed went to the terminal of "
                'Snakemake; begin make.py with `import sys; sys.stderr = open(snakemake.log[0], "w")`'
            ),
        ),
        (
            {"command": None, "script": "/work/plot.R"},
            (
                "log: redirects nothing by itself: what plot.R printed went to the terminal of "
                'Snakemake; begin plot.R with `log <- file(snakemake@log[[1]], open="wt"); sink(log); '
                'sink(log, type="message")`'
            ),
        ),
    ],
)
def test_a_log_that_stayed_empty_needs(job: dict[str, Any], expected: str) -> None:
    found = explained(story(**job, log=("logs/a.log",)), logs=EMPTY, code=3)
    assert (found.log or "").startswith(expected)


def test_a_log_that_is_empty_because_nothing_is_printed_needs_nothing() -> None:
    found = explained(story("grep a b 2> logs/a.log", log=("logs/a.log",)), logs=EMPTY)
    assert found.log is None


def test_the_log_of_a_tool_that_was_killed_needs_nothing() -> None:
    found = explained(story("tool > c", log=("logs/a.log",)), logs=EMPTY, code=None, signal=9)
    assert found.log is None


def test_a_log_with_words_needs_nothing() -> None:
    assert explained(story("tool", log=("logs/a.log",)), "no such thing", code=3).log is None


def test_the_exit_code_of_a_command_in_the_code_of_a_run_means_what_it_does_elsewhere() -> None:
    said = "CalledProcessError in file S, line 3: Command 'set -euo pipefail;  grep a b > c' "
    found = explained(story(None), message=f"{said}returned non-zero exit status 1.")
    assert found.meaning is not None
    assert found.meaning.text.startswith("grep found no match, which is its exit code 1; under")


def test_the_code_of_a_run_needs_no_log() -> None:
    """Snakemake reports its exception."""
    message = "KeyError in file \"/work/Snakefile\", line 14: 'x'"
    run = story(None, log=("logs/a.log",))
    assert explained(run, logs=EMPTY, code=None, message=message).log is None


@pytest.mark.parametrize(
    ("tail", "kept"),
    [
        ({"problem": "it does not exist"}, ""),
        ({"lines": ("no such sample",)}, "; its last lines were kept in the journal"),
    ],
)
def test_a_log_inside_an_output_folder_was_removed_with_it(tail: Any, kept: str) -> None:
    def run(**facts: Any) -> Story:
        return story("mkdir out; tool", output=("out",), log=("out/a.log",), facts=facts)

    logs = (LogTail(path="out/a.log", **tail),)
    assert explained(run(), logs=logs, code=3).log == (
        "out/a.log is inside the output folder out, and Snakemake removes the outputs of a failed "
        f"job, the log with them{kept}: declare the log outside of that folder"
    )
    kept_all = run(settings={"keep_incomplete": True})
    assert "is inside" not in (explained(kept_all, logs=logs, code=3).log or "")


def test_a_job_that_recovered_is_not_run_again() -> None:
    """Its outputs are there."""
    run = succeeds(fails(story("tool"), 1, code=1), 1, number=2).end(20)
    (one,) = failures(run.run)
    assert how_to_repeat(run.run, one, JOURNAL) is None


def test_outputs_that_were_kept_are_made_again() -> None:
    run = story(None, facts={"settings": {"keep_incomplete": True}})
    again = "snakemake --until=out.txt --rerun-incomplete -c2 --logger observe"
    assert lines(run) == ["job:", again]


@pytest.mark.parametrize(
    ("script", "code", "expected"),
    [
        ("plot.R", 127, "the shell did not find Rscript for plot.R"),
        ("make.py", 139, "a program of the command read memory that is not its own"),
        ("make.py", 2, None),
    ],
)
def test_the_exit_code_of_a_script_means(script: str, code: int, expected: str | None) -> None:
    found = explained(story(None, script=f"/work/{script}"), code=code).meaning
    assert (found is not None) == (expected is not None)
    assert found is None or found.text.startswith(str(expected))


def test_a_script_that_did_not_begin_needs_no_line_for_its_log() -> None:
    assert explained(story(None, script="/work/plot.R"), code=127).log is None


def test_a_missing_output_is_explained_elsewhere() -> None:
    run = story("grep a b")
    assert explained(run, message="MissingOutputException in rule map", code=None) == Explained()


def test_what_a_log_needs_is_said_next_to_the_reason_and_not_with_each_step() -> None:
    run = story("tool")
    fails(run, 1, code=3).end(9, "failed")
    advice = failure_advice(run.run, "map", failures(run.run), JOURNAL)
    assert advice.fix == "run map again as Snakemake ran it, to see how it fails"
    assert "what it printed went to the terminal of Snakemake: give the rule log:" in advice.why


def test_a_command_that_bash_did_not_read_sends_nothing_to_a_log() -> None:
    assert explained(story("if true; then tool"), code=2).log is None


# -- what to write in the rule --------------------------------------------------------------------


def test_what_to_write_in_the_rule_has_its_wildcards() -> None:
    (found,) = explained(story("test 3 != 3; echo > out/3", wildcards={"i": "3"})).meanings
    assert found.to_do.endswith(
        "write `if test 3 != 3; then ...; fi` (in the rule with {wildcards.i} for 3)"
    )
    (found,) = explained(story("grep GATTACA reads.txt > out/1", wildcards={"i": "1"})).meanings
    assert "|| [ $? -eq 1 ])" in found.to_do
    assert "wildcards" not in found.to_do


def test_while_the_run_holds_its_lock_snakemake_is_not_started_again() -> None:
    run = fails(story(None, script="x.py"), 1, code=1)
    (one,) = failures(run.run)
    assert how_to_repeat(run.run, one, JOURNAL) is None
    (one,) = failures(run.end(20, "failed").run)
    assert how_to_repeat(run.run, one, JOURNAL) is not None
