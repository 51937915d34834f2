"""Accepting findings by the configuration's table ``allow``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pathspec import GitIgnoreSpec

from hatch_envpack.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hatch_envpack.settings import Allowance

UNUSED = "unused-allow"


def accept(findings: Iterable[Finding], allowances: Sequence[Allowance]) -> list[Finding]:
    """Return the findings, those that an allowance names with its reason; sorted, each once.

    An allowance that accepts nothing is a finding itself: what it was for has gone, and it would hide the next.
    """
    specs = [GitIgnoreSpec.from_lines([allowance.path]) for allowance in allowances]
    used: set[int] = set()
    result: set[Finding] = set()
    for finding in findings:
        numbers = [n for n, spec in enumerate(specs) if _accepts(allowances[n], spec, finding)]
        used.update(numbers)
        result.add(replace(finding, accepted=allowances[numbers[0]].reason) if numbers else finding)
    result |= {_unused(allowance) for n, allowance in enumerate(allowances) if n not in used}
    return sorted(result)


def _accepts(allowance: Allowance, spec: GitIgnoreSpec, finding: Finding) -> bool:
    return allowance.kind == finding.kind and (not allowance.path or spec.match_file(finding.path))


def _unused(allowance: Allowance) -> Finding:
    where = f" in {allowance.path}" if allowance.path else ""
    return Finding(UNUSED, "", f"`allow` accepts {allowance.kind}{where}, which was not found", "remove that entry")
