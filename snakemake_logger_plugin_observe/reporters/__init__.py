"""Turn a command's answer into text or plain values, and print it in one of the forms.

Uses ``analysis``, ``run`` and ``journal``; never a command. Reads no files.
"""
