"""Reporters: a command's answer in, text out; one file per form, found by its name here."""

from snakemake_logger_plugin_observe.reporters import json_form, text_form
from snakemake_logger_plugin_observe.reporters.answers import Answer

FORMS = {"text": text_form.render, "json": json_form.render}
"""Every form that an answer can be printed in."""

__all__ = ["FORMS", "Answer"]
