"""What ran: attempts as rows, with what each used of what it had requested.

Uses ``run``.
"""
