"""For every test: Ctrl-C works in the processes that tests start, however the tests were started."""

import signal

# A shell without job control starts what it puts in the background (`nohup make test &`) with
# SIGINT ignored, and each process inherits that. Once handled here, it has its usual effect there.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
