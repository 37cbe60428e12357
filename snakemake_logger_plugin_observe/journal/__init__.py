"""The run journal: its events, the records in them, and the files that hold them.

Uses the root's clock, and nothing above it.
"""
