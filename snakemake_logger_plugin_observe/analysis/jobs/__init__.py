"""What ran: attempts as rows, with what each requested and used.

Uses ``run``.
"""
