"""Plain values as bytes, for the pipes between a process and its workers.

A value is None, a bool, an int, a float, a str, a list or tuple of values, or a dict of them with strings as keys. A list
and a tuple are read as a list. Importing `json` takes 5 to 9 ms, and both processes would have to.
"""

from kmanifest.startup.typing import Any


def dump_frame(value: Any) -> bytes:
    """Return a value as bytes: a letter for its type, its length or text, and its content."""
    out: list[bytes] = []
    _write(out, value)
    return b"".join(out)


def _write(out: list[bytes], value: Any) -> None:
    if value is None:
        out.append(b"n")
    elif value is True or value is False:
        out.append(b"t" if value else b"f")
    elif isinstance(value, str):
        text = value.encode("utf-8", "surrogatepass")
        out.append(b"s%d:%b" % (len(text), text))
    elif isinstance(value, int):
        out.append(b"i%d:" % value)
    elif isinstance(value, float):
        out.append(b"d%b:" % repr(value).encode())
    elif isinstance(value, dict):
        out.append(b"m%d:" % len(value))
        for key, item in value.items():
            _write(out, key)
            _write(out, item)
    else:
        out.append(b"l%d:" % len(value))
        for item in value:
            _write(out, item)


def load_frame(data: bytes) -> Any:
    """Return the value of `dump_frame`. Raises ValueError for anything else."""
    value, end = _read(data, 0)
    if end != len(data):
        raise ValueError("a frame has more than one value")
    return value


def _read(data: bytes, start: int) -> tuple[Any, int]:
    letter = data[start : start + 1]
    if letter in (b"n", b"t", b"f"):
        return {b"n": None, b"t": True, b"f": False}[letter], start + 1
    colon = data.find(b":", start)
    if colon < 0 or letter not in (b"s", b"i", b"d", b"l", b"m"):
        raise ValueError("a frame is damaged")
    text, position = data[start + 1 : colon], colon + 1
    if letter == b"d":
        return float(text), position
    number = int(text)
    if letter == b"i":
        return number, position
    if letter == b"s":
        end = position + number
        if end > len(data):
            raise ValueError("a frame is damaged")
        return data[position:end].decode("utf-8", "surrogatepass"), end
    items: list[Any] = []
    for _ in range(number * (2 if letter == b"m" else 1)):
        item, position = _read(data, position)
        items.append(item)
    if letter == b"l":
        return items, position
    return dict(zip(items[::2], items[1::2], strict=True)), position
