"""Tables of functions: one that loads its groups on demand, and one that merges two tables."""

from kmanifest.engines.helm.gotemplate.values import Function, Functions
from kmanifest.startup.typing import Callable, Iterator, Mapping


class LazyFunctions(Mapping[str, Function]):
    """A table of functions in groups.

    A group consists of its names and a function that loads it. It is loaded when one of its
    functions is looked up.
    """

    def __init__(self, *groups: tuple[str, Callable[[], Functions]]) -> None:
        self._loaders = {name: load for names, load in groups for name in names.split()}
        self._loaded: dict[str, Function] = {}

    def __getitem__(self, name: str) -> Function:
        function = self._loaded.get(name)
        if function is None:
            self._loaded.update(self._loaders[name]())
            function = self._loaded[name]
        return function

    def __contains__(self, name: object) -> bool:
        return name in self._loaders

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaders)

    def __len__(self) -> int:
        return len(self._loaders)


class MergedFunctions(Mapping[str, Function]):
    """Two tables as one.

    For a name in both, the function of `overriding` is returned.
    """

    def __init__(self, overriding: Functions, base: Functions) -> None:
        self._overriding = overriding
        self._base = base

    def __getitem__(self, name: str) -> Function:
        return self._overriding[name] if name in self._overriding else self._base[name]

    def __contains__(self, name: object) -> bool:
        return name in self._overriding or name in self._base

    def __iter__(self) -> Iterator[str]:
        return iter({**dict.fromkeys(self._base), **dict.fromkeys(self._overriding)})

    def __len__(self) -> int:
        return len({*self._base, *self._overriding})
