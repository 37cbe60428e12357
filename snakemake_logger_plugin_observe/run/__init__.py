"""A run folded from its journal: jobs, attempts, and the segments that tile each attempt.

Uses ``journal`` and the clock; pure, and used by the recorder and the reader alike.
"""
