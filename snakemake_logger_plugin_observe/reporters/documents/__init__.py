"""Answers as files: incident notes, runbooks, JUnit XML, a proposed check file.

Uses ``reporters`` and what they use.
"""
