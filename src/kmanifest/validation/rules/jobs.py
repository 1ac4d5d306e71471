"""Jobs and CronJobs. The rules for their pod templates are those of all templates.

Source: k8s.io/kubernetes v1.36.3 pkg/apis/batch/validation/validation.go, ValidateJob and ValidateCronJobCreate, after the
defaults of pkg/apis/batch/v1/defaults.go and the selector of pkg/registry/batch/job/strategy.go, generateSelector.
"""

from kmanifest.startup.typing import Any, Final, Mapping
from kmanifest.validation.places import Place, Report, Rules
from kmanifest.validation.rules import syntax
from kmanifest.validation.rules.cron import is_time_zone, schedule_fault
from kmanifest.validation.rules.reading import (
    Faults,
    items_of,
    mapping_of,
    number_of,
    numbers_of,
    text_of,
)
from kmanifest.validation.rules.references import check_domain_path
from kmanifest.validation.rules.workloads import selector_matches

_MAX_INDEXED: Final = 100_000
_MAX_OF_MANY: Final = 10_000
_MAX_RULES: Final = 20
_MAX_EXIT_CODES: Final = 255
_MAX_PATTERNS: Final = 20
_MAX_MANAGER: Final = 63
_MAX_INDEXES: Final = 64 * 1024
_MAX_CRON_JOB_NAME: Final = 52
_MAX_ZONE_PART: Final = 14
_ACTIONS: Final = ("Count", "FailIndex", "FailJob", "Ignore")
_STATUSES: Final = ("False", "True", "Unknown")
_RESTART_POLICIES: Final = ("OnFailure", "Never")
_NAME_LABELS: Final = ("batch.kubernetes.io/job-name", "job-name")
_UID_LABELS: Final = ("batch.kubernetes.io/controller-uid", "controller-uid")
_COUNTS: Final = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
)
_ZONE_CHARACTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_0123456789+"


def _is_indexed(spec: Mapping[str, Any]) -> bool:
    return spec.get("completionMode") == "Indexed"


def _completions(place: Place) -> int | None:
    """Return the completions, which are 1 in a Job that has neither them nor a parallelism."""
    spec = place.value
    completions = number_of(spec, "completions")
    is_job = place.inside("JobTemplateSpec") is None
    if completions is None and is_job and spec.get("parallelism") is None:
        return 1
    return completions


def check_counts(place: Place, report: Report) -> None:
    """Check the numbers of a Job. Source: validateJobSpec."""
    spec, faults = place.value, Faults(place, report)
    for field in _COUNTS:
        faults.not_negative((field,), number_of(spec, field))
    manager = spec.get("managedBy")
    if manager is not None:
        check_domain_path(faults.at("managedBy"), manager)
        if syntax.length(manager) > _MAX_MANAGER:
            faults.too_long(("managedBy",), _MAX_MANAGER)
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        faults.required(("backoffLimitPerIndex",), "when maxFailedIndexes is specified")
    if _is_indexed(spec):
        _check_indexed(place, faults)
        return
    for field in ("backoffLimitPerIndex", "maxFailedIndexes"):
        if spec.get(field) is not None:
            faults.invalid((field,), spec[field], "requires indexed completion mode")


def _check_indexed(place: Place, faults: Faults) -> None:
    spec, completions = place.value, _completions(place)
    parallelism, failures = number_of(spec, "parallelism"), number_of(spec, "maxFailedIndexes")
    if completions is None:
        faults.required(("completions",), "when completion mode is Indexed")
    if parallelism is not None and parallelism > _MAX_INDEXED:
        detail = f"must be less than or equal to {_MAX_INDEXED} when completion mode is Indexed"
        faults.invalid(("parallelism",), parallelism, detail)
    if failures is not None:
        if completions is not None and failures > completions:
            detail = "must be less than or equal to completions"
            faults.invalid(("maxFailedIndexes",), failures, detail)
        if failures > _MAX_INDEXED:
            detail = f"must be less than or equal to {_MAX_INDEXED}"
            faults.invalid(("maxFailedIndexes",), failures, detail)
    if (completions or 0) <= _MAX_INDEXED or spec.get("backoffLimitPerIndex") is None:
        return
    many = f"when completions are above {_MAX_INDEXED} and used with backoff limit per index"
    if failures is None:
        detail = f"must be specified when completions is above {_MAX_INDEXED}"
        faults.required(("maxFailedIndexes",), detail)
    for field, number in (("parallelism", parallelism), ("maxFailedIndexes", failures)):
        if number is not None and number > _MAX_OF_MANY:
            faults.invalid((field,), number, f"must be less than or equal to {_MAX_OF_MANY} {many}")


def check_restart_policy(place: Place, report: Report) -> None:
    """Check that the pods of a Job end. Source: validateJobSpec."""
    faults = Faults(place, report, ("template", "spec"))
    policy = text_of(mapping_of(mapping_of(place.value, "template"), "spec"), "restartPolicy")
    if policy in {"", "Always"}:
        faults.required(("restartPolicy",), 'valid values: "OnFailure", "Never"')
    elif policy not in _RESTART_POLICIES:
        faults.unsupported(("restartPolicy",), policy, _RESTART_POLICIES)
    elif place.value.get("podFailurePolicy") is not None and policy != "Never":
        detail = 'only "Never" is supported when podFailurePolicy is specified'
        faults.invalid(("restartPolicy",), policy, detail)


def check_replacement_policy(place: Place, report: Report) -> None:
    """Check when pods are replaced. Source: validatePodReplacementPolicy."""
    policy = place.value.get("podReplacementPolicy")
    if policy is None:
        return
    has_failure_policy = place.value.get("podFailurePolicy") is not None
    supported = ("Failed",) if has_failure_policy else ("Failed", "TerminatingOrFailed")
    Faults(place, report).one_of(("podReplacementPolicy",), policy, supported)


def check_failure_policy(place: Place, report: Report) -> None:
    """Check the rules for pods that fail. Source: validatePodFailurePolicy."""
    faults = Faults(place, report, ("podFailurePolicy", "rules"))
    rules = items_of(mapping_of(place.value, "podFailurePolicy"), "rules")
    if len(rules) > _MAX_RULES:
        faults.too_many((), len(rules), _MAX_RULES)
    for index, rule in enumerate(rules):
        _check_failure_rule(faults.at(index), rule, place.value)


def _check_failure_rule(faults: Faults, rule: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
    action = text_of(rule, "action")
    if not action:
        faults.required(("action",), f"valid values: {_listed(_ACTIONS)}")
    elif action == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
        faults.invalid(("action",), action, "requires the backoffLimitPerIndex to be set")
    else:
        faults.one_of(("action",), action, _ACTIONS)
    codes, patterns = rule.get("onExitCodes"), items_of(rule, "onPodConditions")
    if codes is not None:
        _check_exit_codes(faults.at("onExitCodes"), codes, spec)
    _check_conditions(faults.at("onPodConditions"), patterns)
    both = "OnExitCodes and OnPodConditions is"
    if codes is not None and patterns:
        faults.invalid((), rule, f"specifying both {both} not supported")
    if codes is None and not patterns:
        faults.invalid((), rule, f"specifying one of {both} required")


def _listed(names: tuple[str, ...]) -> str:
    return "[" + " ".join(f'"{name}"' for name in names) + "]"


def _check_conditions(faults: Faults, patterns: list[Mapping[str, Any]]) -> None:
    if len(patterns) > _MAX_PATTERNS:
        faults.too_many((), len(patterns), _MAX_PATTERNS)
    for index, pattern in enumerate(patterns):
        type_, status = text_of(pattern, "type"), text_of(pattern, "status") or "True"
        faults.invalid((index, "type"), type_, *syntax.qualified_name(type_))
        faults.one_of((index, "status"), status, _STATUSES)


def _check_exit_codes(faults: Faults, codes: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
    operator = text_of(codes, "operator")
    if not operator:
        faults.required(("operator",), f"valid values: {_listed(('In', 'NotIn'))}")
    else:
        faults.one_of(("operator",), operator, ("In", "NotIn"))
    name = codes.get("containerName")
    if name is not None and name not in _container_names(spec):
        detail = "must be one of the container or initContainer names in the pod template"
        faults.invalid(("containerName",), name, detail)
    values = numbers_of(codes, "values")
    if not values:
        faults.invalid(("values",), [], "at least one value is required")
    elif len(values) > _MAX_EXIT_CODES:
        faults.too_many(("values",), len(values), _MAX_EXIT_CODES)
    seen: set[int] = set()
    for index, value in enumerate(values):
        if operator == "In" and value == 0:
            faults.invalid(("values", index), value, "must not be 0 for the In operator")
        if value in seen:
            faults.duplicate(("values", index), value)
        seen.add(value)
    if values != sorted(values):
        faults.invalid(("values",), values, "must be ordered")


def _container_names(spec: Mapping[str, Any]) -> set[str]:
    pod = mapping_of(mapping_of(spec, "template"), "spec")
    containers = items_of(pod, "containers") + items_of(pod, "initContainers")
    return {text_of(container, "name") for container in containers}


def check_success_policy(place: Place, report: Report) -> None:
    """Check when an indexed Job is complete. Source: validateSuccessPolicy."""
    policy = place.value.get("successPolicy")
    if policy is None:
        return
    faults = Faults(place, report, ("successPolicy",))
    if not _is_indexed(place.value):
        faults.invalid((), policy, "requires indexed completion mode")
        return
    rules, completions = items_of(policy, "rules"), _completions(place)
    if not rules:
        detail = "at least one rules must be specified when the successPolicy is specified"
        faults.required(("rules",), detail)
    if len(rules) > _MAX_RULES:
        faults.too_many(("rules",), len(rules), _MAX_RULES)
    for index, rule in enumerate(rules if completions is not None else ()):
        _check_success_rule(faults.at("rules", index), rule, completions or 0)


def _check_success_rule(faults: Faults, rule: Mapping[str, Any], completions: int) -> None:
    """Source: validateSuccessPolicyRule."""
    indexes, count = rule.get("succeededIndexes"), number_of(rule, "succeededCount")
    if indexes is None and count is None:
        detail = "at least one of succeededCount or succeededIndexes must be specified"
        faults.required((), detail)
    total = 0
    if indexes is not None:
        if syntax.length(indexes) > _MAX_INDEXES:
            faults.too_long(("succeededIndexes",), _MAX_INDEXES)
        total, problem = _count_indexes(indexes, completions)
        if problem:
            detail = f"error parsing succeededIndexes: {problem}"
            faults.invalid(("succeededIndexes",), indexes, detail)
    if count is None:
        return
    at_most = "must be less than or equal to"
    faults.not_negative(("succeededCount",), count)
    if count > completions:
        detail = f"{at_most} {completions} (the number of specified completions)"
        faults.invalid(("succeededCount",), count, detail)
    if indexes is not None and count > total:
        detail = (
            f"{at_most} {total} (the number of indexes in the specified succeededIndexes field)"
        )
        faults.invalid(("succeededCount",), count, detail)


def _count_indexes(text: str, completions: int) -> tuple[int, str]:
    """Return how many indexes `1,3-5` names, and what is wrong with it. Source: validateIndexesFormat."""
    total, last = 0, -1
    for fragment in text.split(",") if text else ():
        parts = fragment.split("-")
        if len(parts) > 2:
            rule = "an index interval can have at most two parts separated by '-'"
            return 0, f'the fragment "{fragment}" violates the requirement that {rule}'
        ends = []
        for part in parts:
            digits = part.removeprefix("+")
            if not (digits.isascii() and digits.isdigit()) or len(digits) > _MAX_MANAGER:
                return 0, f'cannot convert string to integer for index: "{part}"'
            if int(digits) >= completions:
                return 0, f'too large index: "{part}"'
            ends.append(int(digits))
        start, end = ends[0], ends[-1]
        if len(ends) == 2 and start >= end:
            return 0, f"non-increasing order, previous: {start}, current: {end}"
        if last >= start:
            return 0, f"non-increasing order, previous: {last}, current: {start}"
        total += end - start + 1
        last = end
    return total, ""


def check_selector(place: Place, report: Report) -> None:
    """Check the selector, which the server makes unless it is `manualSelector`. Source: validateGeneratedSelector."""
    spec, faults = place.value, Faults(place, report)
    selector = spec.get("selector")
    if place.inside("JobTemplateSpec") is not None:
        if selector is not None:
            faults.invalid(("selector",), selector, "`selector` will be auto-generated")
        if spec.get("manualSelector"):
            faults.unsupported(("manualSelector",), spec["manualSelector"], ("nil", "false"))
        return
    labels = mapping_of(mapping_of(mapping_of(spec, "template"), "metadata"), "labels")
    path = ("template", "metadata", "labels")
    if spec.get("manualSelector"):
        if selector is None:
            faults.required(("selector",))
        # A selector that is absent matches nothing.
        if selector is None or not selector_matches(selector, labels):
            faults.invalid(path, labels, "`selector` does not match template `labels`")
        return
    _check_generated_labels(place, faults, labels)
    if selector is not None:
        _check_generated_selector(place, faults, selector)


def _name_of(place: Place) -> str | None:
    """Return the name of the Job, or None if the server makes it."""
    meta = mapping_of(place.subject.body, "metadata")
    return text_of(meta, "name") or None


def _check_generated_labels(place: Place, faults: Faults, labels: Mapping[str, Any]) -> None:
    """Report labels of the template that the server sets to other values. Source: ValidateHasLabel."""
    name = _name_of(place)
    for key in _NAME_LABELS:
        if key in labels and (labels[key] or "") != name:
            detail = f"must be '{name or 'the generated name'}'"
            faults.invalid(("template", "metadata", "labels", key), labels[key], detail)
    for key in _UID_LABELS:
        if key in labels:
            detail = "must be the uid of the Job"
            faults.invalid(("template", "metadata", "labels", key), labels[key], detail)
    if name is not None and syntax.length(name) > _MAX_MANAGER:
        for message in syntax.label_value(name):
            faults.invalid(("template", "metadata", "labels"), name, message)


def _check_generated_selector(place: Place, faults: Faults, selector: Mapping[str, Any]) -> None:
    generated = {
        **dict.fromkeys(_NAME_LABELS, _name_of(place) or ""),
        **dict.fromkeys(_UID_LABELS, "uid"),
    }
    if not selector_matches(selector, generated):
        faults.invalid(("selector",), selector, "`selector` not auto-generated")


def check_job(place: Place, report: Report) -> None:
    """Check that the pods of an indexed Job can have host names. Source: ValidateJob."""
    if place.outer is not None:
        return
    spec, faults = mapping_of(place.value, "spec"), Faults(place, report)
    completions = number_of(spec, "completions")
    if completions is None and spec.get("parallelism") is None:
        completions = 1
    if not _is_indexed(spec) or (completions or 0) <= 0:
        return
    name = _name_of(place)
    host = f"{name}-{(completions or 0) - 1}"
    if name is not None and syntax.dns_label(host):
        detail = f"will not able to create pod with invalid DNS label: {host}"
        faults.invalid(("metadata", "name"), name, detail)


def check_cron_job(place: Place, report: Report) -> None:
    """Check the length of the name, to which the server adds for each Job. Source: ValidateCronJobCreate."""
    name = _name_of(place)
    if place.outer is None and name is not None and syntax.length(name) > _MAX_CRON_JOB_NAME:
        detail = f"must be no more than {_MAX_CRON_JOB_NAME} characters"
        Faults(place, report).invalid(("metadata", "name"), name, detail)


def check_schedule(place: Place, report: Report) -> None:
    """Check when a CronJob runs. Source: validateCronJobSpec."""
    spec, faults = place.value, Faults(place, report)
    schedule = text_of(spec, "schedule")
    if not schedule:
        faults.required(("schedule",))
    else:
        problem = schedule_fault(schedule)
        if problem:
            faults.invalid(("schedule",), schedule, problem)
        if "TZ" in schedule:
            detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
            faults.invalid(("schedule",), schedule, detail)
    zone = spec.get("timeZone")
    if zone is not None:
        problem = _find_zone_fault(zone)
        if problem:
            faults.invalid(("timeZone",), zone, problem)
    fields = ("startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit")
    for field in fields:
        faults.not_negative((field,), number_of(spec, field))
    policy = text_of(spec, "concurrencyPolicy")
    if policy:
        faults.one_of(("concurrencyPolicy",), policy, ("Allow", "Forbid", "Replace"))


def _find_zone_fault(zone: str) -> str | None:
    """Return what is wrong with a time zone, or None. Source: validateTimeZone."""
    if not zone:
        return "timeZone must be nil or non-empty string"
    for part in zone.split("/"):
        if (
            not part
            or part in {".", ".."}
            or part.startswith("-")
            or part.strip(_ZONE_CHARACTERS)
            or len(part) > _MAX_ZONE_PART
        ):
            return f"unknown time zone {zone}"
    if zone.lower() == "local":
        source = "https://www.iana.org/time-zones"
        return f"timeZone must be an explicit time zone as defined in {source}"
    return None if is_time_zone(zone) else f"unknown time zone {zone}"


RULES: Final[Rules] = {
    "Job": (check_job,),
    "JobSpec": (
        check_counts,
        check_failure_policy,
        check_success_policy,
        check_replacement_policy,
        check_restart_policy,
        check_selector,
    ),
    "CronJob": (check_cron_job,),
    "CronJobSpec": (check_schedule,),
}
"""The rules for Jobs and CronJobs by type."""
