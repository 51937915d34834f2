"""A window that shows the sample, with its anomalies."""

from __future__ import annotations

import sys

from example_project.detect import defaults, detect, parse, sample

_WIDTH, _HEIGHT, _MARGIN = 960, 320, 20


def main() -> None:
    """Show the window until it is closed."""
    try:
        import tkinter
    except ImportError as error:
        sys.exit(f"driftwatch-view needs tkinter, which this Python does not have: {error}")
    try:
        window = tkinter.Tk()
    except tkinter.TclError as error:
        sys.exit(f"driftwatch-view needs a display: {error}")
    readings = parse(sample())
    report = detect(readings, defaults())
    values = [reading.value for reading in readings]
    low, high = min(values), max(values)
    step, scale = (_WIDTH - 2 * _MARGIN) / (len(values) - 1), (_HEIGHT - 2 * _MARGIN) / (high - low)
    line = [(_MARGIN + i * step, _HEIGHT - _MARGIN - (value - low) * scale) for i, value in enumerate(values)]
    window.title("driftwatch")
    canvas = tkinter.Canvas(window, width=_WIDTH, height=_HEIGHT, background="white")
    canvas.pack()
    canvas.create_line(line, fill="#3465a4")
    times = {anomaly.time for anomaly in report.anomalies}
    for reading, (x, y) in zip(readings, line):
        if reading.time in times:
            canvas.create_oval(x - 5, y - 5, x + 5, y + 5, outline="#cc0000", width=2)
    window.mainloop()
