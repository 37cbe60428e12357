"""What to do about a failed submission depends on what was said, and on what the job requests."""

import pytest
from builders import begun

from snakemake_logger_plugin_observe.analysis.submission.advice import BY_HAND, to_do
from snakemake_logger_plugin_observe.analysis.submission.said import said
from snakemake_logger_plugin_observe.journal.records import Refusal

NO_MEMORY = "sbatch: error: Memory specification can not be satisfied"


def advice(
    line: str,
    command: str = "sbatch job.sh",
    executor: str = "cluster-generic",
    code: int = 1,
    **resources: int,
) -> str:
    job = begun().job(1, resources=resources, threads=2).run.jobs[1]
    refusal = Refusal(command=command, exit_code=code, printed=(line,))
    return to_do(said("", refusal), job, executor)


def test_a_submission_without_an_answer_is_repeated() -> None:
    assert advice("sbatch: error: Batch job submission failed: Socket timed out") == (
        "run again, with --retries 1, so that a submission without an answer is repeated"
    )


def test_a_command_that_is_not_there_is_named() -> None:
    assert advice("sh: 1: qsub: not found", "qsub job.sh", code=127) == (
        "see that qsub is installed, executable and on PATH where Snakemake runs"
    )


@pytest.mark.parametrize(
    ("executor", "where"),
    [
        ("cluster-generic", "--cluster-generic-submit-cmd"),
        ("slurm", "slurm_partition, which the rule, --default-resources or the profile sets"),
    ],
)
def test_a_rejected_option_is_corrected_where_it_was_set(executor: str, where: str) -> None:
    line = "sbatch: error: invalid partition specified: nosuch"
    assert advice(line, "sbatch -p nosuch job.sh", executor) == (
        f"correct -p nosuch in {where} (sinfo lists the partitions)"
    )


def test_an_option_that_the_command_does_not_know_is_taken_out() -> None:
    assert advice("sbatch: unrecognized option '--memory'", "sbatch --memory=5 job.sh") == (
        "take --memory out of --cluster-generic-submit-cmd: sbatch does not know that option; it has "
        "--mem"
    )
    assert advice("sbatch: unrecognized option '--priorty'", "sbatch --priorty=5 job.sh") == (
        "take --priorty out of --cluster-generic-submit-cmd: sbatch does not know that option"
    )


def test_a_unit_that_sbatch_does_not_read_is_corrected_and_not_the_size() -> None:
    assert advice("sbatch: error: Invalid --mem specification", "sbatch --mem 300MiB job.sh") == (
        "correct the unit of --mem 300MiB in --cluster-generic-submit-cmd: sbatch reads K, M, G and "
        "T, as in 300M"
    )


@pytest.mark.parametrize(
    ("option", "said_"),
    [
        ("--mem=8000G", "--mem 8000G requests 8,192 GB"),
        ("--mem 8000K", "--mem 8000K requests 7.81 MB"),
        ("--mem-per-cpu 8000G", "--mem-per-cpu 8000G requests 16,384 GB"),
    ],
)
def test_memory_in_another_unit_than_that_of_mem_mb_is_named(option: str, said_: str) -> None:
    assert advice(NO_MEMORY, f"sbatch {option} job.sh", mem_mb=8000) == (
        f"give the memory in MB: {said_}, though mem_mb is 8000 (8 GB): write {{resources.mem_mb}}M"
    )


def test_more_memory_than_any_node_has_was_given_in_another_unit() -> None:
    assert advice(NO_MEMORY, "sbatch --mem 16000000 job.sh", mem_mb=16_000_000) == (
        "give mem_mb in MB: 16000000 is 16,000 GB"
    )


def test_memory_in_the_right_unit_is_only_too_much() -> None:
    assert advice(NO_MEMORY, "sbatch --mem 900000 job.sh", mem_mb=900_000) == (
        "correct --mem 900000 in --cluster-generic-submit-cmd "
        "(sinfo -o '%P %m' lists the memory of the nodes in MB)"
    )


def test_a_refusal_that_names_nothing_is_tried_by_hand() -> None:
    assert advice("submit.sh: no such node") == BY_HAND
