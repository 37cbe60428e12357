"""A run checked against budgets and required outputs, each figure with its evidence.

Uses ``analysis.compare``, ``analysis.failures``, ``analysis.jobs``, ``analysis.cost`` and ``run``.
"""
