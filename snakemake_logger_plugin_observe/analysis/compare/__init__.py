"""Two runs compared: how much faster, what changed, and whether it is still the same work.

Uses ``analysis.failures``, ``analysis.why``, ``analysis.cost`` and ``run``.
"""
