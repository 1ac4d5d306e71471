"""A fast replacement for `typing` and `collections.abc` in modules that a build imports.

Importing `typing` takes 3 ms. Defining one of its NamedTuples takes 0.06 ms, because its constructor is compiled each
time. Together this is a tenth of a small build. Here the names cost nothing, and a NamedTuple a fifth. A type checker
sees `typing` itself. At run time, names that only annotations use are placeholders, and a NamedTuple has the methods
and attributes of `collections.namedtuple`.

The names of `collections.abc` are those classes themselves, from the module that the interpreter has loaded before.
Importing `collections.abc` loads `collections`, which takes another 1.5 ms.

Source: CPython 3.11 Lib/typing.py, NamedTupleMeta, and Lib/collections/__init__.py, namedtuple.
"""

__all__ = [
    "TYPE_CHECKING",
    "AbstractSet",
    "Any",
    "BinaryIO",
    "Callable",
    "Collection",
    "Container",
    "Final",
    "Generator",
    "Hashable",
    "Iterable",
    "Iterator",
    "Literal",
    "Mapping",
    "NamedTuple",
    "NoReturn",
    "Protocol",
    "Self",
    "Sequence",
    "TypeAlias",
    "TypeVar",
    "overload",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Collection,
        Container,
        Generator,
        Hashable,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )
    from collections.abc import Set as AbstractSet
    from typing import (
        Any,
        BinaryIO,
        Final,
        Literal,
        NamedTuple,
        NoReturn,
        Protocol,
        Self,
        TypeAlias,
        TypeVar,
        overload,
    )
else:
    from _collections import _tuplegetter as _field_getter
    from _collections_abc import (
        Callable,
        Collection,
        Container,
        Generator,
        Hashable,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )
    from _collections_abc import Set as AbstractSet

    class _Placeholder:
        """A stand-in for a name that has a meaning only for a type checker."""

        def __init__(self, name):
            self._name = name

        def __repr__(self):
            return self._name

        def __getitem__(self, parameters):
            return self

        def __or__(self, other):
            return self

        __ror__ = __or__

    Any, BinaryIO, Final, Literal, NoReturn, Self, TypeAlias = map(
        _Placeholder, ("Any", "BinaryIO", "Final", "Literal", "NoReturn", "Self", "TypeAlias")
    )

    def TypeVar(name, **_):  # noqa: N802 - replaces a class
        """Return a placeholder for a type variable."""
        return _Placeholder(name)

    def overload(function):
        """Return the function. The last definition of its name replaces it."""
        return function

    class Protocol:
        """Base class of protocols, which only a type checker uses."""

        __slots__ = ()

    _new = tuple.__new__
    _Function = type(TypeVar)

    # One constructor for each number of fields. Its parameters are renamed later, which needs no compilation.
    _CONSTRUCTORS = (
        lambda cls: _new(cls, ()),
        lambda cls, a: _new(cls, (a,)),
        lambda cls, a, b: _new(cls, (a, b)),
        lambda cls, a, b, c: _new(cls, (a, b, c)),
        lambda cls, a, b, c, d: _new(cls, (a, b, c, d)),
        lambda cls, a, b, c, d, e: _new(cls, (a, b, c, d, e)),
        lambda cls, a, b, c, d, e, f: _new(cls, (a, b, c, d, e, f)),
        lambda cls, a, b, c, d, e, f, g: _new(cls, (a, b, c, d, e, f, g)),
        lambda cls, a, b, c, d, e, f, g, h: _new(cls, (a, b, c, d, e, f, g, h)),
        lambda cls, a, b, c, d, e, f, g, h, i: _new(cls, (a, b, c, d, e, f, g, h, i)),
        lambda cls, a, b, c, d, e, f, g, h, i, j: _new(cls, (a, b, c, d, e, f, g, h, i, j)),
        lambda cls, a, b, c, d, e, f, g, h, i, j, k: _new(cls, (a, b, c, d, e, f, g, h, i, j, k)),
        lambda cls, a, b, c, d, e, f, g, h, i, j, k, l: _new(  # noqa: E741
            cls, (a, b, c, d, e, f, g, h, i, j, k, l)
        ),
        lambda cls, a, b, c, d, e, f, g, h, i, j, k, l, m: _new(  # noqa: E741
            cls, (a, b, c, d, e, f, g, h, i, j, k, l, m)
        ),
        lambda cls, a, b, c, d, e, f, g, h, i, j, k, l, m, n: _new(  # noqa: E741
            cls, (a, b, c, d, e, f, g, h, i, j, k, l, m, n)
        ),
        lambda cls, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o: _new(  # noqa: E741
            cls, (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)
        ),
        lambda cls, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p: _new(  # noqa: E741
            cls, (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
        ),
    )

    def _constructor(fields, defaults):
        code = _CONSTRUCTORS[len(fields)].__code__
        code = code.replace(co_name="__new__", co_varnames=("cls", *fields))
        return _Function(code, globals(), "__new__", defaults)

    def _make(cls, values):
        """Return an instance with these values."""
        instance = _new(cls, values)
        if len(instance) != len(cls._fields):
            raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(instance)}")
        return instance

    def _replace(self, /, **changes):
        """Return a copy with some fields changed."""
        instance = self._make(map(changes.pop, self._fields, self))
        if changes:
            raise ValueError(f"Got unexpected field names: {list(changes)!r}")
        return instance

    def _asdict(self):
        """Return a dictionary of the fields."""
        return dict(zip(self._fields, self, strict=True))

    def _repr(self):
        fields = ", ".join(f"{name}={value!r}" for name, value in self._asdict().items())
        return f"{type(self).__name__}({fields})"

    def _getnewargs(self):
        return tuple(self)

    _METHODS = {
        "__slots__": (),
        "__repr__": _repr,
        "__getnewargs__": _getnewargs,
        "__replace__": _replace,
        "_make": classmethod(_make),
        "_replace": _replace,
        "_asdict": _asdict,
    }

    class _NamedTupleMeta(type):
        def __new__(cls, name, bases, body):
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = tuple(body.get("__annotations__", ()))
            defaults = {field: body[field] for field in fields if field in body}
            members = {
                **_METHODS,
                **body,
                **{field: _field_getter(index, "") for index, field in enumerate(fields)},
                "__new__": _constructor(fields, tuple(defaults.values()) or None),
                "__match_args__": fields,
                "_fields": fields,
                "_field_defaults": defaults,
            }
            return type(name, (tuple,), members)

    class NamedTuple(metaclass=_NamedTupleMeta):
        """A tuple whose fields have names."""
