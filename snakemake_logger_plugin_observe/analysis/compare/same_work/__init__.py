"""Whether a candidate does the same work as its baseline: every change, judged.

Each module judges one kind of change and returns findings: *safe* changes cannot change results,
*neutral* ones do not decide, *unsafe* ones lose work, hide changes, or can change results while
nothing shows that they did not. ``judge`` runs them all. Uses ``analysis.failures``.
"""
