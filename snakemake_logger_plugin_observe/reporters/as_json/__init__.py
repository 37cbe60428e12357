"""A command's answer as plain values: seconds with microseconds, moments as RFC 3339, unknown null.

Uses ``reporters``, and what these may use.
"""
