"""Every command is a module of three names, and one line of the registry."""

import argparse
from pathlib import Path

import pytest

from snakemake_logger_plugin_observe import commands
from snakemake_logger_plugin_observe.commands import COMMANDS, module_of


def test_every_module_of_the_folder_is_a_command() -> None:
    files = {path.stem for path in Path(commands.__file__).parent.glob("*.py")}
    assert set(COMMANDS) == files - {"__init__"}


def test_no_other_module_is_loaded_as_a_command() -> None:
    with pytest.raises(ValueError, match="support"):
        module_of("support")


def test_help_lists_the_commands_in_the_order_of_the_registry() -> None:
    assert COMMANDS[:4] == ("cost", "path", "whatif", "jobs")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_a_help_its_arguments_and_a_run(name: str) -> None:
    module = module_of(name)
    assert module.HELP
    assert not module.HELP.endswith(".")
    module.add_arguments(argparse.ArgumentParser())
    assert callable(module.run)
