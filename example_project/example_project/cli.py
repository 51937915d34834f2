"""The command line."""

from __future__ import annotations

import json
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Optional

import click
from pydantic import ValidationError

from example_project import __version__, signing
from example_project.detect import SeriesError, defaults, detect, parse, sample
from example_project.model import Report, Settings

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group()
@click.version_option(__version__)
def main() -> None:
    """Find anomalies in time series of sensor readings."""


@main.command("detect")
@click.argument("file", type=_FILE)
@click.option("--window", type=int, help="Readings on which a reading is judged.")
@click.option("--threshold", type=float, help="Robust standard deviations from the median.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw the series into a PNG file.")
def detect_command(
    file: Path, window: Optional[int], threshold: Optional[float], as_json: bool, plot: Optional[Path]
) -> None:
    """Judge the readings in FILE, a CSV with the columns time and value."""
    _run(file.read_text(encoding="utf-8"), window, threshold, as_json, plot)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def demo(as_json: bool) -> None:
    """Judge the sample that comes with the program."""
    _run(sample(), None, None, as_json, None)


@main.command()
@click.argument("key", type=click.Path(path_type=Path, dir_okay=False))
def keygen(key: Path) -> None:
    """Write a new private key to KEY, and the public one to KEY.pub."""
    if key.exists():
        raise click.ClickException(f"{key} exists already")
    signing.write_keys(signing.new_key(), key)


@main.command()
@click.argument("file", type=_FILE)
@click.argument("key", type=_FILE)
def sign(file: Path, key: Path) -> None:
    """Print the signature of FILE, made with the private KEY."""
    try:
        click.echo(signing.sign(signing.read_private(key), file.read_bytes()))
    except signing.KeyFileError as error:
        raise click.ClickException(str(error)) from error


@main.command()
@click.argument("file", type=_FILE)
@click.argument("key", type=_FILE)
@click.argument("signature")
def verify(file: Path, key: Path, signature: str) -> None:
    """Check the SIGNATURE of FILE with the public KEY."""
    try:
        valid = signing.is_valid(signing.read_public(key), file.read_bytes(), signature)
    except signing.KeyFileError as error:
        raise click.ClickException(str(error)) from error
    if not valid:
        raise click.ClickException(f"the signature is not that of {file}")
    click.echo("valid")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(as_json: bool) -> None:
    """Tell where this program runs, and with what."""
    facts = {
        "version": __version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "prefix": sys.prefix,
        **{name: metadata.version(name) for name in ("numpy", "pydantic", "cryptography")},
    }
    click.echo(json.dumps(facts) if as_json else "\n".join(f"{name}: {value}" for name, value in facts.items()))


def _run(text: str, window: Optional[int], threshold: Optional[float], as_json: bool, plot: Optional[Path]) -> None:
    chosen = defaults()
    try:
        settings = Settings(
            window=chosen.window if window is None else window,
            threshold=chosen.threshold if threshold is None else threshold,
        )
        readings = parse(text)
    except ValidationError as error:
        problem = error.errors()[0]
        raise click.ClickException(f"--{problem['loc'][0]}: {problem['msg']}") from None
    except SeriesError as error:
        raise click.ClickException(str(error)) from None
    report = detect(readings, settings)
    if plot is not None:
        _plot(readings, report, plot)
    click.echo(report.model_dump_json(indent=2) if as_json else _text(report))


def _plot(readings: list, report: Report, path: Path) -> None:
    try:
        from example_project.plot import draw
    except ImportError:
        raise click.ClickException("--plot needs the extra `plot`: install example-project[plot]") from None
    draw(readings, report, path)


def _text(report: Report) -> str:
    lines = [f"{len(report.anomalies)} anomalies in {report.readings} readings"]
    lines += [f"{found.time.isoformat()}  {found.value:10.3f}  score {found.score}" for found in report.anomalies]
    return "\n".join(lines)
