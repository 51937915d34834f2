"""What a pack says of itself, checked: it may come from anywhere."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hatch_envpack.errors import ArchiveError
from hatch_envpack.finding import Finding
from hatch_envpack.manifest.model import FORMAT_VERSION

_DISTRIBUTION = "distribution:"


@dataclass(frozen=True, slots=True)
class Part:
    """One segment: the interpreter, the copied libraries, a distribution, or what belongs to none."""

    name: str
    files: int
    size: int
    """Bytes before compression."""
    compressed: int | None
    """Bytes in the pack's file; None where it has no index that tells them."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a pack."""

    name: str
    version: str
    python: str
    """The interpreter's full version, ``3.12.1``."""
    python_tag: str
    python_prefix: str
    """Where the target must have the interpreter; empty where it is packed."""
    platform_tag: str
    size: int | None
    """Bytes of the pack's file; None where they are not known before its end."""
    distributions: dict[str, str]
    """The version of each."""
    parts: tuple[Part, ...]
    largest: tuple[tuple[str, int], ...]
    """The largest files, and their bytes."""
    scripts: tuple[str, ...]
    findings: tuple[Finding, ...]
    needs: dict[str, Any]
    """As in the manifest: what the target must have."""

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, as JSON has it."""
        return {
            "name": self.name,
            "version": self.version,
            "python": self.python,
            "python_tag": self.python_tag,
            "python_prefix": self.python_prefix or None,
            "platform_tag": self.platform_tag,
            "bytes": self.size,
            "distributions": self.distributions,
            "segments": [
                {"name": each.name, "files": each.files, "bytes": each.size, "compressed": each.compressed}
                for each in self.parts
            ],
            "largest": [{"path": path, "bytes": size} for path, size in self.largest],
            "scripts": list(self.scripts),
            "findings": [finding.to_dict() for finding in self.findings],
            "needs": self.needs,
        }


def parse_contents(data: bytes, compressed: dict[str, int], size: int | None) -> Contents:
    """Return what a manifest says; ``compressed`` are the bytes of each segment in the file. Raises `ArchiveError`."""
    try:
        document = json.loads(data)
        version = document["format_version"]
        if isinstance(version, int) and version > FORMAT_VERSION:
            raise ArchiveError("the pack was made by a newer hatch-envpack: update this one")
        return _contents(document, compressed, size)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ArchiveError("the pack is damaged: its envpack.json is not what this program writes") from error


def _contents(document: dict[str, Any], compressed: dict[str, int], size: int | None) -> Contents:
    parts = [
        Part(_text(each["name"]), _number(each["files"]), _number(each["size"]), compressed.get(each["name"]))
        for each in document["segments"]
    ]
    findings = [Finding(**{key: _text(value) for key, value in each.items()}) for each in document["findings"]]
    needs = document["needs"]
    if not isinstance(needs, dict):
        raise TypeError
    return Contents(
        name=_text(document["name"]),
        version=_text(document["version"]),
        python=_text(document["python"]),
        python_tag=_text(document["python_tag"]),
        python_prefix=_text(document.get("python_prefix") or ""),
        platform_tag=_text(document["platform_tag"]),
        size=size,
        distributions={_text(each["name"]): _text(each["version"]) for each in document["distributions"]},
        parts=tuple(parts),
        largest=tuple((_text(each["path"]), _number(each["size"])) for each in document["largest"]),
        scripts=tuple(sorted(map(_text, [*document["console_scripts"], *document["gui_scripts"]]))),
        findings=tuple(findings),
        needs=needs,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: object) -> int:
    if type(value) is not int or value < 0:
        raise TypeError
    return value
