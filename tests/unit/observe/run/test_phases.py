"""The vocabulary of time is the model's, and every phase has one cost class."""

from snakemake_logger_plugin_observe.run import phases

MODEL = {
    "slot_wait": "limits",
    "dispatch": "scheduling",
    "submit": "scheduling",
    "held": "limits",
    "queue_wait": "queue",
    "job_script": "scheduling",
    "node_startup": "scheduling",
    "node_plan": "planning",
    "stage_in": "staging",
    "compute": "compute",
    "stage_out": "staging",
    "member_wait": "scheduling",
    "node_exit": "scheduling",
    "poll_wait": "scheduling",
    "latency_wait": "staging",
    "postprocess": "scheduling",
    "unobserved": "unobserved",
}
MODEL_OF_THE_RUN = {
    "import": "planning",
    "parse": "planning",
    "plan": "planning",
    "deploy": "staging",
    "select": "scheduling",
    "main_loop": "scheduling",
    "hooks": "scheduling",
    "shutdown": "scheduling",
    "unattributed": "unattributed",
}


def test_the_phases_of_an_attempt_are_the_model_s_in_its_order() -> None:
    assert [(one.name, one.cost_class) for one in phases.ATTEMPT_PHASES] == list(MODEL.items())


def test_the_phases_of_the_run_are_the_model_s_in_its_order() -> None:
    assert [(one.name, one.cost_class) for one in phases.RUN_PHASES] == list(
        MODEL_OF_THE_RUN.items()
    )


def test_every_phase_is_in_exactly_one_class() -> None:
    names = [one.name for one in (*phases.ATTEMPT_PHASES, *phases.RUN_PHASES)]
    assert sorted(names) == sorted(phases.PHASES)
    assert {phases.cost_class(name) for name in names} == set(phases.CLASSES)


def test_every_phase_and_class_has_a_plain_meaning() -> None:
    meanings = [*phases.CLASSES.values(), *(one.meaning for one in phases.PHASES.values())]
    assert all(text and text == text.strip() for text in meanings)


def test_sums_by_class_include_empty_classes() -> None:
    found = phases.by_class({"submit": 3, "poll_wait": 4, "compute": 5})
    assert found == {
        "planning": 0,
        "scheduling": 7,
        "limits": 0,
        "queue": 0,
        "staging": 0,
        "compute": 5,
        "unobserved": 0,
        "unattributed": 0,
    }
