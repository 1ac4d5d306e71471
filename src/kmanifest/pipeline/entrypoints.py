"""Plug-ins of installed distributions: entry points of the group `kmanifest`, whose hook gives `Plugin` records.

An entry point names a module with a function `kmanifest_plugins`, marked with `kmanifest.plugin.hookimpl`.
"""

from collections.abc import Iterable, Iterator

from kmanifest.model.errors import PluginError
from kmanifest.startup.typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from kmanifest.plugin import Plugin

GROUP: Final = "kmanifest"


class Hooks:
    """What a distribution may implement."""

    def kmanifest_plugins(self) -> "Iterable[Plugin]":  # type: ignore[empty-body]  # pluggy calls those of others
        """The plug-ins of this distribution."""


def load_plugins() -> "list[Plugin]":
    """The plug-ins of all installed distributions, in the order of their names.

    PluginError where one can't be loaded, gives something else, or two give one of the same name.
    """
    return [plugin for _, plugin in load_named()]


def load_named() -> "list[tuple[str, Plugin]]":
    """As `load_plugins`, each with the name of its distribution."""
    from importlib.metadata import entry_points

    points = sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value))
    found: dict[tuple[str, str], tuple[str, Plugin]] = {}
    for point in points:
        who = point.dist.name if point.dist is not None else point.name
        for plugin in _plugins_of(point, who):
            other, _ = found.setdefault((plugin.role, plugin.name), (who, plugin))
            if found[plugin.role, plugin.name][1] is not plugin:
                raise PluginError(f"{other} and {who} both bring the {plugin.role} {plugin.name}")
    return list(found.values())


def _plugins_of(point: "EntryPoint", who: str) -> "Iterator[Plugin]":
    from pluggy import HookspecMarker, PluginManager

    from kmanifest.plugin import Plugin

    hooks: Any = Hooks
    HookspecMarker(GROUP)(hooks.kmanifest_plugins)
    manager = PluginManager(GROUP)
    manager.add_hookspecs(hooks)
    try:
        manager.register(point.load(), point.name)
        given = [each for some in manager.hook.kmanifest_plugins() for each in some]
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise PluginError(f"the plug-ins of {who} can't be loaded: {what}") from error
    for each in given:
        if not isinstance(each, Plugin):
            raise PluginError(f"{who} gives {type(each).__name__} where a Plugin is wanted")
        yield each
