"""The options of the Jsonnet engine."""

from kmanifest.startup.typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from kmanifest.io.worker_sessions import Workers

NamedString = tuple[str, str]


class JsonnetOptions(NamedTuple):
    """Options for Jsonnet, passed in `Options.engines` or to `render_jsonnet`.

    - `ext`, `ext_code`: names and values of external variables, as strings and as Jsonnet code
    - `tla`, `tla_code`: names and values of top-level arguments, as strings and as Jsonnet code
    - `library_paths`: directories that are searched for imports, the last one first, as with `jsonnet -J`
    - `roots`: further directories from which imports read, besides the file's project or directory, and the library paths
    - `max_stack`: the number of stack frames
    - `name`: the name of the Tanka environment, if a file has several
    - `isolate`: `process` evaluates in a process of its own. `none` evaluates in this process, for trees that you trust:
      the code can then use all memory and time, or end this process. It needs the compiled backend
    - `timeout`: seconds for one evaluation in a process
    - `max_memory`: bytes that one evaluation in a process may use
    - `workers`: processes to use again; by default each evaluation starts one

    >>> from kmanifest import JsonnetOptions, Options
    >>> Options(engines=(JsonnetOptions(ext=(("cluster", "eu"),), library_paths=("vendor",)),))
    Options(engines=(JsonnetOptions(ext=***, library_paths=('vendor',)),))
    """

    ext: tuple[NamedString, ...] = ()
    ext_code: tuple[NamedString, ...] = ()
    tla: tuple[NamedString, ...] = ()
    tla_code: tuple[NamedString, ...] = ()
    library_paths: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    max_stack: int = 500
    name: str = ""
    isolate: Literal["process", "none"] = "process"
    timeout: float = 15.0
    max_memory: int = 400 << 20
    workers: "Workers | None" = None

    def __repr__(self) -> str:
        from kmanifest.model.records import describe  # rarely printed

        return describe(self, secret=("ext", "ext_code", "tla", "tla_code"))
