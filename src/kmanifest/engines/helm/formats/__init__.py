"""YAML, JSON and TOML as Helm's Go libraries read and write them."""
