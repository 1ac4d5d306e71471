"""Filters that read and write YAML, JSON and TOML, encode, and compute digests."""

import base64
import binascii
from collections.abc import Callable, Mapping

from kmanifest.engines.jinja.budget import Budget
from kmanifest.engines.jinja.filters import toml
from kmanifest.engines.jinja.operators import check_encoding
from kmanifest.model.changes import plain_copy
from kmanifest.model.errors import LimitError, RenderError
from kmanifest.startup.typing import TYPE_CHECKING, Any, Final
from kmanifest.yaml import Dumper, load_documents
from kmanifest.yaml import dumper as python_dumper

if TYPE_CHECKING:
    from types import ModuleType


_MAX_PARTS: Final = 200
_KEY: Final = r"""(?:[^.=,{}\[\]\n"']|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')+\."""
_DOTTED: Final = f"(?:{_KEY}){{{_MAX_PARTS}}}"


class InsertionOrderDumper(python_dumper.Dumper):
    """Prints mappings in their own order."""

    def _sorted(self, mapping: Mapping[str, Any]) -> list[str]:
        for key in mapping:
            if not isinstance(key, str):
                raise RenderError(f"the key {key!r} is not a string")
        return list(mapping)


class DataFilters:
    """The filters of one render. `dialect` decides where tools differ."""

    def __init__(self, budget: Budget, dialect: str) -> None:
        self._budget = budget
        self._dialect = dialect

    # --- YAML ----------------------------------------------------------------------------------------------------

    def to_yaml(self, value: Any, *, sort_keys: bool = False, **style: Any) -> str:
        """Return a value as YAML in block style, in the order of its keys, as go-yaml prints it.

        With `indent` or `width`, PyYAML prints it.
        """
        plain = self._plain(value)
        if style:
            return self._py_yaml(plain, sort_keys=sort_keys, default_flow_style=False, **style)
        limits = self._budget.limits
        text = Dumper(limits).dump(plain) if sort_keys else InsertionOrderDumper(limits).dump(plain)
        self._budget.text(len(text))
        return text

    def to_ansible_yaml(self, value: Any, **style: Any) -> str:
        """Return a value as YAML in PyYAML's style, with the innermost lists and mappings in one line."""
        return self._py_yaml(self._plain(value), **{"default_flow_style": None, **style})

    def to_nice_yaml(self, value: Any, indent: int = 4, **style: Any) -> str:
        """Return a value as YAML in block style with PyYAML's indentation and sorted keys, as in Ansible."""
        style = {"indent": indent, "default_flow_style": False, **style}
        return self._py_yaml(self._plain(value), **style)

    def to_kluctl_yaml(self, value: Any) -> str:
        """Return a value as YAML as kluctl prints it: a string of several lines is a block."""
        return self._py_yaml(
            self._plain(value), sort_keys=False, allow_unicode=False, block_strings=True
        )

    def to_kapitan_yaml(self, value: Any) -> str:
        """Return a value as YAML as Kapitan prints it."""
        return self._py_yaml(self._plain(value), default_flow_style=False, allow_unicode=False)

    def _py_yaml(
        self, value: Any, *, block_strings: bool = False, allow_unicode: bool = True, **style: Any
    ) -> str:
        import yaml as pyyaml  # takes 20 ms

        known = {"indent", "width", "sort_keys", "default_flow_style", "default_style"}
        for name in style:
            if name not in known:
                raise TypeError(f"to_yaml has no option {name!r}")
        check = self._budget.check_time
        dumper = _block_dumper(pyyaml, check) if block_strings else _plain_dumper(pyyaml, check)
        text: str = pyyaml.dump(value, Dumper=dumper, allow_unicode=allow_unicode, **style)
        if allow_unicode:  # Ansible prints with libyaml, which does not mark the end of a scalar
            text = text.removesuffix("...\n") if text.endswith("\n...\n") else text
        self._budget.text(len(text))
        return text

    def from_yaml(self, value: Any) -> Any:
        """Return the value of a text that is one YAML document. A value that is no text is returned itself."""
        if not isinstance(value, str):
            return value
        documents = self._documents(value)
        if len(documents) > 1:
            raise ValueError(f"expected one YAML document, got {len(documents)}")
        return documents[0] if documents else None

    def from_yaml_all(self, value: Any) -> Any:
        """Return the values of all YAML documents of a text."""
        return self._documents(value) if isinstance(value, str) else value

    def _documents(self, text: str) -> list[Any]:
        self._budget.text(len(text))
        documents: list[Any] = list(load_documents(text.encode(), limits=self._budget.limits))
        self._budget.whole(documents)
        if self._dialect in ("ansible", "kluctl"):
            return _py_documents(text, self._budget.check_time)
        copied: list[Any] = plain_copy(documents)
        return copied

    # --- JSON and TOML -------------------------------------------------------------------------------------------

    def to_json(self, value: Any, **style: Any) -> str:
        """Return a value as JSON in one line, or with `indent`. Other characters than ASCII are escaped."""
        import json  # takes 9 ms

        known = {"indent", "sort_keys", "ensure_ascii", "separators"}
        for name in style:
            if name not in known:
                raise TypeError(f"to_json has no option {name!r}")
        self._check_indent(value, style.get("indent"))
        return json.dumps(self._plain(value), **style)

    def to_nice_json(
        self, value: Any, indent: int = 4, *, sort_keys: bool = True, **style: Any
    ) -> str:
        """Return a value as JSON with sorted keys and indentation."""
        return self.to_json(
            value, indent=indent, sort_keys=sort_keys, separators=(",", ": "), **style
        )

    def _check_indent(self, value: Any, indent: Any) -> None:
        size = self._budget.whole(value)
        if isinstance(indent, int):
            self._budget.text(size + size * min(max(indent, 0), 1_000))
            if indent > 100:
                raise ValueError("an indentation of more than 100 characters")
        else:
            self._budget.text(6 * size)

    def from_json(self, value: str) -> Any:
        """Return the value of a JSON text."""
        import json

        self._budget.text(len(value))
        result = json.loads(value)
        self._budget.whole(result)
        return result

    def to_toml(self, value: Any) -> str:
        """Return a mapping as TOML."""
        text = toml.dumps(
            self._plain(value), self._budget.text, is_spaced=self._dialect == "kapitan"
        )
        self._budget.text(len(text))
        return text

    def from_toml(self, value: str) -> Any:
        """Return the value of a TOML text."""
        import tomllib  # for few templates

        self._budget.text(len(value))
        import re2  # 6 ms

        if re2.search(_DOTTED, value) is not None:
            raise LimitError(f"a key of more than {_MAX_PARTS} parts")
        return tomllib.loads(value)

    def _plain(self, value: Any) -> Any:
        self._budget.text(self._budget.whole(value))
        return _plain(value)

    # --- encodings and digests -----------------------------------------------------------------------------------

    def b64encode(self, value: Any, encoding: str = "utf-8") -> str:
        """Return the Base64 form of a text."""
        content = self._bytes(value, encoding)
        self._budget.text(2 * len(content))
        return base64.b64encode(content).decode()

    def b64decode(self, value: str, encoding: str = "utf-8") -> str:
        """Return the text with this Base64 form. Ansible ignores characters that are not Base64; others don't."""
        self._budget.text(len(value))
        check_encoding(encoding)
        try:
            if self._dialect == "ansible":
                return base64.b64decode(value).decode(encoding, "surrogateescape")
            return base64.b64decode(value, validate=not self._dialect).decode(encoding)
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ValueError(f"not the Base64 form of a text: {error}") from None

    def digest(self, name: str, value: Any, length: int | None = None) -> str:
        """Return the first characters, or all, of a digest in hexadecimal digits."""
        import hashlib  # 3 ms

        if name not in hashlib.algorithms_guaranteed or name.startswith("shake"):
            raise ValueError(f"no digest is called {name}")
        content = self._bytes(value)
        self._budget.step(1 + (len(content) >> 12))
        return hashlib.new(name, content, usedforsecurity=False).hexdigest()[:length]

    def _bytes(self, value: Any, encoding: str = "utf-8") -> bytes:
        if isinstance(value, bytes):
            return value
        check_encoding(encoding)
        return self._budget.to_text(value).encode(encoding, "surrogateescape")


def _plain(value: Any) -> Any:
    """Return a value as dictionaries, lists and scalars. It is not nested deeply: `Budget.whole` has counted it."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, int | float):
        return value
    if hasattr(value, "isoformat"):
        return value
    if hasattr(value, "__iter__"):
        return [_plain(item) for item in value]
    return str(value)


def _plain_dumper(pyyaml: "ModuleType", check_time: Callable[[], None]) -> Any:
    """Return PyYAML's dumper without aliases."""

    class PlainDumper(pyyaml.SafeDumper):  # type: ignore[misc,name-defined]  # imported when it is called
        def ignore_aliases(self, _: Any) -> bool:
            return True

        def emit(self, event: Any) -> None:
            check_time()
            super().emit(event)

        def write_indent(self) -> None:
            check_time()
            super().write_indent()

    return PlainDumper


def _block_dumper(pyyaml: "ModuleType", check_time: Callable[[], None]) -> Any:
    dumper = _plain_dumper(pyyaml, check_time)

    def represent(self: Any, text: str) -> Any:
        style = "|" if len(text.splitlines()) > 1 else "'" if text.isnumeric() else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    dumper.add_representer(str, represent)
    return dumper


def _py_documents(text: str, check_time: Callable[[], None]) -> list[Any]:
    """Return the documents of a text with PyYAML's types. The text has been loaded within limits before."""
    import yaml as pyyaml  # takes 20 ms

    class Loader(pyyaml.SafeLoader):
        def fetch_more_tokens(self) -> None:
            check_time()
            super().fetch_more_tokens()

    try:
        return list(pyyaml.load_all(text, Loader=Loader))
    except pyyaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None


def data_filters(budget: Budget, dialect: str) -> dict[str, Callable[..., Any]]:
    """Return the filters by name."""
    data = DataFilters(budget, dialect)
    to_yaml: dict[str, Callable[..., Any]] = {
        "ansible": data.to_ansible_yaml,
        "kluctl": data.to_kluctl_yaml,
    }
    filters: dict[str, Callable[..., Any]] = {
        "b64decode": data.b64decode,
        "b64encode": data.b64encode,
        "from_json": data.from_json,
        "from_toml": data.from_toml,
        "from_yaml": data.from_yaml,
        "from_yaml_all": data.from_yaml_all,
        "hash": lambda value, hashtype="sha1": data.digest(hashtype, value),
        "md5": lambda value: data.digest("md5", value),
        "sha1": lambda value: data.digest("sha1", value),
        "checksum": lambda value: data.digest("sha1", value),
        "sha256": lambda value, length=None: data.digest("sha256", value, length),
        "to_json": data.to_json,
        "to_nice_json": data.to_nice_json,
        "to_nice_yaml": data.to_nice_yaml,
        "to_toml": data.to_toml,
        "to_yaml": to_yaml.get(dialect, data.to_yaml),
    }
    if dialect == "kapitan":
        filters |= {"yaml": data.to_kapitan_yaml, "toml": data.to_toml}
    return filters
