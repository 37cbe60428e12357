"""Whatever a text holds, a reader of Markdown shows it as text, and code as code."""

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from strategies import hostile

from snakemake_logger_plugin_observe.pasting import Command, command, harmless
from snakemake_logger_plugin_observe.reporters.documents.markdown import (
    cell,
    code,
    commands,
    plain,
    unmarked,
)

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def tokens(text: str) -> list[Token]:
    """Return all that a reader sees in *text*: blocks, and what is in them."""
    found = READER.parse(text)
    return [part for one in found for part in (one, *(one.children or ()))]


def kinds(text: str) -> list[str]:
    return [one.type for one in tokens(text)]


def shown(text: str) -> str:
    return "".join(one.content for one in tokens(text) if one.type in ("text", "code_inline"))


def trimmed(text: str) -> str:
    return " ".join(harmless(text).split())


IN_A_LIST = ["bullet_list_open", "list_item_open", "paragraph_open", "inline"]
CLOSED = ["paragraph_close", "list_item_close", "bullet_list_close"]


@given(hostile.filter(lambda text: text.strip()))
def test_text_is_text_wherever_it_stands(text: str) -> None:
    for line in (f"- {plain(text)}\n", f"- **name**: {plain(text)}\n", f"{plain(text)}\n"):
        found = {one for one in kinds(line) if not one.startswith(("paragraph", "list", "bullet"))}
        assert found <= {"inline", "text", "text_special", "strong_open", "strong_close"}, line
        assert trimmed(text) in " ".join(shown(line).split())


@given(hostile)
def test_code_is_one_span_of_code(text: str) -> None:
    line = f"- {code(text)}\n"
    assert kinds(line) == [*IN_A_LIST, "code_inline", *CLOSED]
    assert shown(line).strip() == harmless(text).strip()


@given(hostile, hostile)
def test_code_stays_between_its_neighbours(text: str, other: str) -> None:
    line = f"- a {code(text)} b {code(other)} c\n"
    spans = [one.content for one in tokens(line) if one.type == "code_inline"]
    assert [one.strip() for one in spans] == [harmless(one).strip() for one in (text, other)]


@given(hostile, hostile)
def test_a_cell_stays_a_cell(text: str, other: str) -> None:
    table = f"| a | b | c |\n|---|---|---|\n| {cell(text)} | {cell(other)} | 1 |\n"
    assert kinds(table).count("td_open") == 3
    assert kinds(table).count("tr_open") == 2
    assert not {"html_inline", "link_open", "image"} & set(kinds(table))


names = st.lists(hostile, min_size=1, max_size=3).map(tuple)


@given(st.lists(names.map(lambda more: command("snakemake", *more)), max_size=4), hostile)
def test_a_block_has_the_commands_line_by_line(made: list[Command], folder: str) -> None:
    for where in (None, "/work", folder):
        text = "\n".join(commands(made, where)) + "\nend\n"
        blocks = [one for one in tokens(text) if one.type == "fence"]
        offered = [one.line for one in made if one.line is not None]
        if blocks:
            (block,) = blocks
            lines = block.content.splitlines()
            assert lines[len(lines) - len(offered) :] == offered
            assert len(lines) - len(offered) == (where is not None)
        assert not {"html_inline", "html_block", "link_open", "image"} & set(kinds(text))
        assert shown(text).endswith("end")


def test_without_its_folder_no_command_is_offered() -> None:
    assert commands([command("snakemake", "all")], "/work/\x1b[2J") == [
        "A command (cd) is left out: an argument of it contains control or invisible characters.",
        "",
    ]


@given(hostile)
def test_plain_text_can_be_read_back(text: str) -> None:
    assert unmarked(plain(text)) == harmless(text).strip()


def test_only_what_would_be_an_item_is_escaped_at_the_beginning() -> None:
    assert plain("200.0 s slower") == "200.0 s slower"
    assert plain("2. or 3) s") == "2\\. or 3) s"
    assert plain("-x") == "\\-x"


def test_code_is_left_out_of_what_is_read_back() -> None:
    assert unmarked("group them `[B:20]`, ``a`b`` and tiny\\_jobs") == "group them ,  and tiny_jobs"
