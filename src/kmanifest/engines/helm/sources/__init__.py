"""Where charts come from: repositories with an index, registries, directories, and what a lock file says of them.

Nothing here reads a file or asks a server: contents come in through a `Fetcher`, in the same way as files through a `Tree`.
"""
