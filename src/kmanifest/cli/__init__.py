"""The command `kmanifest`: arguments in, YAML on stdout, everything else on stderr."""

EXIT_OK = 0
EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
"""The exit codes: the last two as a shell shows a process that ended by SIGINT or SIGPIPE."""
