"""The JSON of `compare`."""

from answers import PATH, as_json, unsafe_changes


def test_a_comparison() -> None:
    found = as_json(unsafe_changes())
    assert found["schema_version"] == 1
    assert found["journals"]["A"] == str(PATH)
    assert (found["verdict"], found["same_work"], found["checked"]) == (
        "faster because it did less",
        False,
        "plan",
    )
    assert found["speed"]["baseline_s"] == 300.0
    assert found["speed"]["by_class_s"]["planning"] == {"baseline": 3.0, "candidate": 3.0}
    assert [job["wildcards"] for job in found["work"]["jobs_gone"]] == [
        {"sample": s} for s in ("d", "e", "f", "d", "e", "f")
    ]
    assert (found["work"]["rules_added"], found["work"]["rules_gone"]) == ([], [])
    assert {one["id"] for one in found["findings"] if one["kind"] == "unsafe"} == {
        *("discovery_narrowed", "log_removed", "code_changed", "hides_changes"),
    }
    lost = next(one for one in found["findings"] if one["id"] == "log_removed")
    assert lost["claim"] == "rule cut lost its log: logs/cut.log"
    assert lost["evidence"] == [
        {"kind": "journal", "ref": "A:5", "quote": "log: logs/cut.log"},
        {"kind": "journal", "ref": "B:5", "quote": "log: none of these"},
    ]
