"""What keeps a run from its end is the same in every answer, with the same next step."""

from dataclasses import replace

from answers import PATH, cost, render, shape, source
from builders import Story, a_record, begun, stamps
from out_on_cluster import answered, out, queued, view_of

from snakemake_logger_plugin_observe.analysis.live.take_in import take_in
from snakemake_logger_plugin_observe.analysis.path.paths import paths
from snakemake_logger_plugin_observe.analysis.triage.blocked import blocked
from snakemake_logger_plugin_observe.commands.support.cost_answer import cost as cost_of
from snakemake_logger_plugin_observe.reporters.answers import PathAnswer, Source

CHANGE = "lower its runtime, split the group, or choose a partition that allows it"


def on_one_line(text: str) -> str:
    return " ".join(text.split())


def standing_still() -> Source:
    """Return a run that goes on, with a job that asks for more than its partition allows."""
    story = out("71")
    view = view_of(story, answered(queued(reason="PartitionTimeLimit")))
    run = story.run
    take_in(run, {}, view)
    return Source(PATH, run, "running", live=view)


def interrupted(reason: str) -> Story:
    """Return a run that was interrupted while its only job could not start."""
    story = begun().job(1)
    known = stamps(ready=3, selected=3, submitting=4, accepted=5, finished=60)
    story.attempt(1, known, status="cancelled", external_jobid="16")
    nothing = {"submitted": 4, "eligible": None, "started": None, "ended": 60}
    return story.accounting(1, a_record("16", **nothing, state="CANCELLED", reason=reason), 61).end(
        61, "interrupted"
    )


def test_a_run_that_stands_still_has_one_next_step() -> None:
    still = standing_still()
    to_do = f"{CHANGE}: stop Snakemake (Ctrl-C), and run again with that changed"
    answer = cost_of(still)
    text = on_one_line(render(answer))
    assert f"What to do: {to_do} (because a job that asks for more than is allowed never" in text
    assert "scancel 71" in text
    assert "What to change" not in text
    assert shape(answer)["blocked"][0]["to_do"] == to_do
    found = blocked(still.run, "running", still.live)
    on_path = PathAnswer(still, paths(still.run), blocked=found)
    text = on_one_line(render(on_path))
    assert f"What to do: {to_do}" in text
    assert "What to fix first" not in text
    assert shape(on_path)["blocked"][0]["commands"] == ["squeue -j 71", "scancel 71"]


def test_a_run_that_would_stand_still_again_is_changed_first() -> None:
    run = interrupted("PartitionTimeLimit").run
    answer = cost(run)
    text = on_one_line(render(answer))
    assert "Stood still before that: map (slurm 16) was held in the cluster and never st" in text
    assert f"What to do: {CHANGE}; then run the same command again with --rerun-inc" in text
    found = blocked(run, "interrupted", None)
    on_path = PathAnswer(source(run), paths(run), blocked=found)
    assert f"What to do: {CHANGE}; then run the same" in on_one_line(render(on_path))


def test_what_held_a_job_that_is_cancelled_by_now_is_looked_for() -> None:
    text = on_one_line(render(cost(interrupted("JobHeldUser").run)))
    assert "What to do: find out who or what held it (scontrol hold, or --hold in what is" in text


def test_a_killed_run_s_job_would_hang_again() -> None:
    still = standing_still()
    killed = replace(still, status="killed", live=replace(still.live, attended=False))
    assert [one.action.text for one in blocked(still.run, "killed", killed.live)] == [CHANGE]
    text = on_one_line(render(cost_of(killed)))
    assert f"What to do: {CHANGE}; then cancel 71, which the cluster still has; then run" in text


def test_a_job_that_only_waits_for_its_turn_blocks_nothing() -> None:
    assert blocked(interrupted("Priority").run, "interrupted", None) == ()


def test_a_setup_that_cannot_work_is_changed_before_the_run_is_started_again() -> None:
    story = begun(command=("snakemake", "--slurm-array-jobs", "all"), jobs=2).planned(2, {"map": 5})
    known = stamps(ready=3, selected=3, finished=60)
    for number in (1, 2):
        story.job(number).attempt(number, known, status="cancelled")
    text = on_one_line(render(cost(story.end(61, "interrupted").run)))
    assert "Stood still before that: 2 jobs selected and never submitted: array mode" in text
    assert (
        "What to do: raise --jobs to 5 or more, or leave out --slurm-array-jobs; then run" in text
    )


def test_a_submit_command_that_prints_no_id_is_mended_before_the_run_is_started_again() -> None:
    settings = {"submit_cmd": "./sub.sh", "status_cmd": "./status.sh"}
    story = begun(wraps="cluster-generic", settings=settings, command=("snakemake",)).job(1)
    known = stamps(ready=3, selected=3, submitting=4, accepted=5, finished=60)
    story.attempt(1, known, status="cancelled").end(61, "interrupted")
    text = on_one_line(render(cost(story.run)))
    assert "Stood still before that: the submit command printed no id for map: no status" in text
    assert "What to do: have the submit command print nothing but the job's id; then ask" in text
