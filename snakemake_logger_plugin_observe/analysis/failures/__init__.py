"""What failed: each job's failures, their causes, and whether they were the same failure.

Uses ``analysis.jobs`` and ``run``.
"""
