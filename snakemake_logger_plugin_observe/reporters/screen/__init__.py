"""What ``watch`` shows of a run that goes on, one frame at a time.

Uses the analyses and the layers below them.
"""
