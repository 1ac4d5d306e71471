"""Check the arguments of `build`, and turn a mapping into a tree.

The command does not need this module: it makes the arguments from its flags.
"""

from kmanifest.io.tree import MemoryTree, Tree
from kmanifest.model.arguments import Expected, argument_error, check_argument, check_limits
from kmanifest.model.errors import SourceError
from kmanifest.model.limits import Limits
from kmanifest.pipeline.options import ExecPluginOptions, Options, RemoteOptions, Reproducible
from kmanifest.pipeline.registry import Registry
from kmanifest.startup.typing import Any, Final, Mapping

CACHE: Final = (("get", "find", "keep"), "a Cache such as MemoryCache()")
CANCEL: Final = (("is_set",), "an event such as threading.Event()")

_OPTIONAL: Final[Mapping[str, tuple[Expected, str]]] = {
    "registry": (Registry, "a Registry"),
    "cache": CACHE,
    "on_change": (callable, "a function that takes a Change"),
    "runner": (("kind", "run"), "a Runner"),
    "remote": (("file", "repository", "tree_of"), "a Remote"),
    "cancel": CANCEL,
}
_RECORDS: Final = (
    ("limits", Limits),
    ("exec_plugins", ExecPluginOptions),
    ("remote", RemoteOptions),
    ("reproducible", Reproducible),
)


def as_tree(tree: Any) -> Tree:
    """Return the argument `tree` of a public function as a tree. A mapping becomes a `MemoryTree`.

    Raises TypeError for anything else.
    """
    if isinstance(tree, Mapping) and not hasattr(tree, "resolve"):
        return MemoryTree(tree)
    description = "a Tree, or a mapping of paths to str or bytes"
    check_argument("tree", tree, ("resolve", "kind", "read", "list"), description)
    return tree  # type: ignore[no-any-return]  # just checked


def check_optional(**arguments: object) -> None:
    """Raise TypeError for the first optional argument of `build` with a wrong type. None means that it is absent."""
    for parameter, value in arguments.items():
        if value is not None:
            check_argument(parameter, value, *_OPTIONAL[parameter])


def check_options(options: Options) -> None:
    """Raise TypeError if the options, or a record in them, have a wrong type.

    Raises SourceError if a record in `options.engines` can't be hashed, or if two records have the same type.
    """
    check_argument("options", options, Options, "an Options record")
    for field, expected in _RECORDS:
        description = f"a {expected.__name__} record"
        check_argument(f"options.{field}", getattr(options, field), expected, description)
    check_limits(options.limits)
    for field in ("hosts", "protocols"):  # a str would be a tuple of its characters
        value = getattr(options.remote, field)
        check_argument(f"options.remote.{field}", value, tuple, "a tuple of str")
    if options.remote.credentials is not None:
        description = "a function that takes a host and a path"
        check_argument(
            "options.remote.credentials", options.remote.credentials, callable, description
        )
    check_argument("options.engines", options.engines, tuple, "a tuple of records")
    seen: set[type] = set()
    for record in options.engines:
        if isinstance(record, type):
            description = f"a record such as {record.__name__}()"
            raise argument_error("a record in options.engines", record, description)
        name = type(record).__name__
        try:
            hash(record)
        except TypeError as error:
            raise SourceError(f"Options.engines: {name} must be hashable: {error}") from None
        if type(record) in seen:
            raise SourceError(f"Options.engines has two records of {name}")
        seen.add(type(record))
