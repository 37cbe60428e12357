"""Reporters: a command's answer in, text or plain values out.

Use ``analysis``, ``run`` and ``journal``; never a command, and they read no files.
"""
