"""Runs as flat tables, for data frames, spreadsheets and databases: the columns are an interface.

``docs/tables.md`` lists them. A column keeps its name, unit and meaning; new ones are added behind.
"""

from typing import Any, Final

from snakemake_logger_plugin_observe.reporters.flat_tables import attempts, rules
from snakemake_logger_plugin_observe.reporters.flat_tables.column import FlatTable

TABLES: Final[dict[str, FlatTable[Any]]] = {"attempts": attempts.TABLE, "rules": rules.TABLE}
"""The tables by name."""
