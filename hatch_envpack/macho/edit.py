"""Editing the paths in a Mach-O file (N9): the shortest edit that does it, and none to a slice that is right.

In the load command itself where the new path fits; else the load commands grow into the padding before the first
section, which linkers leave for this (``-headerpad``). No load command changes its order: the libraries' numbers in the
symbol table follow from it.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING

from hatch_envpack.macho.model import LC_CODE_SIGNATURE, LC_RPATH, LC_SEGMENT_64, Command
from hatch_envpack.macho.read import MachoError, read_macho
from hatch_envpack.macho.sign import adhoc_signature, identifier_of, refreshed, signature_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from hatch_envpack.macho.model import Macho, Segment, Slice

    Rename = Callable[[int, str], str | None]
    """Says of the kind and path of a load command which path it is to have; None drops the command."""

_PAGE = 0x4000
"""Of memory, on 64-bit ARM; a multiple of that of every other CPU."""
_SIGNATURE_ALIGNMENT = 16


def set_paths(data: bytes, rename: Rename, identifier: str) -> bytes:
    """Return the file with other paths and valid signatures; ``data`` itself when no path changes.

    A slice that has no signature, or one that cannot be kept, is signed as ``identifier``. Raises `MachoError`.
    """
    macho = read_macho(data)
    if macho is None:
        raise MachoError("not a Mach-O file")
    edited = []
    for piece in macho.slices:
        commands = _renamed(piece, rename)
        if commands == piece.commands:
            continue
        try:
            edited.append((piece, _signed(_written(data, piece, commands), identifier)))
        except MachoError as error:
            raise MachoError(f"its {piece.arch} slice: {error}") from error
    if not edited:
        return data
    result = _assembled(data, macho, {piece.offset: content for piece, content in edited})
    _check(result, macho, rename)
    return result


def _renamed(piece: Slice, rename: Rename) -> tuple[Command, ...]:
    result = []
    folders: dict[str, bool] = {}
    for command in piece.commands:
        if command.path is None:
            result.append(command)
            continue
        path = rename(command.kind, command.path)
        if path is None:
            continue
        if command.kind == LC_RPATH:
            # the loader of macOS 15 refuses a file that names a folder twice, with or without a slash behind it
            folder, is_new = path.rstrip("/"), path != command.path
            if folder in folders and (is_new or folders[folder]):
                continue
            folders[folder] = is_new
        result.append(command if path == command.path else _with_path(command, path, piece))
    return tuple(result)


def _with_path(command: Command, path: str, piece: Slice) -> Command:
    text = path.encode("utf-8", "surrogateescape") + b"\0"
    size = max(len(command.raw), command.path_at + len(text) + -(command.path_at + len(text)) % piece.alignment)
    raw = bytearray(command.raw[: command.path_at] + text.ljust(size - command.path_at, b"\0"))
    struct.pack_into(piece.order + "I", raw, 4, size)
    return Command(command.kind, bytes(raw), path, command.path_at)


def _written(data: bytes, piece: Slice, commands: tuple[Command, ...]) -> bytes:
    """Return the slice with these load commands. Raises `MachoError` when they have no room."""
    content = bytearray(data[piece.offset : piece.offset + piece.size])
    start = piece.header_size
    old = sum(len(command.raw) for command in piece.commands)
    table = b"".join(command.raw for command in commands)
    if len(table) > old and (start + len(table) > piece.room or any(content[start + old : start + len(table)])):
        raise MachoError(
            f"the new paths need {len(table) - old} bytes, and its header has {max(piece.room - start - old, 0)} to "
            "spare: link it with -headerpad_max_install_names"
        )
    end = start + max(old, len(table))
    content[start:end] = table.ljust(end - start, b"\0")
    struct.pack_into(piece.order + "II", content, 16, len(commands), len(table))
    return bytes(content)


def _signed(content: bytes, identifier: str) -> bytes:
    """Return an edited slice with a valid signature, where it had one or must have one."""
    piece = _only_slice(content)
    if piece.signature is None:
        return _newly_signed(content, piece, identifier) if piece.must_be_signed else content
    result = refreshed(content, piece.signature)
    if result is not None:
        return result
    return _newly_signed(content, piece, identifier_of(content, piece.signature) or identifier)


def _newly_signed(content: bytes, piece: Slice, identifier: str) -> bytes:
    """Put a new signature in the place of the old one, or behind all else.

    The size of the file changes only when the old one had no room.
    """
    limit = piece.signature[0] if piece.signature else len(content) + -len(content) % _SIGNATURE_ALIGNMENT
    room = piece.signature[1] if piece.signature else 0
    needed = signature_size(limit, identifier)
    if needed > room:
        content = _with_room(content.ljust(limit, b"\0"), piece, limit, needed + -needed % _SIGNATURE_ALIGNMENT)
        piece = _only_slice(content)
    end = limit + max(room, needed)
    signature = adhoc_signature(content[:limit], piece, identifier)
    return content[:limit] + signature.ljust(end - limit, b"\0") + content[end:]


def _with_room(content: bytes, piece: Slice, limit: int, size: int) -> bytes:
    """Return the slice with its last segment made long enough for a signature at ``limit``."""
    last = max(piece.segments, key=lambda segment: segment.offset, default=None)
    if last is None or last.name != b"__LINKEDIT" or (piece.signature and sum(piece.signature) != len(content)):
        raise MachoError("there is no room for a signature: it does not end with its segment __LINKEDIT")
    command = struct.pack(piece.order + "IIII", LC_CODE_SIGNATURE, 16, limit, size)
    commands = list(piece.commands)
    commands[last.command] = _resized(piece, last, limit + size - last.offset)
    if piece.signature:
        commands = [Command(each.kind, command) if each.kind == LC_CODE_SIGNATURE else each for each in commands]
    else:
        commands.append(Command(LC_CODE_SIGNATURE, command))
    whole = replace(piece, size=len(content))
    return _written(content, whole, tuple(commands))[:limit].ljust(limit + size, b"\0")


def _resized(piece: Slice, segment: Segment, size: int) -> Command:
    command = piece.commands[segment.command]
    raw = bytearray(command.raw)
    memory = max(segment.memory, size + -size % _PAGE)
    try:
        if command.kind == LC_SEGMENT_64:
            struct.pack_into(piece.order + "QQQ", raw, 32, memory, segment.offset, size)
        else:
            struct.pack_into(piece.order + "III", raw, 28, memory, segment.offset, size)
    except struct.error:
        raise MachoError("its segment __LINKEDIT is damaged") from None
    return Command(command.kind, bytes(raw))


def _only_slice(content: bytes) -> Slice:
    macho = read_macho(content)
    if macho is None or len(macho.slices) != 1:
        raise MachoError("the edited slice cannot be read")
    return macho.slices[0]


def _assembled(data: bytes, macho: Macho, edited: dict[int, bytes]) -> bytes:
    """Return the file with some slices replaced; those behind one that grew move."""
    if not macho.fat:
        return edited[0]
    result = bytearray(data[: min(entry.offset for entry in macho.fat)])
    moved = 0
    end = len(result)
    for entry in sorted(macho.fat, key=lambda entry: entry.offset):
        result += data[end : entry.offset]
        content = edited.get(entry.offset, data[entry.offset : entry.offset + entry.size])
        place = entry.offset + moved
        place += -place % (1 << entry.alignment) if moved else 0
        result += bytes(place - len(result))
        result += content
        if not entry.wide and place + len(content) >= 1 << 32:
            raise MachoError("with new signatures it would be larger than 4 GiB")
        struct.pack_into(">QQ" if entry.wide else ">II", result, entry.at + 8, place, len(content))
        end = entry.offset + entry.size
        moved = len(result) - end
    return bytes(result + data[end:])


def _check(result: bytes, before: Macho, rename: Rename) -> None:
    """Read back what was written: the paths as asked, and every other load command as it was."""
    after = read_macho(result)
    wanted = [_compared(_renamed(piece, rename)) for piece in before.slices]
    if after is None or [_compared(piece.commands) for piece in after.slices] != wanted:
        raise MachoError("the edited file does not read back as it was asked")


def _compared(commands: tuple[Command, ...]) -> list[bytes]:
    """Return the commands but those that a new signature changes: its own, and the segment that it lies in."""
    return [
        command.raw
        for command in commands
        if command.kind != LC_CODE_SIGNATURE and not command.raw.startswith(b"__LINKEDIT\0", 8)
    ]
