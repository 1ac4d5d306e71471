"""The parts that only Helm 4 needs. `find_dialect` imports them on demand.

Source: helm v4.3.1.
"""
