"""How long a run that goes on still takes: what is left of it, simulated with usual lengths.

Uses ``analysis.whatif``, ``analysis.cost`` and ``run``.
"""
