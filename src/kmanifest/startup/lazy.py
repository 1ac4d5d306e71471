"""Import functions and classes when they are first used, so that start-up is fast."""

from kmanifest.startup.typing import Any, Callable


def load_attribute(module: str, name: str) -> Any:
    """Import a module and return its attribute `name`.

    `importlib.import_module` is not used, because importing importlib takes a third of a millisecond.
    """
    return getattr(__import__(module, fromlist=[name]), name)


def lazy_function(module: str, function: str) -> Callable[..., Any]:
    """Return a function that imports its module when it is first called."""

    def call(*arguments: Any, **keywords: Any) -> Any:
        return load_attribute(module, function)(*arguments, **keywords)

    call.__name__ = function
    return call
