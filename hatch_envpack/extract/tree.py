"""Writing a tree of files below a folder that nobody else writes to.

While files are written there is no link in the tree, so that no path leads elsewhere, whatever the names are and
however many processes write at once. Links are made at last.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from hatch_envpack.archive.layout import FILE_MODE, PROGRAM_MODE
from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract.links import check_links
from hatch_envpack.extract.names import checked, parent, shown
from hatch_envpack.extract.python import link_to_python
from hatch_envpack.extract.tar import FILE, FOLDER, HARD_LINK, SYMLINK
from hatch_envpack.umask import umask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hatch_envpack.extract.tar import Member

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD = os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_IN_THE_WAY = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR)


class Late(NamedTuple):
    """What is done when all files are there: a link is made, a folder gets its time."""

    kind: bytes
    name: bytes
    mtime: int
    target: bytes


class Tree:
    """The tree below ``root``, the descriptor of a folder; ``place`` is its name for messages.

    Files get mode 0644 or 0755, by the x bit of the member alone. As with ``tar -x`` the umask is taken away from
    that, but not for root, who installs for others.
    """

    def __init__(self, root: int, place: str) -> None:
        self.root = root
        self.place = place
        self._exact = os.geteuid() == 0 and bool(umask() & PROGRAM_MODE)
        self.late: list[Late] = []
        self.files = 0
        self.size = 0

    def add(self, member: Member, data: Iterable[memoryview]) -> None:
        """Write a member, or keep it for `finish`. Raises `ArchiveError`."""
        if not member.name and member.kind != FOLDER:
            raise ArchiveError("the pack has a file or a link that would be the folder itself: refused")
        if member.kind == FILE:
            self._file(member, data)
            return
        if member.kind == FOLDER and member.name:
            self.folder(member.name)
        self.late.append(Late(member.kind, member.name, member.mtime, member.target))

    def _file(self, member: Member, data: Iterable[memoryview]) -> None:
        name = member.name
        mode = PROGRAM_MODE if member.executable else FILE_MODE
        try:
            try:
                descriptor = os.open(name, _NEW, mode, dir_fd=self.root)
            except FileNotFoundError:
                self.folder(parent(name))
                descriptor = os.open(name, _NEW, mode, dir_fd=self.root)
            try:
                for piece in data:
                    self._write(descriptor, piece)
                if self._exact:
                    os.fchmod(descriptor, mode)
                os.utime(descriptor, ns=(member.mtime, member.mtime))
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._error(name, error) from error
        self.files += 1

    def continue_file(self, member: Member, offset: int, data: Iterable[memoryview]) -> None:
        """Write to a file that is there already, from ``offset`` on. Raises `ArchiveError`."""
        try:
            descriptor = os.open(member.name, _OLD, dir_fd=self.root)
            try:
                os.lseek(descriptor, offset, os.SEEK_SET)
                for piece in data:
                    self._write(descriptor, piece)
                os.utime(descriptor, ns=(member.mtime, member.mtime))
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._error(member.name, error) from error

    def folder(self, name: bytes) -> None:
        """Make a folder and those above it; one that is there already is fine. Raises `ArchiveError`."""
        try:
            self._mkdir(name)
        except FileNotFoundError:
            parts = name.split(b"/")
            for count in range(1, len(parts) + 1):
                self._mkdir(b"/".join(parts[:count]))

    def _mkdir(self, name: bytes) -> None:
        try:
            os.mkdir(name, PROGRAM_MODE, dir_fd=self.root)
            if self._exact:
                os.chmod(name, PROGRAM_MODE, dir_fd=self.root)
        except FileNotFoundError:
            raise
        except FileExistsError as error:
            if not stat.S_ISDIR(os.stat(name, dir_fd=self.root, follow_symlinks=False).st_mode):
                raise self._error(name, error) from error
        except OSError as error:
            raise self._error(name, error) from error

    def finish(self) -> int:
        """Make the links, set the times of folders; return the number of links. Raises `ArchiveError`.

        Hard links come first: as long as there is no symbolic link, a name is the file that the pack has by it.
        """
        count = sum(each.kind != FOLDER for each in self.late)
        links = {each.name: each for each in self.late if each.kind == SYMLINK}
        hard = [each for each in self.late if each.kind == HARD_LINK]
        if len(links) + len(hard) != count:
            raise ArchiveError("the pack has two links of one name: refused")
        for each in hard:
            self._hard_link(each, links)
        targets = {name: each.target for name, each in links.items()}
        check_links(targets, link_to_python(targets, self.root))
        for each in links.values():
            self._symlink(each)
        if self._exact:
            os.fchmod(self.root, PROGRAM_MODE)
        for each in self.late:
            if each.kind == FOLDER:
                self._set_time(each)
        return count

    def _hard_link(self, link: Late, links: dict[bytes, Late]) -> None:
        source = checked(link.target)
        if source in links:
            links[link.name] = links[source]._replace(name=link.name)
            return
        try:
            self._above(link.name)
            os.link(source, link.name, src_dir_fd=self.root, dst_dir_fd=self.root, follow_symlinks=False)
        except FileNotFoundError as error:
            message = f"{shown(link.name)} is a hard link to {shown(source)}, which is not in the pack: refused"
            raise ArchiveError(message) from error
        except OSError as error:
            raise self._error(link.name, error) from error

    def _symlink(self, link: Late) -> None:
        try:
            self._above(link.name)
            os.symlink(link.target, link.name, dir_fd=self.root)
        except OSError as error:
            raise self._error(link.name, error) from error
        self._set_time(link)

    def _set_time(self, late: Late) -> None:
        try:
            os.utime(late.name or b".", ns=(late.mtime, late.mtime), dir_fd=self.root, follow_symlinks=False)
        except OSError as error:
            raise self._error(late.name, error) from error

    def _above(self, name: bytes) -> None:
        if folder := parent(name):
            self.folder(folder)

    def _write(self, descriptor: int, piece: memoryview) -> None:
        self.size += len(piece)
        while piece:
            piece = piece[os.write(descriptor, piece) :]

    def _error(self, name: bytes, error: OSError) -> ArchiveError:
        if error.errno in _NO_SPACE:
            return ArchiveError(f"the pack cannot be unpacked: {error.strerror}: make room for {self.place}")
        if error.errno in _IN_THE_WAY:
            return ArchiveError(f"the member {shown(name)} is twice in the pack, or is both file and folder: refused")
        return ArchiveError(f"{shown(name)} cannot be written to {self.place}: {error.strerror}")
