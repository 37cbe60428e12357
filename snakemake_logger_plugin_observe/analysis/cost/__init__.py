"""Where time went: the job account, the makespan partition, and what to change first.

Uses ``run``.
"""
