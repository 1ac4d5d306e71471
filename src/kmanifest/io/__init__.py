"""The code that touches the machine: files, git, processes, the network, caches."""
