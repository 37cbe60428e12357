"""What to fix first: the path that the run took, and the shortest one that its work allows.

Uses ``analysis.cost`` and ``run``.
"""
