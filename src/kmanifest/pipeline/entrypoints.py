"""Plug-ins of installed distributions: entry points of the group `kmanifest`, whose hook returns `Plugin` records.

An entry point names a module with a function `kmanifest_plugins`, marked with `kmanifest.plugin.hookimpl`.
"""

from kmanifest.model.errors import PluginError
from kmanifest.pipeline.registry import Plugin
from kmanifest.startup.typing import TYPE_CHECKING, Any, Final, Iterable, Iterator

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP: Final = "kmanifest"


class Hooks:
    """The hooks that a distribution may implement."""

    def kmanifest_plugins(self) -> Iterable[Plugin]:  # type: ignore[empty-body]  # pluggy calls the implementations
        """Return the plug-ins of this distribution."""


def load_plugins() -> list[Plugin]:
    """Return the plug-ins of all installed distributions, sorted by entry point.

    Raises PluginError if a distribution can't be loaded or returns anything but plug-ins, or if two distributions
    have a plug-in of the same name.
    """
    return [plugin for _, plugin in load_named()]


def load_named() -> list[tuple[str, Plugin]]:
    """Return the same plug-ins, each with the name of its distribution."""
    from importlib.metadata import entry_points

    points = sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value))
    loaded: dict[tuple[str, str], tuple[str, Plugin]] = {}
    for point in points:
        distribution = point.dist.name if point.dist is not None else point.name
        for plugin in _plugins_of(point, distribution):
            key = plugin.role, plugin.name
            first_distribution, first = loaded.setdefault(key, (distribution, plugin))
            if first is not plugin:
                raise PluginError(
                    f"{first_distribution} and {distribution} both provide the {plugin.role} {plugin.name}"
                )
    return list(loaded.values())


def _plugins_of(point: "EntryPoint", distribution: str) -> Iterator[Plugin]:
    from pluggy import HookspecMarker, PluginManager

    hooks: Any = Hooks
    HookspecMarker(GROUP)(hooks.kmanifest_plugins)
    manager = PluginManager(GROUP)
    manager.add_hookspecs(hooks)
    try:
        manager.register(point.load(), point.name)
        plugins = [plugin for result in manager.hook.kmanifest_plugins() for plugin in result]
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
        raise PluginError(f"the plug-ins of {distribution} can't be loaded: {problem}") from error
    for plugin in plugins:
        if not isinstance(plugin, Plugin):
            raise PluginError(
                f"{distribution} must return Plugin records, got {type(plugin).__name__}"
            )
        yield plugin
