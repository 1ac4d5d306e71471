"""The values of a render: how they are read, merged, and traced to where they were set."""
