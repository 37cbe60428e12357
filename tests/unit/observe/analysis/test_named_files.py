"""A message names a file by its whole path."""

import pytest

from snakemake_logger_plugin_observe.analysis.named_files import named_in


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("a.bam.bai (missing locally)", ("a.bam.bai",)),
        ("a.bam (missing locally)\nx/a.bam.bai (missing locally)", ("a.bam",)),
        ("a.bam, a.bam.bai", ("a.bam", "a.bam.bai")),
        ("the file 'a.bam' is not there.", ("a.bam",)),
        ("it is a.bam.", ("a.bam",)),
        ("/elsewhere/a.bam", ()),
        ("my a.bam", ("my a.bam",)),
        ("/w/.snakemake/shadow/tmp0_k3x9qz/a.bam (missing locally)", ("a.bam",)),
        ("b (missing locally, parent dir contents: a.bam, c)\na.bam.bai", ("a.bam.bai",)),
        ("b (missing locally, parent dir contents: a.bam) a.bam.bai (gone)", ("a.bam.bai",)),
        ("", ()),
    ],
)
def test_a_message_names_a_file_only_by_its_full_name(message: str, named: tuple[str, ...]) -> None:
    assert named_in(("a.bam", "a.bam.bai", "my a.bam"), message) == named
