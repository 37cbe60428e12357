"""The recording side: turns log records and the executor's stamps into journal lines.

It may use everything below it, ``analysis.cost`` and ``external`` included; never the commands.
"""
