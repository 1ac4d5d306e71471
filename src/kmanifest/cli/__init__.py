"""The command `kmanifest`: arguments in, YAML on stdout, everything else on stderr."""

DONE = 0
FAILED = 1
WRONG_USAGE = 2
INTERRUPTED = 130
READER_GONE = 141
"""The exit codes: the last two as a shell shows a process that ended by SIGINT or SIGPIPE."""
