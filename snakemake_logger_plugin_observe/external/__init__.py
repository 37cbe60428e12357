"""Everything outside the journal: the working directory, logs, Slurm, git, a live Snakemake.

Uses ``run``, ``journal`` and the root; the only folder of the reader that starts other programs.
"""
