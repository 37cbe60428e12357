"""What is said about inputs that planning did not find."""

import pytest

from snakemake_logger_plugin_observe.analysis.failures.missing_sources import missing_sources


@pytest.mark.parametrize(
    ("files", "similar", "what", "to_do"),
    [
        (
            ["x.txt"],
            None,
            "x.txt, which was not there and which no rule makes",
            "put x.txt where {rule} expects it",
        ),
        (
            ["a", "b"],
            None,
            "a and b, which were not there and which no rule makes",
            "put a and b where {rule} expects them",
        ),
        (
            ["x.fastq"],
            "x.fq",
            "x.fastq, which was not there though x.fq was",
            "put x.fastq where {rule} expects it",
        ),
        (
            ["s3://b/x (in storage)"],
            None,
            (
                "s3://b/x, which was not found in its storage: the file is not there, or the "
                "storage could not be reached"
            ),
            "see whether the storage can be reached",
        ),
        (
            ["~/x.txt"],
            None,
            "~/x.txt, which was not there: Snakemake does not resolve ~",
            "write the path of ~/x.txt out, without ~",
        ),
    ],
)  # fmt: skip
def test_missing_inputs(files: list[str], similar: str | None, what: str, to_do: str) -> None:
    found = missing_sources(files, similar)
    assert found.what == what
    assert found.to_do.startswith(to_do)
