"""Prose uses the words of the field, not words that this project once coined for them.

`PATTERNS` are the words to avoid, each with the words to use. `ALLOWED` are the exceptions, each with a reason. The
test reads comments, docstrings and strings of the source, comments and docstrings of tests and tools, and all pages.
A code block of a page, and code between backquotes, is not prose.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cases import PROJECT


class Word(NamedTuple):
    """A pattern to avoid, the words to use instead, and the files in which it is avoided."""

    pattern: str
    instead: str
    files: str = "*"


class AllowedUse(NamedTuple):
    """A use that is allowed: files, a part of the line, and the reason."""

    files: str
    text: str
    reason: str


class Use(NamedTuple):
    """A line of prose with its location."""

    file: str
    line: int
    text: str


PATTERNS = {
    "room": Word(r"rooms?|houses?|wings?", "module, package, backend"),
    "reference": Word(r"the references?", "kustomize, Helm, go-jsonnet", "*.md"),
    "texts": Word(r"texts", "strings, or the field's name for them"),
    "words": Word(r"words?", "arguments, strings"),
    "programs": Word(r"programs?", "executables, exec plug-ins"),
    "chance": Word(r"chances?|what is random|by chance", "randomness, random functions"),
    "says": Word(
        r"tells?|told|telling|asks?|asked|asking|says?|said|saying", "reports, receives, contains"
    ),
    "touches": Word(r"touch(?:es|ed|ing)?|untouched", "matches nothing, has no effect"),
    "made of": Word(r"made of|makes? of", "built from, the result of X for Y"),
    "stranger": Word(r"strangers?|somebody|nobody|anybody", "a new user, a contributor"),
    "place": Word(r"places?", "location, position, index"),
    "ours": Word(r"own kinds?|ours", "kmanifest's kinds, built-in"),
    "stands": Word(r"stands?|stood|lies|lie|lying", "is defined in, is next to"),
    "twin": Word(r"twins?", "the compiled version of"),
    "not yet": Word(
        r"not (?:there )?yet|not yet", "nothing: a page describes what there is", "*.md"
    ),
}

# The reason is for the reader of this list; the text is what a line has if it is one of these uses.
ALLOWED = {
    "words": [
        AllowedUse(
            "src/kmanifest/cli/completion/*", "", "a shell splits a command line into words"
        ),
        AllowedUse(
            "tests/test_completion.py",
            "a word of its own",
            "a shell splits a command line into words",
        ),
        AllowedUse("src/kmanifest/yaml/*", "", "plain scalars are words of YAML's grammar"),
        AllowedUse("native/src/*", "", "plain scalars are words of YAML's grammar"),
        AllowedUse(
            "src/kmanifest/engines/helm/sprig/*", "", "sprig's functions change words of a text"
        ),
        AllowedUse(
            "src/kmanifest/engines/helm/gotemplate/*",
            "",
            "keywords and names of the template language",
        ),
        AllowedUse("src/kmanifest/engines/kustomize/hashing.py", "form words", "words of English"),
        AllowedUse("src/kmanifest/cli/report.py", "word", "the first word of a line"),
        AllowedUse(
            "src/kmanifest/cli/scaffold.py", "lower-case words", "the parts of a plug-in's name"
        ),
        AllowedUse("tests/unit/test_glossary.py", "", "this test is about words"),
        AllowedUse("tests/test_docs.py", "A single word", "a part of a command line in the page"),
    ],
    "programs": [
        AllowedUse(
            "src/kmanifest/engines/helm/gotemplate/*",
            "",
            "a parsed template is a program: a list of operations",
        ),
        AllowedUse(
            "native/src/templates/*", "", "a parsed template is a program: a list of operations"
        ),
        AllowedUse(
            "native/README.md",
            "flat programs",
            "a parsed template is a program: a list of operations",
        ),
        AllowedUse(
            "docs/architecture.md",
            "program",
            "a parsed template is a program: a list of operations",
        ),
        AllowedUse(
            "tests/unit/test_gotemplate_parse.py",
            "",
            "a parsed template is a program: a list of operations",
        ),
        *(
            AllowedUse(files, "", "Jsonnet calls its code a program")
            for files in (
                "src/kmanifest/engines/jsonnet/*",
                "src/kmanifest/cli/jsonnet.py",
                "native/src/jsonnet/*",
                "docs/guide/jsonnet.md",
            )
        ),
        AllowedUse(
            "src/kmanifest/engines/*", "krm/Program", "the registry's name for exec plug-ins"
        ),
        AllowedUse("*", "for programs", "programs of the library's users"),
        AllowedUse("docs/*", "a program", "a program of the library's users"),
        AllowedUse("docs/*", "A program", "a program of the library's users"),
        AllowedUse("README.md", "in a program", "a program of the library's users"),
        AllowedUse(
            "src/kmanifest/pipeline/dumping.py", "a program", "a program of the library's users"
        ),
        AllowedUse("tests/test_public_api.py", "program that", "a program of the library's users"),
        AllowedUse("tests/typing/embedder.py", "A program", "a program of the library's users"),
        AllowedUse("*", "Python program", "a program of the library's users"),
        AllowedUse("*", "What programs do with", "programs of the library's users"),
        AllowedUse("*", "Go program", "a program in Go, for comparisons"),
        AllowedUse("*", "program that Go builds", "a program in Go, for comparisons"),
        AllowedUse("*", "The program prints", "the test program itself"),
        AllowedUse("*", "the program that read stdout", "any process at the other end of a pipe"),
        AllowedUse("*", "The peer is the program", "kustomize and Helm together"),
        AllowedUse("*", "reference program", "kustomize and Helm together; not in pages for users"),
        AllowedUse("*", "needs: PROGRAM", "any executable that a page needs, as a placeholder"),
        AllowedUse("*", "if PROGRAM is", "any executable that a page needs, as a placeholder"),
        AllowedUse(
            "src/kmanifest/io/remote/network.py",
            "no 'git' program on path",
            "kustomize's error text",
        ),
    ],
    "touches": [
        AllowedUse("*", "touched", "the codes `touched` and `untouched` of findings are public"),
    ],
    "place": [
        AllowedUse(
            "src/kmanifest/validation/*", "Place", "the class: a value with the values around it"
        ),
        AllowedUse("*", "in place", "English: a change of the object itself, or instead of"),
        AllowedUse("*", "takes the place", "English: replaces"),
        AllowedUse(
            "src/kmanifest/engines/helm/schemas/formats.py",
            "in correct place",
            "an error text of Helm's validator",
        ),
        AllowedUse("src/kmanifest/engines/helm/sources/find.py", "places the chart", "the verb"),
    ],
    "stands": [
        AllowedUse("*", "stands for", "English: represents"),
        AllowedUse("*", "stand for", "English: represents"),
        AllowedUse("*", "Stands for", "English: represents"),
    ],
    "*": [
        AllowedUse("tests/unit/test_glossary.py", "", "the patterns themselves"),
    ],
}


def python_prose(path: Path, *, strings: bool) -> Iterator[tuple[int, str]]:
    """Yield the lines of comments and docstrings; with `strings`, also of all other string literals.

    Of an f-string only its text counts, without the expressions between braces: which tokens it consists of depends
    on the version of Python, its syntax tree does not.
    """
    source = path.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            continue
        if strings or id(node) in docstrings:
            for offset, line in enumerate(node.value.split("\n")):
                yield node.lineno + offset, line


def rust_prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the comments of a Rust file."""
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        _, slashes, comment = line.partition("//")
        if slashes:
            yield number, comment


def page_prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a page outside code blocks."""
    fence = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        mark = re.match(r" *(`{3,})", line)
        if mark:
            fence = "" if fence == mark[1] else fence or mark[1]
        elif not fence:
            yield number, line


@cache
def prose() -> list[Use]:
    """Return every line of prose in the project."""
    sources = [
        *((path, python_prose(path, strings=True)) for path in PROJECT.glob("src/**/*.py")),
        *(
            (path, python_prose(path, strings=False))
            for folder in ("tests", "bench", "plugins", "schemas")
            for path in PROJECT.glob(f"{folder}/**/*.py")
            if "fixtures" not in path.parts
        ),
        *((path, rust_prose(path)) for path in PROJECT.glob("native/src/**/*.rs")),
        *((path, page_prose(path)) for path in PROJECT.glob("*.md")),
        *(
            (path, page_prose(path))
            for folder in ("docs", "examples", "native", "plugins", "bench", "schemas")
            for path in PROJECT.glob(f"{folder}/**/*.md")
        ),
    ]
    return [
        Use(path.relative_to(PROJECT).as_posix(), number, line)
        for path, lines in sources
        for number, line in lines
    ]


CODE = re.compile(r"(`+).+?\1|<!--.*?-->|\]\([^)]*\)")


def is_allowed(name: str, use: Use) -> bool:
    return any(
        fnmatch(use.file, each.files) and each.text in use.text
        for each in (*ALLOWED.get(name, ()), *ALLOWED["*"])
    )


@cache
def uses(name: str) -> list[Use]:
    """Return the lines that contain a word to avoid. In pages, code between backquotes and links do not count."""
    word = PATTERNS[name]
    pattern = re.compile(rf"(?<![\w.-])(?:{word.pattern})(?![\w-])", re.IGNORECASE)
    return [
        use
        for use in prose()
        if pattern.search(use.text)
        and fnmatch(use.file, word.files)
        and (not use.file.endswith(".md") or pattern.search(CODE.sub("", use.text)))
    ]


@pytest.mark.parametrize("name", PATTERNS)
def test_prose_uses_the_words_of_the_field(name: str):
    wrong = [use for use in uses(name) if not is_allowed(name, use)]
    assert [f"{use.file}:{use.line}: {use.text.strip()}" for use in wrong] == [], PATTERNS[
        name
    ].instead


@pytest.mark.parametrize("name", [name for name in ALLOWED if name != "*"])
def test_every_exception_is_used(name: str):
    found = uses(name)
    unused = [
        each
        for each in ALLOWED[name]
        if not any(fnmatch(use.file, each.files) and each.text in use.text for use in found)
    ]
    assert unused == []
