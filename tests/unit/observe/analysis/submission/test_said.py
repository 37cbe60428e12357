"""What submit commands print when they fail is read: the error, the rejected option, no answer."""

import pytest
from builders import begun, stamps

from snakemake_logger_plugin_observe.analysis.submission.advice import to_do
from snakemake_logger_plugin_observe.analysis.submission.said import Said, said, said_about
from snakemake_logger_plugin_observe.journal.records import Refusal

PARTITION = (
    "sbatch: error: invalid partition specified: nosuch",
    "sbatch: error: Batch job submission failed: Invalid partition name specified",
)
TIMED_OUT = "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"
CALL = "sbatch --parsable --job-name 3f --mem 500 -A 'test' -p 'nosuch' --ntasks=1 --wrap=\"python -p x\""


def printed(*lines: str, command: str = "sbatch -p nosuch job.sh", code: int = 1) -> Said:
    message = f"Error submitting jobscript (exit code {code}):\n"
    return said(message, Refusal(command=command, exit_code=code, printed=lines))


def test_the_error_lines_are_put_on_one_line_without_what_each_of_them_repeats() -> None:
    found = printed("sbatch: defaulting to one task", *PARTITION)
    assert found.text == (
        "sbatch: invalid partition specified: nosuch; Invalid partition name specified"
    )
    assert (found.answer, found.request, found.option) == ("refused", "partition", "-p nosuch")
    assert (found.command, found.exit_code) == ("sbatch -p nosuch job.sh", 1)


def test_slurm_s_executor_puts_the_error_before_the_call() -> None:
    text = "\n".join(PARTITION)
    message = (
        f"SLURM sbatch failed. The error message was '{text}'.\n    sbatch call:\n        {CALL}\n"
    )
    found = said(message, None)
    assert found.text == (
        "sbatch: invalid partition specified: nosuch; Invalid partition name specified"
    )
    assert (found.answer, found.option) == ("refused", "-p nosuch")
    assert found.command is not None
    assert found.command.startswith("sbatch --parsable")


def test_a_message_that_was_cut_is_read_as_far_as_it_goes() -> None:
    found = said(f"SLURM sbatch failed. The error message was '{TIMED_OUT}", None)
    assert found.text == "sbatch: Socket timed out on send/recv operation"


@pytest.mark.parametrize(
    ("lines", "code", "answer"),
    [
        ((TIMED_OUT,), 1, "no_answer"),
        (("sbatch: error: Unable to contact slurm controller (connect failure)",), 1, "no_answer"),
        (("qsub: cannot connect to server pbs01 (errno=111)",), 111, "no_answer"),
        (("LSF is down. Please wait ...",), 255, "no_answer"),
        (("ssh: connect to host login port 22: Connection refused",), 255, "no_answer"),
        ((), 124, "no_answer"),
        (("sh: 1: qsub: not found",), 127, "not_run"),
        (("bash: line 1: ./submit.sh: Permission denied",), 126, "not_run"),
        ((), 127, "not_run"),
        (("sbatch: error: invalid account",), 1, "refused"),
        (("submit.py: no samples.tsv",), 127, "refused"),
        ((), 1, "refused"),
    ],
)
def test_no_answer_and_a_command_that_could_not_be_run_are_told_from_a_refusal(
    lines: tuple[str, ...], code: int, answer: str
) -> None:
    assert printed(*lines, code=code).answer == answer


@pytest.mark.parametrize(
    ("line", "command", "request_", "option"),
    [
        (
            "sbatch: error: Invalid account or account/partition combination specified",
            "sbatch --account=lab7 -p main job.sh",
            "account",
            "--account lab7",
        ),
        (
            "sbatch: error: Memory specification can not be satisfied",
            "sbatch --mem=900G job.sh",
            "mem",
            "--mem 900G",
        ),
        ("sbatch: error: Invalid qos specification", "sbatch --qos long j.sh", "qos", "--qos long"),
        ("sbatch: error: Invalid --time specification", "sbatch -t 1x j.sh", "time", "-t 1x"),
        ("sbatch: unrecognized option '--memory=5'", "sbatch --memory=5", None, "--memory"),
        ("sbatch: invalid option -- 'y'", "sbatch -y 5 j.sh", None, "-y"),
        ("qsub: Unknown queue", "qsub -q nosuch j.sh", "partition", None),
        ("sbatch: error: Unspecified error", "sbatch j.sh", None, None),
    ],
)
def test_the_option_that_was_rejected_is_named_as_it_was_given(
    line: str, command: str, request_: str | None, option: str | None
) -> None:
    found = printed(line, command=command)
    assert (found.request, found.option) == (request_, option)


def test_lines_that_do_not_read_like_an_error_are_given_as_they_are() -> None:
    assert printed("no account", code=9).text == "no account"


def test_an_old_journal_has_only_what_the_command_printed_on_stdout() -> None:
    assert said("Error submitting jobscript (exit code 9):\nno such node\n", None) == Said(
        "refused", "no such node", exit_code=9
    )


def test_a_message_of_another_executor_is_taken_whole() -> None:
    assert said("sbatch: error: invalid account", None).text == "sbatch: invalid account"
    assert said(None, None) == Said("refused", "")


def test_an_array_s_error_is_taken_from_where_it_was_logged_once() -> None:
    text = f"SLURM sbatch failed for array job submission (tasks 1-3). The error message was '{TIMED_OUT}'."
    known = stamps(ready=3, selected=3, submitting=4, reported=5, finished=5)
    message = "Part of failed array sbatch submission (tasks 1-3); see log for details."
    story = begun(wraps="slurm").job(1).message(4, text, level="error", kind="error")
    run = story.attempt(1, known, status="failed", message=message).run
    found = said_about(run, run.attempts[(1, 1)])
    assert (found.answer, found.text) == (
        "no_answer",
        "sbatch: Socket timed out on send/recv operation",
    )


def test_of_tasks_and_cpus_the_option_that_asks_for_more_is_the_one_to_correct() -> None:
    found = printed(
        "sbatch: error: CPU count per node can not be satisfied",
        "sbatch: error: Batch job submission failed: Requested node configuration is not available",
        command="sbatch --ntasks=1 --cpus-per-task=40 job.sh",
    )
    assert (found.request, found.option) == ("cpus", "--cpus-per-task 40")


def test_what_slurm_s_plugin_does_not_accept_was_refused_by_no_cluster() -> None:
    message = (
        "Job submission failed with exception: The --memory option is not allowed in the "
        "'slurm_extra' parameter. The memory is set by the snakemake executor plugin and must not "
        "be overwritten. Please use the appropriate snakemake resource specification instead."
    )
    found = said(message, None)
    assert found == Said(
        "not_called",
        "The --memory option is not allowed in the 'slurm_extra' parameter",
        option="memory",
    )
    assert to_do(found, None, "slurm") == (
        "take --mem out of slurm_extra, which the rule, --default-resources or the profile sets, "
        "and set mem_mb instead"
    )
