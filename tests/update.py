"""Write the expected results of fixtures again, from the peer that each case names and never from kmanifest.

    python -m tests.update kustomize/name-prefix     one case
    python -m tests.update 'kustomize/yaml-*'        the cases that match
    python -m tests.update verbs/create              all runs of a verb's case
    python -m tests.update 'helm/*'                  charts
    python -m tests.update 'jsonnet/*'               Jsonnet
    python -m tests.update 'generators/*'            the generators of kmanifest
    python -m tests.update 'remote/*'                remote bases
    python -m tests.update --check                   write nothing, list the differences

Runs of Helm 4 need it on PATH as `helm4`. If it is missing, they are skipped with a message.

Exit codes: 0 if all files agree or were written; 1 if --check finds a difference; 2 if no case matches or a peer
can't run.
"""

import shutil
import sys
from pathlib import Path

from tests import charts, generator_cases, jsonnet_cases, remotes, verbs
from tests.cases import Case, find_cases, peer_missing, run_peer
from tests.servers import git_missing


def differences(case: Case) -> dict[Path, bytes | None]:
    """Return the files of a case that differ from the peer's result, with the right content. None means no file."""
    result = run_peer(case)
    expected: dict[Path, bytes | None]
    if case.error.exists():
        if result.code == 0:
            sys.exit(f"{case.name}: an error is expected, but {case.peer} succeeds")
        expected = {case.expected: None, case.warnings: None}
    else:
        if result.code:
            sys.exit(f"{case.name}: {case.peer} fails: {result.errors.strip()}")
        warnings = result.warnings.encode() or None
        expected = {case.expected: result.output, case.warnings: warnings}
    current = {path: path.read_bytes() if path.exists() else None for path in expected}
    return {path: content for path, content in expected.items() if current[path] != content}


def main(arguments: list[str]) -> int:
    """Update or check the cases that the arguments select."""
    check = "--check" in arguments
    patterns = [argument for argument in arguments if argument != "--check"] or ["*/*"]
    cases = [case for pattern in patterns for case in find_cases(pattern)]
    verb_runs = [
        run
        for pattern in patterns
        if pattern == "*/*" or pattern.startswith("verbs/")
        for run in verbs.find_runs(pattern.partition("/")[2])
    ]
    remote_cases = [
        case
        for pattern in patterns
        if pattern == "*/*" or pattern.startswith("remote/")
        for case in remotes.find_cases(pattern.partition("/")[2])
    ]
    chart_runs = [
        run
        for pattern in patterns
        if pattern == "*/*" or pattern.startswith("helm/")
        for run in charts.find_runs(pattern.partition("/")[2])
    ]
    jsonnet_runs = [
        run
        for pattern in patterns
        if pattern == "*/*" or pattern.startswith("jsonnet/")
        for run in jsonnet_cases.find_runs(pattern.partition("/")[2])
    ]
    generators = [
        case
        for pattern in patterns
        if pattern == "*/*" or pattern.startswith("generators/")
        for case in generator_cases.find_cases(pattern.partition("/")[2])
    ]
    chart_runs, skipped = _without_helm4(chart_runs)
    if (
        not generators
        and not jsonnet_runs
        and not cases
        and not verb_runs
        and not remote_cases
        and not chart_runs
    ):
        print(f"no fixture matches {' '.join(patterns)}", file=sys.stderr)
        return 2
    reasons = {reason for case in cases if (reason := peer_missing(case))}
    reasons |= {reason for run in verb_runs if (reason := verbs.peer_missing(run))}
    reasons |= {reason for run in jsonnet_runs if (reason := jsonnet_cases.peer_missing(run))}
    reasons |= {reason for case in generators if (reason := generator_cases.peer_missing(case))}
    reasons |= {reason for run in chart_runs if (reason := charts.peer_missing(run))}
    reasons |= {
        reason for case in remote_cases if (reason := git_missing() or remotes.peer_missing(case))
    }
    if reasons:
        print("; ".join(sorted(reasons)), file=sys.stderr)
        return 2
    changed = 0
    differences_by_case = [(case.name, differences(case)) for case in cases]
    differences_by_case += [
        (run.name, verbs.differences(run, None)) for run in verb_runs if not run.served
    ]
    differences_by_case += [(run.name, charts.differences(run)) for run in chart_runs]
    differences_by_case += [(run.name, jsonnet_cases.differences(run)) for run in jsonnet_runs]
    differences_by_case += [
        (f"generators/{case.name}", generator_cases.differences(case)) for case in generators
    ]
    served_runs = [run for run in verb_runs if run.served]
    if remote_cases or served_runs:
        with remotes.serve_fixtures() as server:
            differences_by_case += [
                (case.name, remotes.differences(case, server)) for case in remote_cases
            ]
            differences_by_case += [
                (run.name, verbs.differences(run, server)) for run in served_runs
            ]
    for name, files in differences_by_case:
        for path, content in files.items():
            changed += 1
            print(f"{'differs' if check else 'written'}: {name}/{path.name}")
            if not check and content is None:
                path.unlink()
            elif not check and content is not None:
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content)
    print(
        f"{len(cases) + len(generators) + len(remote_cases)} cases, {len(verb_runs) + len(chart_runs) + len(jsonnet_runs)} runs of verbs, "
        f"{changed} files {'differ' if check else 'written'}"
    )
    if skipped:
        print(f"{skipped} runs of {charts.HELM4} skipped: it is not on PATH", file=sys.stderr)
    return 1 if check and changed else 0


def _without_helm4(runs: list[charts.ChartRun]) -> tuple[list[charts.ChartRun], int]:
    """Return the runs whose peer is available, and the number of runs that need Helm 4, which is not on PATH.

    Helm 4 is optional, because few changes to charts need it.
    """
    if shutil.which(charts.HELM4):
        return runs, 0
    available = [run for run in runs if run.peer != charts.HELM4]
    return available, len(runs) - len(available)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
