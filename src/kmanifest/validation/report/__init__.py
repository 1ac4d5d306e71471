"""Reports: the results of a run as text for people, and in the formats of other tools."""
