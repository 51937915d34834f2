"""Probes for windows."""

from __future__ import annotations


def pyside6_essentials() -> None:
    """Draws text without a display."""
    import os

    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtCore import QLibraryInfo
    from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter

    application = QGuiApplication([])
    image = QImage(20, 20, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    painter.drawText(2, 15, "x")
    painter.end()
    assert application.platformName() == "offscreen"
    assert "PySide6/Qt" in QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)
