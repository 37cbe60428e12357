"""Answers as files to keep: incident notes, runbooks, JUnit XML, a proposed check file.

Uses the reporters' shared words and shapes.
"""
