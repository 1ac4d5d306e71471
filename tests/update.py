"""Makes the goldens of fixtures anew, from the peer that each case names and never from kmanifest.

    python -m tests.update kustomize/name-prefix     one case
    python -m tests.update 'kustomize/yaml-*'        those that match
    python -m tests.update verbs/create              all runs of a verb's case
    python -m tests.update 'helm/*'               charts
    python -m tests.update 'remote/*'                what is fetched from a server
    python -m tests.update --check                   change nothing, say what differs

helm v4 is asked where it is on PATH as `helm4`; where it is not, its runs are left out, and that is said.

Exit 0 when all agree or were written, 1 when something differs, 2 when no case matches or a peer can't be asked.
"""

import shutil
import sys
from pathlib import Path

from tests import charts, remotes, verbs
from tests.cases import Case, ask_peer, find_cases, peer_missing
from tests.servers import git_missing


def differences(case: Case) -> dict[Path, bytes | None]:
    """The files of a case that are not what its peer gives, with what they should hold; None for none."""
    result = ask_peer(case)
    wanted: dict[Path, bytes | None]
    if case.error.exists():
        if result.code == 0:
            sys.exit(f"{case.name}: an error is expected, and {case.peer} builds it")
        wanted = {case.expected: None, case.warnings: None}
    else:
        if result.code:
            sys.exit(f"{case.name}: {case.peer} refuses it: {result.errors.strip()}")
        warnings = result.warnings.encode() or None
        wanted = {case.expected: result.output, case.warnings: warnings}
    found = {path: path.read_bytes() if path.exists() else None for path in wanted}
    return {path: content for path, content in wanted.items() if found[path] != content}


def main(arguments: list[str]) -> int:
    """Update or check the cases that are named."""
    check = "--check" in arguments
    patterns = [each for each in arguments if each != "--check"] or ["*/*"]
    cases = [case for pattern in patterns for case in find_cases(pattern)]
    runs = [
        run
        for pattern in patterns
        if pattern == "*/*" or pattern.startswith("verbs/")
        for run in verbs.find_runs(pattern.partition("/")[2])
    ]
    fetched = [
        case
        for pattern in patterns
        if pattern == "*/*" or pattern.startswith("remote/")
        for case in remotes.find_cases(pattern.partition("/")[2])
    ]
    rendered = [
        run
        for pattern in patterns
        if pattern == "*/*" or pattern.startswith("helm/")
        for run in charts.find_runs(pattern.partition("/")[2])
    ]
    rendered, left_out = _without_helm4(rendered)
    if not cases and not runs and not fetched and not rendered:
        print(f"no fixture matches {' '.join(patterns)}", file=sys.stderr)
        return 2
    reasons = {reason for case in cases if (reason := peer_missing(case))}
    reasons |= {reason for run in runs if (reason := verbs.peer_missing(run))}
    reasons |= {reason for run in rendered if (reason := charts.peer_missing(run))}
    reasons |= {
        reason for case in fetched if (reason := git_missing() or remotes.peer_missing(case))
    }
    if reasons:
        print("; ".join(sorted(reasons)), file=sys.stderr)
        return 2
    changed = 0
    named = [(case.name, differences(case)) for case in cases]
    named += [(run.name, verbs.differences(run, None)) for run in runs if not run.served]
    named += [(run.name, charts.differences(run)) for run in rendered]
    served = [run for run in runs if run.served]
    if fetched or served:
        with remotes.serve_fixtures() as here:
            named += [(case.name, remotes.differences(case, here)) for case in fetched]
            named += [(run.name, verbs.differences(run, here)) for run in served]
    for name, found in named:
        for path, content in found.items():
            changed += 1
            print(f"{'differs' if check else 'written'}: {name}/{path.name}")
            if not check and content is None:
                path.unlink()
            elif not check and content is not None:
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content)
    print(
        f"{len(cases) + len(fetched)} cases, {len(runs) + len(rendered)} runs of verbs, "
        f"{changed} files {'differ' if check else 'written'}"
    )
    if left_out:
        print(f"{left_out} runs of {charts.HELM4} left out: it is not on PATH", file=sys.stderr)
    return 1 if check and changed else 0


def _without_helm4(runs: list[charts.ChartRun]) -> tuple[list[charts.ChartRun], int]:
    """The runs whose goldens can be made, and how many can't, as helm v4 is not there: few who change charts need it."""
    if shutil.which(charts.HELM4):
        return runs, 0
    kept = [run for run in runs if run.peer != charts.HELM4]
    return kept, len(runs) - len(kept)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
