"""The JSON of `why`."""

from answers import PATH, shape, why_answer
from whys import (
    many_causes,
)

from snakemake_logger_plugin_observe.journal.events import (
    SCHEMA_VERSION,
)


def test_causes_reasons_changes_and_the_chain() -> None:
    answer = shape(why_answer(many_causes(), "publish", since=many_causes(note="echo")))
    assert answer["schema_version"] == SCHEMA_VERSION
    assert (answer["planned"], answer["jobs"], answer["time_s"]) == (False, 9, 9.0)
    assert answer["jobs_with_several_roots"] == 1
    assert answer["roots"][0] == {
        "kind": "code",
        "rules": [{"rule": "trim", "jobs": 3}],
        "files": [],
        "file_count": 0,
        "text": None,
        "jobs": 7,
        "time_s": 7.0,
        "alone": {"jobs": 6, "time_s": 6.0},
        "evidence": [
            {"kind": "journal", "ref": "B:3", "quote": "Code has changed since last execution"}
        ],
    }
    assert answer["reasons"][1] == {
        "kinds": ["code"],
        "rule": "trim",
        "jobs": 3,
        "time_s": 3.0,
        "files": [],
        "file_count": 0,
        "evidence": answer["roots"][0]["evidence"],
    }
    assert answer["changed"]["baseline"] == str(PATH)
    assert [one["what"] for one in answer["changed"]["changes"]] == ["config note", "code"]
    chain = answer["chain"]
    assert (chain["what"], chain["relation"], chain["jobs"]) == ("publish", "job", [1])
    assert [step["job_id"] for step in chain["steps"]] == [1, 2, 10, 11, 12, 20, 21, 22]
    assert chain["steps"][0]["causes"] == [
        {
            "kind": "updated_by_job",
            "files": ["screen/0.json", "screen/1.json", "screen/2.json", "panel.json"],
            "files_certain": True,
            "text": None,
            "relation": "made_by",
            "jobs": [2, 10, 11, 12],
            "jobs_certain": True,
            "root": False,
        }
    ]
    assert chain["roots"] == [
        {"kind": "updated_input", "rule": None, "files": ["panel.fa"]},
        {"kind": "code", "rule": "trim", "files": []},
    ]
