"""What to change about a run: each piece is simulated, and given with what it would save.

``cost``, ``path`` and ``triage`` have their advice from here, so they do not contradict each other.
Uses ``analysis.cost``, ``analysis.path`` and ``analysis.whatif``.
"""
