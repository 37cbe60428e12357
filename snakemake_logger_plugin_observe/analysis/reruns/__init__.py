"""What the runs before show about jobs that ran again: the same reruns, the same bytes, leftovers.

Uses ``run`` and ``analysis.why``.
"""
