"""What went wrong in a run: its incidents, each with evidence, and what to do next.

Uses the analyses of cost, jobs, failures, path, whatif, why and compare. What it needs from the
working directory or from a live Snakemake is read by the command and passed in with the case.
"""
