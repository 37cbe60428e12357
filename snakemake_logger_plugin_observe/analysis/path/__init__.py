"""What to fix first: the path that the run took, and the critical path of its work.

Uses ``analysis.cost`` and ``run``.
"""
