"""Pure analyses: a run in, a frozen result out; no clock, no printing, no file system.

A folder for each question; the modules directly here serve all of them. Uses ``run``,
``journal`` and the root.
"""
