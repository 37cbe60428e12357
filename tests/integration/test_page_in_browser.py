"""The page in a real browser: it is drawn, moved, searched and sorted, and what is hostile stays text."""

from collections.abc import Iterator
from typing import Any

import pytest
from answers import on_slurm
from builders import Story, begun, grouped, stamps
from failing import different
from pages import browser, settle, show, until, write_page

from snakemake_logger_plugin_observe.__main__ import main

HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=document.title='owned'>"
)


NAMES = {
    "comment": "<!--<script>--><svg onload=document.title='owned'>",
    "separators": "a\u2028b\u2029c\x0bd\x85e",
    "direction": "\u202egnp.exe\u202c \u2066x\u2069",
    "attribute": "\" autofocus onfocus=\"document.title='owned'\" x='",
    "template": "{{ 7 * 7 }}{% raw %}",
    "prototype": "__proto__",
    "nothing": "",
    "long": "M" * 100_000,
    "flag": f"--{'a' * 50_000}",
}


def hostile(name: str = HOSTILE) -> Story:
    """Return a run with *name* wherever a workflow or a cluster gives one."""
    story = Story(snakefile=name, workdir=name, host=name, tags={name: name}).plan(2, 3)
    reason = f"Missing output files: {name}"
    job = {"wildcards": {name: name}, "shellcmd": name, "log": (name,), "output": (name,)}
    story.job(1, rule=name, **job, input=(name,), reason=reason)
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=6, finished=7)
    log = {"path": name, "bytes": 20, "first_line": 1, "lines": (f"Error: {name}",)}
    named = {"external_jobid": name, "message": name, "node": name}
    story.attempt(1, known, status="failed", logs=(log,), **named)
    return story.message(8, name, kind="unobserved").end(9, status="failed")


def many(count: int) -> Story:
    """Return a run of *count* jobs of two rules, one after the other in a few slots."""
    story = begun(jobs=4)
    for number in range(1, count + 1):
        begin = 3 + (number - 1) // 4 * 2
        story.job(number, rule=("cut", "join")[number % 2], wildcards={"sample": f"s{number:04}"})
        story.quick(number, begin, begin + 0.1, begin + 1.9)
    return story.end(5 + count / 2)


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return a tab that shows the page of a run on Slurm."""
    folder = tmp_path_factory.mktemp("page")
    with browser() as tab:
        tab.folder = folder
        yield tab


def opened(tab: Any, story: Story, *options: str) -> None:
    show(tab, write_page(story.write(tab.folder / "run.jsonl"), *options))


def hover_on_first(tab: Any) -> str:
    """Move the pointer over the first attempt's first third, and return the facts there."""
    where = tab.evaluate(
        """() => {
        const { timeline, attempts } = window.observed;
        const i = timeline.lanes[0][0];
        timeline.canvas.scrollIntoView();
        const box = timeline.canvas.getBoundingClientRect();
        const tick = attempts.begin[i] + (attempts.finish[i] - attempts.begin[i]) / 3;
        return [box.left + timeline.x_of(tick), box.top + 46 + timeline.lane / 2];
    }"""
    )
    tab.mouse.move(*where)
    return tab.locator("#timeline .tip").inner_text()


def test_the_first_screen_is_the_answer_and_the_bar(tab: Any) -> None:
    opened(tab, on_slurm())
    lead = tab.locator(".lead")
    assert "took" in lead.inner_text()
    assert lead.bounding_box()["y"] < 300
    bar = tab.locator(".bar").bounding_box()
    widths = [one.bounding_box()["width"] for one in tab.locator(".bar button").all()]
    assert widths == sorted(widths, reverse=True)
    assert sum(widths) + 2 * (len(widths) - 1) == pytest.approx(bar["width"], abs=2)
    assert bar["y"] + bar["height"] < 900


def test_nothing_is_wider_than_the_window(tab: Any) -> None:
    for width in (1280, 800, 390):
        tab.set_viewport_size({"width": width, "height": 900})
        opened(tab, on_slurm())
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.set_viewport_size({"width": 1280, "height": 900})


def test_a_part_of_the_bar_shows_its_stretches(tab: Any) -> None:
    opened(tab, on_slurm())
    part = tab.locator(".bar button").first
    part.click()
    assert part.get_attribute("aria-pressed") == "true"
    panel = tab.locator("#stretches")
    assert panel.is_visible()
    before = tab.evaluate("[window.observed.view.from, window.observed.view.to]")
    panel.locator("button").first.click()
    assert tab.evaluate("[window.observed.view.from, window.observed.view.to]") != before
    part.click()
    assert not panel.is_visible()


def test_zoom_by_buttons_keys_wheel_and_drag(tab: Any) -> None:
    opened(tab, on_slurm())
    length = "window.observed.view.to - window.observed.view.from"
    whole = tab.evaluate(length)
    tab.click("#zoom-in")
    assert tab.evaluate(length) == pytest.approx(whole / 2)
    canvas = tab.locator("#timeline canvas")
    canvas.focus()
    tab.keyboard.press("+")
    assert tab.evaluate(length) == pytest.approx(whole / 4)
    at = tab.evaluate("window.observed.view.from")
    tab.keyboard.press("ArrowRight")
    assert tab.evaluate("window.observed.view.from") > at
    box = canvas.bounding_box()
    tab.mouse.move(box["x"] + 500, box["y"] + 60)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 560, box["y"] + 60, steps=3)
    tab.mouse.up()
    assert tab.evaluate("window.observed.view.from") < tab.evaluate("window.observed.view.to")
    tab.keyboard.down("Control")
    tab.mouse.wheel(0, 100)
    tab.keyboard.up("Control")
    settle(tab)
    assert tab.evaluate(length) > whole / 4
    tab.keyboard.press("0")
    assert tab.evaluate(length) == whole


def test_the_pointer_shows_the_facts_of_an_attempt_and_a_click_keeps_them(tab: Any) -> None:
    opened(tab, on_slurm())
    facts = hover_on_first(tab)
    for known in ("map", "success", "external id", "node_startup", "memory"):
        assert known in facts
    tab.mouse.down()
    tab.mouse.up()
    assert "node_startup" in tab.locator("#picked").inner_text()


def test_lanes_by_slot_node_and_rule_have_every_attempt(tab: Any) -> None:
    opened(tab, on_slurm())
    count = tab.evaluate("window.observed.attempts.count")
    for mode in ("node", "rule", "slot"):
        tab.check(f"input[name=lanes][value={mode}]")
        lanes = tab.evaluate("window.observed.timeline.lanes.map((one) => [...one])")
        assert sorted(i for lane in lanes for i in lane) == list(range(count))
        overlaps = tab.evaluate(
            """() => { const { attempts: a, timeline: t } = window.observed;
            return t.lanes.flatMap((own) => own.filter((i, n) => n && a.finish[own[n - 1]] > a.begin[i])); }"""
        )
        assert overlaps == []


def test_a_group_takes_one_lane_with_its_members_in_it(tab: Any) -> None:
    opened(tab, grouped())
    lanes = "window.observed.timeline.lanes.map((one) => [...one])"
    group = tab.evaluate("[...window.observed.attempts.within].find((one) => one !== 0xffffffff)")
    assert tab.evaluate(lanes) == [[group]]
    members = tab.evaluate(f"window.observed.timeline.members.get({group})")
    assert sorted([group, *members]) == [0, 1, 2]
    assert tab.evaluate("[...window.observed.timeline.of]") == [0, 0, 0]
    tab.check("input[name=lanes][value=rule]")
    assert len(tab.evaluate(lanes)) > 1
    tab.check("input[name=lanes][value=slot]")


def test_a_search_finds_by_rule_and_wildcard_and_filters_the_table(tab: Any) -> None:
    opened(tab, many(120))
    tab.fill("#search", "join s0007")
    until(tab, "document.getElementById('found').textContent !== ''")
    assert tab.inner_text("#found") == "1 attempt found"
    assert tab.locator("#attempts tbody tr").count() == 1
    assert "sample=s0007" in tab.inner_text("#attempts tbody")
    before = tab.evaluate("window.observed.view.from")
    tab.press("#search", "Enter")
    settle(tab)
    assert tab.evaluate("window.observed.view.from") > before
    tab.fill("#search", "no such")
    until(tab, "document.getElementById('found').textContent.startsWith('0')")
    assert tab.inner_text("#attempts .range") == "no attempt found"


def test_tables_are_sorted_by_their_headings(tab: Any) -> None:
    opened(tab, many(120))
    assert tab.inner_text("#attempts .range") == "1–50 of 120 attempts"
    tab.click("#attempts .next")
    assert tab.inner_text("#attempts .range") == "51–100 of 120 attempts"
    tab.locator("#attempts thead button", has_text="job").first.click()
    assert tab.locator("#attempts tbody td").first.inner_text() == "120"
    heading = tab.locator("#rules thead th").first
    heading.locator("button").click()
    names = tab.locator("#rules tbody th").all_inner_texts()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert names == sorted(names)
    heading.locator("button").click()
    assert tab.locator("#rules tbody th").all_inner_texts() == names[::-1]


def test_the_theme_changes_what_is_drawn(tab: Any) -> None:
    opened(tab, on_slurm())
    corner = "document.defaultView.getComputedStyle(document.body).backgroundColor"
    light = tab.evaluate(corner)
    picture = "document.querySelector('#timeline canvas').toDataURL()"
    drawn = tab.evaluate(picture)
    tab.click("#theme")
    settle(tab)
    assert tab.evaluate(corner) != light
    assert tab.evaluate(picture) != drawn
    assert tab.inner_text("#theme") == "Light"


def test_it_prints_in_the_light_theme_with_every_part_open(tab: Any) -> None:
    opened(tab, different())
    tab.click("#theme")
    assert tab.pdf(format="A4").startswith(b"%PDF")
    assert tab.evaluate("document.documentElement.dataset.theme") == "dark"


def test_what_is_hostile_stays_text(tab: Any) -> None:
    opened(tab, hostile())
    assert tab.title().startswith("Snakemake run of")
    assert HOSTILE in hover_on_first(tab)
    assert HOSTILE in tab.inner_text("#attempts tbody")
    assert HOSTILE in tab.inner_text("#failures")
    assert tab.locator("img").count() == 0


@pytest.mark.parametrize("kind", NAMES)
def test_whatever_the_names_the_pages_are_drawn_and_nothing_runs(tab: Any, kind: str) -> None:
    folder, name = tab.folder, NAMES[kind]
    journals = [
        str(story.write(folder / f"{n}.jsonl"))
        for n, story in enumerate((on_slurm(), hostile(name)))
    ]
    for named in (journals[1:], journals):
        out = folder / "hostile.html"
        assert main(["report", *named, "-o", str(out), "--force", "--offline"]) == 0
        assert out.stat().st_size < 500_000
        show(tab, out)
        for details in tab.locator("details").all():
            details.evaluate("(one) => { one.open = true; }")
        tab.check("input[name=lanes][value=rule]")
        tab.locator("tbody button.link").last.click()
        settle(tab)
        assert tab.title().startswith("Snakemake run")
        assert tab.locator("svg:not(.meter):not(.strip)").count() == 0
        assert tab.evaluate("document.documentElement.scrollWidth") <= 1280


@pytest.mark.parametrize("width", [1280, 390])
def test_no_name_in_a_bar_is_cut(tab: Any, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 900})
    opened(tab, on_slurm())
    shown = tab.evaluate(
        """() => [...document.querySelectorAll(".bar button")].flatMap((button) => {
        const line = button.querySelector("span").getBoundingClientRect();
        return [...button.querySelectorAll("b, i")].map((one) => one.getBoundingClientRect())
            .filter((one) => one.top < line.bottom - 1).map((one) => one.right <= line.right);
    })"""
    )
    tab.set_viewport_size({"width": 1280, "height": 900})
    assert len(shown) >= 2
    assert all(shown)


def test_the_name_of_a_class_in_the_table_shows_what_its_part_shows(tab: Any) -> None:
    opened(tab, on_slurm())
    name = tab.locator("#partition .pick").first
    part = tab.locator(f".bar [data-class={name.get_attribute('data-class')}]")
    name.press("Enter")
    assert part.get_attribute("aria-pressed") == "true"
    assert tab.locator("#stretches").is_visible()
    assert tab.locator("#partition tr.picked").count() >= 1


def test_a_table_that_is_wider_than_its_place_is_scrolled_with_the_keyboard(tab: Any) -> None:
    tab.set_viewport_size({"width": 390, "height": 900})
    opened(tab, on_slurm())
    table = tab.locator("#rules .wide")
    table.focus()
    tab.keyboard.press("ArrowRight")
    until(tab, "document.querySelector('#rules .wide').scrollLeft > 0")
    tab.set_viewport_size({"width": 1280, "height": 900})
    tab.wait_for_selector("#rules .wide:not([tabindex])")


def test_the_pictures_are_as_wide_as_the_paper_while_it_prints(tab: Any) -> None:
    opened(tab, on_slurm())
    widths = "[...document.querySelectorAll('canvas')].map((one) => one.style.width)"
    screen = tab.evaluate(widths)
    tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert tab.evaluate(widths) == ["690px", "690px"]
    tab.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert tab.evaluate(widths) == screen


def test_each_picture_has_a_name_and_a_table_behind_it(tab: Any) -> None:
    opened(tab, on_slurm())
    for canvas in tab.locator("canvas").all():
        assert canvas.get_attribute("aria-label")
        assert canvas.get_attribute("tabindex") == "0"
    count = tab.evaluate("window.observed.attempts.count")
    assert tab.locator("#attempts tbody tr").count() == count
    starts = [
        float(one) for one in tab.locator("#attempts tbody td:nth-child(7)").all_inner_texts()
    ]
    assert starts == sorted(starts)
    assert tab.locator("details.behind tbody tr").count() > 1
    assert tab.locator("#partition tbody tr.class").count() >= tab.locator(".bar button").count()


def test_two_runs_move_and_are_searched_together(tab: Any) -> None:
    folder = tab.folder
    journals = [
        str(story.write(folder / f"{n}.jsonl")) for n, story in enumerate((many(40), many(80)))
    ]
    out = folder / "pair.html"
    assert main(["report", *journals, "-o", str(out), "--force"]) == 0
    show(tab, out)
    widths = [bar.bounding_box()["width"] for bar in tab.locator(".bar").all()]
    assert widths[0] < widths[1]
    before = tab.evaluate("[...document.querySelectorAll('canvas')].map((one) => one.toDataURL())")
    tab.click("#zoom-in")
    settle(tab)
    after = tab.evaluate("[...document.querySelectorAll('canvas')].map((one) => one.toDataURL())")
    assert all(a != b for a, b in zip(before, after, strict=True))
    tab.fill("#search", "s0007")
    until(tab, "document.getElementById('found').textContent !== ''")
    assert tab.inner_text("#found") == "2 attempts found"
    assert [tab.locator(f"#attempts-{name} tbody tr").count() for name in "AB"] == [1, 1]
