"""The values of a kmanifest.yaml for one environment, as the library returns them."""

from collections.abc import Callable, Iterator, Mapping

from kmanifest.engines.environment.definition import Environment
from kmanifest.model import fieldpath
from kmanifest.model.changes import plain_copy
from kmanifest.model.errors import Location, MissingError
from kmanifest.model.fieldpath import MISSING
from kmanifest.startup.typing import Any


class Values(Mapping[str, Any]):
    """The merged values for one environment, with the file and line of each.

    A mapping that can't be changed in place: `to_dict` returns a copy. `env` is the environment: axes and their values.

    >>> from kmanifest import values
    >>> files = {
    ...     "kmanifest.yaml": "{environments: {axes: {env: [dev, prod]}}, values: [values.yaml, 'env/{env}.yaml?'], resources: []}",
    ...     "values.yaml": "web: {replicas: 1, tag: latest}",
    ...     "env/prod.yaml": "web: {replicas: 5}",
    ... }
    >>> shop = values(".", tree=files, environment="prod")
    >>> shop["web"], shop.env
    ({'replicas': 5, 'tag': 'latest'}, {'env': 'prod'})
    >>> print(shop.location("web", "replicas"), shop.location("web", "tag"))
    env/prod.yaml:1:7 values.yaml:1:20
    """

    __slots__ = ("_locate", "_values", "env")

    def __init__(self, environment: Environment, locate: Callable[[Location], Location]) -> None:
        self._values = environment.values
        self._locate = locate
        self.env = dict(environment.row)

    def __getitem__(self, name: str) -> Any:
        return plain_copy(self._values.value[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._values.value)

    def __len__(self) -> int:
        return len(self._values.value)

    def __repr__(self) -> str:
        return f"Values(env={self.env!r}, {', '.join(self)})"

    def to_dict(self) -> dict[str, Any]:
        """Return the values as plain, independent mappings, lists and scalars."""
        copy: dict[str, Any] = plain_copy(self._values.value)
        return copy

    def find(self, path: str) -> Any:
        """Return a copy of the value at a path such as `.web.env`. Raises MissingError with near names."""
        return plain_copy(self._values.part(path).value)

    def location(self, *path: str | int) -> Location:
        """Return where the value at a path of keys and list indexes was set. Raises MissingError if there is none."""
        if fieldpath.get(self._values.value, path, MISSING) is MISSING:
            raise MissingError(f"there is no value at {path!r}")
        return self._locate(self._values.locate(path))
