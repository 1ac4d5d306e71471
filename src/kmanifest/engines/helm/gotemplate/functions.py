"""Tables of functions: in groups that are made when they are needed, and one over another."""

from collections.abc import Callable, Iterator, Mapping

from kmanifest.engines.helm.gotemplate.values import Function, Functions


class Groups(Mapping[str, Function]):
    """The functions of groups, each given as the names in it and what makes it, which is called when one of it is asked for."""

    def __init__(self, *groups: tuple[str, Callable[[], Functions]]) -> None:
        self._makers = {name: make for names, make in groups for name in names.split()}
        self._made: dict[str, Function] = {}

    def __getitem__(self, name: str) -> Function:
        found = self._made.get(name)
        if found is None:
            self._made.update(self._makers[name]())
            found = self._made[name]
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


class Overlay(Mapping[str, Function]):
    """Two tables as one: of two functions with one name, that of `upper` is found."""

    def __init__(self, upper: Functions, lower: Functions) -> None:
        self._upper = upper
        self._lower = lower

    def __getitem__(self, name: str) -> Function:
        return self._upper[name] if name in self._upper else self._lower[name]

    def __contains__(self, name: object) -> bool:
        return name in self._upper or name in self._lower

    def __iter__(self) -> Iterator[str]:
        return iter({**dict.fromkeys(self._lower), **dict.fromkeys(self._upper)})

    def __len__(self) -> int:
        return len({*self._lower, *self._upper})
