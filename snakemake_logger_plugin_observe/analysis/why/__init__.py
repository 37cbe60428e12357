"""Why jobs ran: Snakemake's reasons, followed through the DAG to their root causes.

Uses ``run``.
"""
