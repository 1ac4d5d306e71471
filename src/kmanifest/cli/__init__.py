"""The command `kmanifest`: YAML goes to stdout, messages go to stderr."""

EXIT_OK = 0
EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141
"""Exit codes. The last two are what a shell reports for a process that SIGINT or SIGPIPE ended."""
