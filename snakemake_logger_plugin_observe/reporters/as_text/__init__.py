"""A command's answer as parts of a text: the answer first, on one screen, the next command last.

Uses ``reporters``, and what these may use.
"""
