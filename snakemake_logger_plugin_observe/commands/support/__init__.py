"""What several commands need: finding journals, baselines, check files, writing files.

Uses everything below ``commands``; never a command.
"""
