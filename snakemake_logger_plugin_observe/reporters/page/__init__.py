"""The page: one self-contained HTML file about a run, which fetches nothing.

``columns`` packs the attempts, ``curves`` the counts over time, ``blocks`` takes over the parts of
the text answers, ``sections`` puts the parts of the page together, and ``frame`` writes it. What is
on the page was computed by the same analyses as the commands' answers.
"""
