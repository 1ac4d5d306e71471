"""Run many builds in one process, to compare with one `kustomize build` for each.

    python bench/many_builds.py COMMANDS.json OUT
    python bench/many_builds.py --list FILE --root DIR --out OUT

COMMANDS.json is a list of argument lists for `kustomize build`. Their outputs are OUT/0000.yaml, OUT/0001.yaml and so on.
FILE has one directory per line, relative to DIR; the output of `a/b` is OUT/a__b.yaml. The builds share a MemoryCache
that starts empty, except with `--no-cache`. If a build fails, its file is empty, the others go on, and the exit code is 1.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from kmanifest import MemoryCache, build
from kmanifest.cli.build import COMMAND, build_options
from kmanifest.cli.flags import UsageError
from kmanifest.cli.output import write_rendered

Command = tuple[Sequence[str], Path]
"""The arguments of one build, and the file for its output."""


def of_commands(source: Path, out: Path) -> Iterator[Command]:
    """Return the builds of a list of argument lists, numbered."""
    for number, arguments in enumerate(json.loads(source.read_text(encoding="utf-8"))):
        yield arguments, out / f"{number:04d}.yaml"


def of_list(source: Path, root: Path, out: Path) -> Iterator[Command]:
    """Return the builds of a list of directories below `root`. The output files are named after the directories."""
    for line in source.read_text(encoding="utf-8").split():
        yield [str(root / line)], out / f"{line.strip('/').replace('/', '__')}.yaml"


def run(arguments: Sequence[str], path: Path, cache: MemoryCache | None) -> None:
    """Run one build and write its output to `path`. The file is empty if the build fails or has `-o`."""
    with path.open("wb") as stream:
        parsed = COMMAND.read(arguments)
        directory, *more = parsed.arguments or (".",)
        if more:
            raise UsageError("specify one directory")
        rendered = build(directory, options=build_options(parsed), cache=cache)
        if parsed.values["output"]:
            write_rendered(rendered, parsed.values["output"])
        else:
            rendered.write(stream)


def main() -> int:
    """Run all builds, in order."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("commands", nargs="?", type=Path)
    parser.add_argument("directory", nargs="?", type=Path)
    parser.add_argument("--list", type=Path)
    parser.add_argument("--root", type=Path, default=Path())
    parser.add_argument("--out", type=Path)
    parser.add_argument("--no-cache", action="store_true")
    options = parser.parse_args()
    if options.list and options.out:
        commands = of_list(options.list, options.root, options.out)
    elif options.commands and options.directory:
        commands = of_commands(options.commands, options.directory)
    else:
        parser.error("give COMMANDS.json OUT, or --list FILE --root DIR --out OUT")
    cache = None if options.no_cache else MemoryCache()
    failed = False
    for arguments, path in commands:
        try:
            run(arguments, path, cache)
        except Exception as error:  # noqa: BLE001 - in a process of its own it would not end the others
            failed = True
            print(f"{path.name}: {type(error).__name__}: {error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
