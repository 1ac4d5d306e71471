"""The functions of Masterminds' sprig v3.3.0, as Helm's templates have them.

`functions` returns them all. Nothing here knows of Kubernetes or uses the machine: the caller
passes randomness, the clock and the environment. A group of functions is imported when one of them
is called.
"""

from kmanifest.engines.helm.gotemplate.functions import LazyFunctions
from kmanifest.engines.helm.gotemplate.values import Functions
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.lazy import load_attribute
from kmanifest.startup.typing import TYPE_CHECKING, Any, Callable, Final, Mapping

if TYPE_CHECKING:
    from kmanifest.engines.helm.sprig.randomness import RandomSource

_JSON: Final = (
    "fromJson mustFromJson mustToJson mustToPrettyJson mustToRawJson toJson toPrettyJson toRawJson"
)
_DATES: Final = (
    "ago date dateInZone dateModify date_in_zone date_modify duration durationRound htmlDate htmlDateInZone "
    "mustDateModify mustToDate must_date_modify now toDate unixEpoch"
)
_DEFAULTS: Final = (
    "all any coalesce deepEqual default empty kindIs kindOf ternary typeIs typeIsLike typeOf"
)
_DICTS: Final = (
    "deepCopy dict dig get hasKey keys merge mergeOverwrite mustDeepCopy mustMerge mustMergeOverwrite omit pick pluck "
    "set unset values"
)
_ENCODINGS: Final = "adler32sum b32dec b32enc b64dec b64enc sha1sum sha256sum sha512sum"
_LISTS: Final = (
    "append chunk compact concat first has initial last list mustAppend mustChunk mustCompact mustFirst mustHas "
    "mustInitial mustLast mustPrepend mustPush mustRest mustReverse mustSlice mustUniq mustWithout prepend push rest "
    "reverse slice tuple uniq without"
)
_NUMBERS: Final = (
    "add add1 add1f addf atoi biggest ceil div divf float64 floor int int64 max maxf min minf mod mul mulf round seq sub "
    "subf toDecimal until untilStep"
)
_PATHS: Final = "base clean dir ext isAbs osBase osClean osDir osExt osIsAbs"
_REGEXES: Final = (
    "mustRegexFind mustRegexFindAll mustRegexMatch mustRegexReplaceAll mustRegexReplaceAllLiteral mustRegexSplit regexFind "
    "regexFindAll regexMatch regexQuoteMeta regexReplaceAll regexReplaceAllLiteral regexSplit"
)
_CRYPTO: Final = (
    "bcrypt buildCustomCert decryptAES derivePassword encryptAES genCA genCAWithKey genPrivateKey genSelfSignedCert "
    "genSelfSignedCertWithKey genSignedCert genSignedCertWithKey htpasswd randAlpha randAlphaNum randAscii randBytes "
    "randInt randNumeric shuffle uuidv4"
)
_SEMVER: Final = "semver semverCompare"
_STRINGS: Final = (
    "abbrev abbrevboth camelcase cat contains hasPrefix hasSuffix hello indent initials join kebabcase lower nindent "
    "nospace plural quote repeat replace snakecase sortAlpha split splitList splitn squote substr swapcase title toString "
    "toStrings trim trimAll trimPrefix trimSuffix trimall trunc untitle upper wrap wrapWith"
)
_URLS: Final = "getHostByName urlJoin urlParse"


def functions(
    *,
    random: "RandomSource",
    clock: Callable[[], int],
    env: Mapping[str, str] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Functions:
    """Return every function by its name, except `env`, `expandenv` and `fail`.

    Helm removes these three or defines them itself. `random` is the source of random numbers:
    `random.SystemRandom()`, or a seeded one for the same output each time. `clock` returns
    nanoseconds since 1970 (`time.time_ns`). `TZ` in `env` is the local time zone, UTC if it is
    missing. `getHostByName` makes no network request.
    """
    return LazyFunctions(
        _group("json_functions", _JSON, limits),
        _group("dates", _DATES, clock, env or {}),
        _group("defaults", _DEFAULTS),
        _group("dicts", _DICTS, limits),
        _group("encodings", _ENCODINGS),
        _group("lists", _LISTS, limits),
        _group("numbers", _NUMBERS, limits),
        _group("paths", _PATHS),
        _group("regexes", _REGEXES, limits),
        _group("crypto", _CRYPTO, random, clock, limits),
        _group("semver", _SEMVER),
        _group("strings", _STRINGS, limits),
        _group("urls", _URLS),
    )


def _group(module: str, names: str, *arguments: Any) -> tuple[str, Callable[[], Functions]]:
    """Return the names of a group with a function that calls `functions` of its module."""

    def load() -> Functions:
        functions_of_module: Functions = load_attribute(
            f"kmanifest.engines.helm.sprig.{module}", "functions"
        )(*arguments)
        return functions_of_module

    return names, load
