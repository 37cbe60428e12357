"""Submissions: what the submit command said, and setups of an executor that cannot go well.

Pure, as all of ``analysis``.
"""
