"""Functions and classes of modules that are imported when they are needed: start-up is a feature."""

from collections.abc import Callable

from kmanifest.startup.typing import Any


def load_attribute(module: str, name: str) -> Any:
    """What a module calls `name`. Not by importlib's import_module, which takes a third of a millisecond to import."""
    return getattr(__import__(module, fromlist=[name]), name)


def lazy_function(module: str, function: str) -> Callable[..., Any]:
    """The function of a module that is imported when it is first called."""

    def call(*arguments: Any, **keywords: Any) -> Any:
        return load_attribute(module, function)(*arguments, **keywords)

    call.__name__ = function
    return call
