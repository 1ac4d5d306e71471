"""The structure of an object: one walk that visits each value with its definition, as Go decodes it.

Each definition is compiled when it is first needed, to a table of fields. An entry of the table is the class that a value usually
has and a function that checks all other values. So a plain string or boolean costs one lookup and one comparison, and a mapping
one call. The walk collects the semantic rules for the values that it visits; the caller runs them, as the server does, only
when everything decodes.
"""

from kmanifest.model.errors import FieldPath, LimitError, near_names
from kmanifest.startup.typing import Any, Callable, Final, Mapping
from kmanifest.validation.definitions import Definition, Definitions, Field
from kmanifest.validation.places import Fault, Kind, Place, Rule, Rules, Subject
from kmanifest.validation.scalars import (
    as_integer,
    find_base64_fault,
    find_quantity_fault,
    find_time_fault,
    json_type,
    number_text,
)

Check = Callable[["Walk", Place, str | int, Any], None]
"""Checks the value at a key or index of a `Place`."""

MAX_FAULTS: Final = 10_000
"""An object, or a whole run, that has more faults is an error: hostile input could have millions."""

_MAX_SUGGESTIONS: Final = 100
"""Near names are searched for so many faults of an object."""

ListKeys = tuple[tuple[str, Any], ...]
"""The fields that identify the items of a list, with their defaults; none in a set. Source: x-kubernetes-list-map-keys."""

_RANGES: Final = {"i": ("int32", 1 << 31), "l": ("int64", 1 << 63)}


NOT_ENFORCED: Final = frozenset(
    (
        "ControllerRevision.revision",
        "Counter.value",
        "CSINodeSpec.drivers",
        "CustomResourceDefinitionVersion.served",
        "CustomResourceDefinitionVersion.storage",
        "DeviceCapacity.value",
        "ForZone.name",
        "HTTPHeader.value",
        "ISCSIPersistentVolumeSource.lun",
        "ISCSIVolumeSource.lun",
        "LimitRangeSpec.limits",
        # Rules find empty values of these, where the server looks at them.
        "OwnerReference.apiVersion",
        "OwnerReference.kind",
        "OwnerReference.name",
        "OwnerReference.uid",
        "PodFailurePolicy.rules",
        "ResourcePool.generation",
        "ScaleIOPersistentVolumeSource.secretRef",
        "ScaleIOVolumeSource.secretRef",
        "SleepAction.seconds",
        "Sysctl.value",
        "TokenRequest.audience",
        "TypedLocalObjectReference.kind",
        "TypedLocalObjectReference.name",
        "TypedObjectReference.kind",
        "TypedObjectReference.name",
    )
)
"""Fields that the definitions call required and whose empty value the server takes.

Source: k8s.io/kubernetes v1.36.3 pkg/apis/*/validation, read for each required field.
"""

NOT_READ: Final = frozenset(("Lifecycle.stopSignal",))
"""Fields with an enum that the server drops, because the feature that reads them is off by default."""


class _Never:
    """The class of no value: each value is checked by the function."""


class Struct:
    """A compiled definition. `fields`: the usual class and the check for each name.

    `values`: the fields that are no pointers in Go, with their checks, as far as an empty value has faults or rules. The server
    validates them when they are absent, too.
    """

    __slots__ = ("definition", "fields", "required", "rules", "type", "values")

    def __init__(self, definition: Definition, rules: tuple[Rule, ...]) -> None:
        self.definition = definition
        self.type = definition.type
        self.rules = rules
        self.fields: dict[str, tuple[type, Check]] = {}
        self.required = tuple(
            name
            for name, field in definition.fields.items()
            if field.is_required
            and field.default != "{}"
            and f"{self.type}.{name}" not in NOT_ENFORCED
        )
        self.values: tuple[tuple[str, Check], ...] = ()


class Walk:
    """The walk over one object: its faults, and the rules for the values that were visited."""

    __slots__ = ("faults", "is_decoded", "lenient", "pending")

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.pending: list[tuple[tuple[Rule, ...], Place]] = []
        self.is_decoded = True
        self.lenient = 0

    def add_decoding_faults(self, other: "Walk") -> None:
        """Add the faults of a part that the server decodes and then drops."""
        self.is_decoded = self.is_decoded and other.is_decoded
        self.faults += [fault for fault in other.faults if fault.kind in ("unknown-field", "type")]

    def add(self, fault: Fault) -> None:
        """Add a fault. Raises LimitError if there are too many."""
        self.faults.append(fault)
        if len(self.faults) > MAX_FAULTS:
            raise LimitError(f"more than {MAX_FAULTS} findings")

    def report(self, place: Place, path: FieldPath, kind: Kind, message: str) -> None:
        """Add a fault."""
        self.add(Fault((*place.path(), *path), kind, message))

    def run_rules(self) -> None:
        """Call the rules for all values that were visited, in the order of the walk."""
        for rules, place in self.pending:
            for rule in rules:
                rule(place, self.report)

    def report_type(self, place: Place, key: str | int, value: Any, wanted: str) -> None:
        """Add a fault for a value of the wrong type, with the message of Go's JSON decoder."""
        self.is_decoded = False
        struct: Place | None = place
        while struct is not None and not struct.type:
            struct = struct.outer
        path = (*place.path(), key)
        names = ".".join(step for step in path if isinstance(step, str))
        got = json_type(value)
        if got == "number" and wanted in ("int32", "int64"):
            got += f" {number_text(value)}"
        owner = struct.type if struct is not None else ""
        message = (
            f"json: cannot unmarshal {got} into Go struct field {owner}.{names} of type {wanted}"
        )
        self.add(Fault(path, "type", message))

    def report_decoding(self, place: Place, key: str | int, message: str) -> None:
        """Add a fault of a type that decodes itself."""
        self.is_decoded = False
        self.add(Fault((*place.path(), key), "type", message))

    def report_missing(self, place: Place, key: str) -> None:
        """Add a fault for a required field, unless it is there under a misspelled name."""
        path = place.path()
        last = self.faults[-1] if self.faults else None
        if (
            last is not None
            and last.kind == "unknown-field"
            and last.near[:1] == (key,)
            and last.path[:-1] == path
        ):
            return
        self.add(Fault((*path, key), "required", "Required value"))

    def report_unknown(self, place: Place, key: str, known: Mapping[str, Any]) -> None:
        """Add a fault for an unknown field."""
        if self.lenient:
            return
        path = (*place.path(), key)
        folded = [name for name in known if name.lower() == str(key).lower()]
        near = folded
        if not folded and len(self.faults) < _MAX_SUGGESTIONS:
            near = near_names(str(key), known)
        self.add(Fault(path, "unknown-field", f'unknown field "{go_path(path)}"', tuple(near)))


def go_path(path: FieldPath) -> str:
    """Return a path as Go's strict decoder prints it: `spec.containers[0].nam`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


class Structure:
    """The compiled definitions of one version of Kubernetes, with the rules that are bound to them."""

    __slots__ = ("_checks", "_structs", "definitions", "rules")

    def __init__(self, definitions: Definitions, rules: Rules) -> None:
        self.definitions = definitions
        self.rules = rules
        self._structs: dict[int, Struct] = {}
        self._checks: dict[int, Check] = {}

    def check(self, index: int, subject: Subject) -> Walk:
        """Walk over an object whose definition has this index. Raises LimitError if it is nested too deeply."""
        walk, ignored = Walk(), Walk()
        struct = self._struct(index)
        body = subject.body
        place = Place(body, struct.type, subject, None, "")
        try:
            _walk_struct(walk, place, struct)
            if body.get("status") is not None and "status" in struct.fields:
                struct.fields["status"][1](ignored, place, "status", body["status"])
        except RecursionError as error:
            raise LimitError("the object is nested too deeply") from error
        walk.add_decoding_faults(ignored)
        return walk

    def _struct(self, index: int) -> Struct:
        struct = self._structs.get(index)
        if struct is None:
            definition = self.definitions.definition(index)
            struct = Struct(definition, self.rules.get(definition.type, ()))
            self._structs[index] = struct
            for name, field in definition.fields.items():
                has_enum = field.enum and f"{struct.type}.{name}" not in NOT_READ
                struct.fields[name] = self._compile(
                    field.type, _check_enum(field) if has_enum else None
                )
            struct.values = tuple(
                (name, struct.fields[name][1])
                for name, field in definition.fields.items()
                if field.default == "{}" and self._has_faults_when_empty(int(field.type[1:]))
            )
        return struct

    def _has_faults_when_empty(self, index: int) -> bool:
        """Whether an empty value of a definition has faults or rules."""
        if self.definitions.definition(index).special:
            return False
        struct = self._struct(index)
        return bool(struct.rules or struct.required or struct.values)

    def _compile(self, text: str, scalar: Check | None) -> tuple[type, Check]:
        """Return the usual class and the check for a type. `scalar` replaces the check of the innermost type."""
        first = text[0]
        if first == "[":
            keys, _, rest = text[1:].rpartition(")") if text[1] == "(" else ("", "", text[1:])
            list_keys = self._list_keys(keys[1:], rest) if keys else None
            return _Never, _check_list(*self._compile(rest, scalar), self._go_type(rest), list_keys)
        if first == "{":
            rest = text[1:]
            return _Never, _check_map(*self._compile(rest, scalar), self._go_type(rest))
        if first == "@":
            return _Never, self._reference(int(text[1:]))
        if scalar is not None:
            return _Never, scalar
        return _SCALARS[first]

    def _list_keys(self, names: str, item: str) -> ListKeys:
        """Return the keys of a list's items with their defaults: None if a key must be given. A set has no keys."""
        if not names:
            return ()
        definition = self.definitions.definition(int(item[1:]))
        keys = []
        for name in names.split(","):
            field = definition.fields[name]
            has_default = field.is_required or definition.type == "LocalObjectReference"
            keys.append((name, field.default.strip('"') or ("" if has_default else None)))
        return tuple(keys)

    def _go_type(self, text: str) -> str:
        if text[0] == "[":
            return "[]" + self._go_type(text[1:].rpartition(")")[2])
        if text[0] == "{":
            return "map[string]" + self._go_type(text[1:])
        if text[0] == "@":
            return self.definitions.definition(int(text[1:])).go_type
        return {
            "s": "string",
            "p": "string",
            "i": "int32",
            "l": "int64",
            "b": "bool",
            "y": "[]uint8",
        }.get(text[0], "float64")

    def _reference(self, index: int) -> Check:
        """Return the check for a definition, which is compiled when a value is first checked."""
        check = self._checks.get(index)
        if check is None:
            definition = self.definitions.definition(index)
            special = _SPECIAL.get(definition.special)
            if definition.special == "any":
                check = _check_any
            elif definition.special.startswith("schema-or-"):
                check = self._check_schema_or(definition.special)
            elif special is not None:
                check = _with_rules(special, definition, self.rules.get(definition.type, ()))
            else:
                check = _check_struct(self, index, definition)
            self._checks[index] = check
        return check

    def _check_schema_or(self, special: str) -> Check:
        """Return the check for a field of a CRD's schema that holds a schema or something else.

        Go decodes it with code of its own, which does not refuse unknown fields.
        Source: k8s.io/apiextensions-apiserver pkg/apis/apiextensions/v1/marshal.go.
        """
        index = next(
            number
            for number in self.definitions.indexes()
            if self.definitions.definition(number).go_type == "v1.JSONSchemaProps"
        )
        schema = self._reference(index)
        alternative = special.removeprefix("schema-or-")

        def check(walk: Walk, place: Place, key: str | int, value: Any) -> None:
            if isinstance(value, dict):
                walk.lenient += 1
                schema(walk, place, key, value)
                walk.lenient -= 1
            elif alternative == "bool":
                if value is not None and not isinstance(value, bool):
                    walk.report_decoding(place, key, "boolean or JSON schema expected")
            elif isinstance(value, list):
                if alternative == "strings":
                    _check_list(str, _check_string, "string", None)(walk, place, key, value)
                else:
                    walk.lenient += 1
                    _check_list(_Never, schema, "v1.JSONSchemaProps", None)(walk, place, key, value)
                    walk.lenient -= 1

        return check


def _walk_struct(walk: Walk, place: Place, struct: Struct) -> None:
    if struct.rules:
        walk.pending.append((struct.rules, place))
    fields = struct.fields
    value = place.value
    for key, item in value.items():
        field = fields.get(key)
        if field is None:
            walk.report_unknown(place, key, fields)
        elif item.__class__ is not field[0] and (key != "status" or place.outer is not None):
            field[1](walk, place, key, item)
    for key, check in struct.values:
        if value.get(key) is None and (key != "status" or place.outer is not None):
            check(walk, place, key, {})
    for key in struct.required:
        if value.get(key) is None:
            walk.report_missing(place, key)


def _check_struct(structure: Structure, index: int, definition: Definition) -> Check:
    struct: Struct | None = None
    type_, go_type = definition.type, definition.go_type

    def check(walk: Walk, place: Place, key: str | int, value: Any) -> None:
        nonlocal struct
        if struct is None:
            struct = structure._struct(index)
        if value.__class__ is dict:
            _walk_struct(walk, Place(value, type_, place.subject, place, key), struct)
        elif value is None:
            if key.__class__ is int:  # Go decodes a null in a list to an empty value
                _walk_struct(walk, Place({}, type_, place.subject, place, key), struct)
        elif isinstance(value, Mapping):
            check(walk, place, key, dict(value))
        else:
            walk.report_type(place, key, value, go_type)

    return check


def _check_list(usual: type, check_item: Check, go_type: str, keys: ListKeys | None) -> Check:
    def check(walk: Walk, place: Place, key: str | int, value: Any) -> None:
        if value.__class__ is not list:
            if value is not None:
                walk.report_type(place, key, value, f"[]{go_type}")
            return
        inner: Place | None = None
        index = 0
        for item in value:
            if item.__class__ is not usual:
                if inner is None:
                    inner = Place(value, "", place.subject, place, key)
                check_item(walk, inner, index, item)
            index += 1  # noqa: SIM113 - as fast, and shorter below
        if keys is not None and value:
            _check_keys(walk, place, key, value, keys)

    return check


def _check_keys(walk: Walk, place: Place, key: str | int, items: list[Any], keys: ListKeys) -> None:
    """Warn of items with the same keys, or with none, which only server-side apply refuses.

    Source: sigs.k8s.io/structured-merge-diff/v6 typed/helpers.go, listItemToPathElement; typed/validate.go.
    """
    seen: set[Any] = set()
    for index, item in enumerate(items):
        if not keys:
            identity = item
            if item is None:
                message = "server-side apply will refuse it: null in a set"
                walk.report(place, (key, index), "warning", message)
                continue
        elif item.__class__ is dict:
            identity = tuple([item.get(name, default) for name, default in keys])
            if len(keys) == 1 and identity[0] is None:
                message = f'server-side apply will refuse it: no key "{keys[0][0]}"'
                walk.report(place, (key, index), "warning", message)
                continue
        else:
            continue
        try:
            is_known = identity in seen
            seen.add(identity)
        except TypeError:  # a list or mapping, which is a fault already
            continue
        if is_known:
            shown = _shown_key(keys, item)
            message = f"server-side apply will refuse it: duplicate entries for key {shown}"
            walk.report(place, (key, index), "warning", message)


def _shown_key(keys: ListKeys, item: Any) -> str:
    """Return the key of an item as the server prints it: `[containerPort=8080,protocol="TCP"]`."""
    if not keys:
        return f'[="{item}"]'
    parts = [(name, item.get(name, default)) for name, default in keys]
    texts = [
        f'{name}="{value}"' if isinstance(value, str) else f"{name}={value}"
        for name, value in parts
    ]
    return f"[{','.join(texts)}]"


def _check_map(usual: type, check_item: Check, go_type: str) -> Check:
    def check(walk: Walk, place: Place, key: str | int, value: Any) -> None:
        if not isinstance(value, dict):
            if value is not None:
                walk.report_type(place, key, value, f"map[string]{go_type}")
            return
        inner: Place | None = None
        for name, item in value.items():
            if item.__class__ is not usual:
                if inner is None:
                    inner = Place(value, "", place.subject, place, key)
                check_item(walk, inner, name, item)

    return check


def _check_enum(field: Field) -> Check:
    values = field.enum
    takes_empty = not field.is_required and field.type == "s"
    allowed = frozenset((*values, "")) if takes_empty else frozenset(values)
    supported = ", ".join(f'"{value}"' for value in values)

    def check(walk: Walk, place: Place, key: str | int, value: Any) -> None:
        if value.__class__ is str and value in allowed:
            return
        if value is None:
            if key.__class__ is not int:
                return
            value = ""  # Go decodes a null in a list to an empty string
        if not isinstance(value, str):
            walk.report_type(place, key, value, "string")
        elif value not in allowed:
            message = f'Unsupported value: "{value}": supported values: {supported}'
            walk.report(place, (key,), "enum", message)

    return check


def _check_any(_walk: Walk, _place: Place, _key: str | int, _value: Any) -> None:
    """Accept every value."""


def _check_string(walk: Walk, place: Place, key: str | int, value: Any) -> None:
    if value is not None and not isinstance(value, str):
        walk.report_type(place, key, value, "string")


def _check_bool(walk: Walk, place: Place, key: str | int, value: Any) -> None:
    if value is not None:
        walk.report_type(place, key, value, "bool")


def _check_number(walk: Walk, place: Place, key: str | int, value: Any) -> None:
    if value is not None and json_type(value) != "number":
        walk.report_type(place, key, value, "float64")


def _check_integer(letter: str) -> Check:
    name, bound = _RANGES[letter]

    def check(walk: Walk, place: Place, key: str | int, value: Any) -> None:
        if value.__class__ is int and -bound <= value < bound:
            return
        if value is None:
            return
        integer = as_integer(value)
        if integer is None or not -bound <= integer < bound:
            walk.report_type(place, key, value, name)

    return check


def _check_bytes(walk: Walk, place: Place, key: str | int, value: Any) -> None:
    """Check base64. Go also decodes a list of numbers to bytes."""
    if isinstance(value, str):
        fault = find_base64_fault(value)
        if fault is not None:
            walk.report_decoding(place, key, fault)
    elif isinstance(value, list):
        for item in value:
            integer = as_integer(item)
            if item is not None and (integer is None or not 0 <= integer < 256):
                walk.report_type(place, key, item, "uint8")
    elif value is not None:
        walk.report_type(place, key, value, "[]uint8")


def _check_quantity(walk: Walk, place: Place, key: str | int, value: Any) -> None:
    fault = find_quantity_fault(value) if value is not None else None
    if fault is not None:
        walk.report_decoding(place, key, fault)


def _check_int_or_string(walk: Walk, place: Place, key: str | int, value: Any) -> None:
    if not isinstance(value, str):
        _INT32(walk, place, key, value)


def _check_time(*, micro: bool) -> Check:
    def check(walk: Walk, place: Place, key: str | int, value: Any) -> None:
        if isinstance(value, str):
            fault = find_time_fault(value, micro=micro)
            if fault is not None:
                walk.report_decoding(place, key, fault)
        elif value is not None:
            walk.report_type(place, key, value, "string")

    return check


def _with_rules(check: Check, definition: Definition, rules: tuple[Rule, ...]) -> Check:
    """Return a check that also collects the rules for a scalar type such as Quantity."""
    if not rules:
        return check
    type_ = definition.type

    def check_and_collect(walk: Walk, place: Place, key: str | int, value: Any) -> None:
        check(walk, place, key, value)
        if value is not None:
            walk.pending.append((rules, Place(value, type_, place.subject, place, key)))

    return check_and_collect


_INT32: Final = _check_integer("i")

_SCALARS: Final[dict[str, tuple[type, Check]]] = {
    "s": (str, _check_string),
    "p": (str, _check_string),
    "b": (bool, _check_bool),
    "i": (_Never, _INT32),
    "l": (_Never, _check_integer("l")),
    "d": (float, _check_number),
    "y": (_Never, _check_bytes),
    "a": (_Never, _check_any),
}

_SPECIAL: Final[dict[str, Check]] = {
    "quantity": _check_quantity,
    "int-or-string": _check_int_or_string,
    "time": _check_time(micro=False),
    "micro-time": _check_time(micro=True),
}
