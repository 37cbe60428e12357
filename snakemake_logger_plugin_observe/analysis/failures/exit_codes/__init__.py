"""What the exit code of a failed shell command means.

Uses ``analysis.failures.shell`` and ``analysis.phrasing``.
"""
