"""The values of a render: read them, merge them, and trace each to where it was set."""
