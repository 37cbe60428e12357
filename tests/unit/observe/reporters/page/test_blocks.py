"""The parts of a text answer stay what they are on the page."""

from rich.padding import Padding
from rich.text import Text

from snakemake_logger_plugin_observe.reporters.command_lines import CommandLine
from snakemake_logger_plugin_observe.reporters.page.blocks import Piece, blocks
from snakemake_logger_plugin_observe.reporters.tables import plain_table


def test_each_kind_of_part_is_recognised() -> None:
    parts = [
        Text("what failed", "bold red"),
        Text.assemble(("What to do: ", "bold"), "fix it."),
        Text(),
        Padding(Text("log: a.log"), (0, 0, 0, 2)),
        Text("! a gap", "yellow"),
        CommandLine("snakemake-observe path"),
    ]
    assert [one.kind for one in blocks(parts)] == [
        *("heading", "sentence", "line", "warning", "command"),
    ]
    assert blocks(parts)[1].pieces == (Piece("What to do: ", strong=True), Piece("fix it."))


def test_a_table_has_its_headings_and_cells() -> None:
    table = plain_table()
    table.add_column("rule")
    table.add_column("s", justify="right")
    table.add_row("  map", "1.0")
    (block,) = blocks([table])
    assert block.headings == (("rule", False), ("s", True))
    assert block.rows == (("map", "1.0"),)


def test_control_characters_are_escaped() -> None:
    (block,) = blocks([Text("a\x1b[2Jb")])
    assert block.text == "a\\x1b[2Jb"
