"""Limits of the input, output and time of a build. They are checked inside kmanifest's own loops."""

from kmanifest.startup.typing import NamedTuple

MEBIBYTE = 1 << 20


class Limits(NamedTuple):
    """The limits of one build. A build that exceeds one fails with a LimitError that names the field of this record.

    - `max_input_file`: bytes of one file
    - `max_total_input`: bytes of all files that are read
    - `max_depth`: levels of mappings and lists inside each other
    - `max_documents`: YAML documents in one file
    - `max_objects`: resources
    - `max_output`: characters of the output, and bytes of the values that steps compute
    - `max_string`: characters of one string
    - `max_items`: items that one call of a template function creates or copies
    - `max_steps`: loop iterations, calls and list items that the Jinja2 templates of one build may need
    - `max_keys`: private keys that the templates of one render generate; RSA with 4,096 bits and DSA count as eight
    - `deadline`: seconds for the build; 0 means no limit

    >>> from kmanifest import LimitError, Limits, Options, build
    >>> files = {"kustomization.yaml": "resources: [map.yaml]", "map.yaml": "{kind: ConfigMap, metadata: {name: map}}"}
    >>> try:
    ...     build(tree=files, options=Options(limits=Limits(max_input_file=30, deadline=10.0)))
    ... except LimitError as error:
    ...     print(error.message)
    'map.yaml' has 40 bytes, more than 30 (max_input_file)
    """

    max_input_file: int = 10 * MEBIBYTE
    max_total_input: int = 200 * MEBIBYTE
    max_depth: int = 1_000
    max_documents: int = 100_000
    max_objects: int = 100_000
    max_output: int = 512 * MEBIBYTE
    max_string: int = 64 * MEBIBYTE
    max_items: int = 1_000_000
    max_steps: int = 5_000_000
    max_keys: int = 100
    deadline: float = 0.0

    def __repr__(self) -> str:
        from kmanifest.model.records import describe  # rarely printed

        return describe(self)


DEFAULT_LIMITS = Limits()
UNTRUSTED_LIMITS = Limits(
    max_input_file=5 * MEBIBYTE,
    max_total_input=50 * MEBIBYTE,
    max_depth=200,
    max_documents=10_000,
    max_objects=10_000,
    max_output=50 * MEBIBYTE,
    max_string=8 * MEBIBYTE,
    max_items=100_000,
    max_keys=10,
    deadline=30.0,
)
"""The limits of `Options.untrusted`."""
