"""Bounds on what a build may read, make and take: immutable, passed in, checked inside our own loops."""

from kmanifest.startup.typing import NamedTuple

MEBIBYTE = 1 << 20


class Limits(NamedTuple):
    """Bounds of one build. Sizes are bytes, times seconds; 0 for `deadline` means no bound on time.

    `max_items` is for the lists that one call of a template's function makes, and for what it copies. `max_keys` is for the
    private keys that the templates of one render make; one that takes long, of RSA with 4,096 bits or of DSA, counts as eight.
    An error that comes of a bound is a `LimitError` that names the field of this record.
    """

    max_input_file: int = 10 * MEBIBYTE
    max_total_input: int = 200 * MEBIBYTE
    max_depth: int = 1_000
    max_documents: int = 100_000
    max_objects: int = 100_000
    max_output: int = 512 * MEBIBYTE
    max_string: int = 64 * MEBIBYTE
    max_items: int = 1_000_000
    max_keys: int = 100
    deadline: float = 0.0


DEFAULT_LIMITS = Limits()
