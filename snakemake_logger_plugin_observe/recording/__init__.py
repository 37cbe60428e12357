"""The recording side: log records and executor stamps in, journal lines out.

Uses everything below it, ``analysis.cost`` and ``external`` included; never the commands.
"""
