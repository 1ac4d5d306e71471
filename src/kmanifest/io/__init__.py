"""Input and output: files, git, processes, the network and caches."""
