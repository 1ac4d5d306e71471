"""Sources of charts: repositories with an index, registries, directories and lock files.

No module here reads files or opens connections. Content of servers comes in through a `Fetcher`, files through a
`Tree`.
"""
