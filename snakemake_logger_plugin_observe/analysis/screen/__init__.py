"""The first screen of a run that succeeded: recorded in its last line, and made from that again.

Nothing in it is computed otherwise than for a reader of all lines: ``recorded`` takes what the
analyses return, and ``restored`` gives it back.
"""
