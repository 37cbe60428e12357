"""The id of a submission is found in the sentences with which schedulers answer."""

import pytest

from snakemake_logger_plugin_observe.run.external_ids import id_in


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (None, None),
        ("", ""),
        ("311", "311"),
        ("311_4", "311_4"),
        ("1234.pbs01", "1234.pbs01"),
        ("Submitted batch job 311", "311"),
        ("Submitted batch job 311 on cluster west", "311"),
        ('Your job 311 ("map") has been submitted', "311"),
        ("Job <311> is submitted to queue <normal>.", "311"),
        ("sbatch: error: job 5 could not be queued", None),
        ("all jobs were submitted", None),
    ],
)
def test_an_id_is_taken_from_a_sentence_and_from_nothing_else(
    answer: str | None, found: str | None
) -> None:
    assert id_in(answer) == found
