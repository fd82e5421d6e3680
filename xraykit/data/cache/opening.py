"""Every radiograph decoded once, and read from there in every epoch and every trial."""

import hashlib
import json
import logging
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2

from xraykit.data.cache.index import read_index
from xraykit.data.cache.known_files import KnownFiles
from xraykit.data.cache.mapped_pictures import MappedPictures
from xraykit.data.cache.picture_cache import PictureCache
from xraykit.data.cache.source_files import SourceFile, find_sources
from xraykit.data.cache.writing import PICTURES, broken_files, cannot_write, pictures_header, write_cache
from xraykit.data.decoders.pictures import READER_VERSION
from xraykit.errors import DataError
from xraykit.registry import DECODERS
from xraykit.system import held_lock

CACHE_VERSION = 3
"""Raised by one whenever a cache is written in another way, or files are refused that were read before; caches of other
versions are not read, and are left alone.
"""

logger = logging.getLogger(__name__)


def open_cache(
    paths: Iterable[str],
    size: int,
    folder: Path,
    *,
    names: Iterable[str] | None = None,
    max_megapixels: float = 64,
    bit_depth: int | None = None,
    unreadable: Literal["refuse", "leave_out"] = "refuse",
    workers: int | None = None,
) -> PictureCache:
    """The cache of some radiographs; they are decoded now unless a good cache exists already.

    A cache is the folder ``folder/KEY``, where the key covers all that shapes the pictures, wherever the files are: the
    name and the number of bytes of each, the picture size, and the versions of our reader and of OpenCV. Whether the
    files have the content that was decoded is known from their times of change where they were found before, and
    compared by hash otherwise (:mod:`.known_files`), so that a data set that was moved is read once and not decoded
    again. Files with other content get a cache of their own, ``KEY-2`` and so on.

    The cache is written under another name and renamed when it is complete and on disk, so that an interruption at any
    moment leaves a good cache or none. One of several processes decodes, and the others wait for it. Caches with other
    keys are left alone.

    Args:
        paths: The image files; order and repeats do not matter.
        size: Side of the pictures in pixels.
        folder: Where caches are kept; created if it does not exist.
        names: What each file is called wherever the data set is stored; left out, its path below the folder that all
            have in common.
        max_megapixels: Files with more pixels are refused.
        bit_depth: Of 16-bit samples whose depth a file does not declare; see :attr:`.Parts.bit_depth`.
        unreadable: Whether files that cannot be read are refused, or left out (:attr:`.PictureCache.unreadable`).
        workers: Threads that read and decode; as many as processors by default.

    Raises:
        BrokenImageError: Files are missing or broken; all are tried, and the message names the first ones.
        DataError: No files are given, or the cache cannot be written: no space, no permission.
    """
    files = find_sources(paths, names)
    threads = workers or os.cpu_count() or 1
    known = KnownFiles(files, threads)
    wanted = _Wanted(files, size, max_megapixels, bit_depth, known, threads, unreadable == "leave_out")
    target = Path(os.path.abspath(folder)) / wanted.key()
    try:
        cache = _at_once(target, wanted)
        if cache is None:
            target.parent.mkdir(parents=True, exist_ok=True)
            with held_lock(target.with_suffix(".lock"), f"the picture cache {target}"):
                cache = _compared_or_written(target, wanted)
    except OSError as error:
        raise cannot_write(error, target.parent, len(files) * size**2) from error
    if cache.unreadable and unreadable == "refuse":
        raise broken_files(files, cache.facts)
    return cache


@dataclass(frozen=True, eq=False)
class _Wanted:
    """What a cache is opened for."""

    files: list[SourceFile]
    size: int
    max_megapixels: float
    bit_depth: int | None
    known: KnownFiles
    workers: int
    leave_out: bool

    def key(self) -> str:
        shaping = {
            "cache": CACHE_VERSION,
            "reader": READER_VERSION,
            "opencv": cv2.__version__,
            "size": self.size,
            "max_megapixels": float(self.max_megapixels),
            "files": [(file.name, file.bytes) for file in self.files],
        }
        plugins = {name: DECODERS.get(name).version for name in DECODERS.names() if name not in DECODERS.builtins}
        shaping |= {"decoders": plugins} if plugins else {}
        shaping |= {} if self.bit_depth is None else {"bit_depth": self.bit_depth}
        return hashlib.sha256(json.dumps(shaping).encode()).hexdigest()[:32]

    def found_in(self, folder: Path) -> PictureCache | None:
        """The cache in ``folder`` if it is whole, else None; its files may have another content."""
        facts = read_index(folder, [file.name for file in self.files])
        count, size = len(self.files), self.size
        header, shape = pictures_header(count, size), (count, size, size)
        if facts is None or not _begins_with(folder / PICTURES, header, len(header) + count * size**2):
            return None
        pictures = MappedPictures(folder / PICTURES, len(header), shape)
        return PictureCache(folder, self.files, facts, pictures, self.max_megapixels, self.bit_depth)

    def write(self, folder: Path) -> PictureCache:
        write_cache(
            folder,
            self.files,
            self.size,
            self.max_megapixels,
            self.workers,
            known=self.known,
            keep_unreadable=self.leave_out,
            bit_depth=self.bit_depth,
        )
        cache = self.found_in(folder)
        if cache is None:
            raise DataError(
                f"The picture cache {folder} was written but cannot be read back. Choose another `data.cache`."
            )
        return cache


def _folders(target: Path) -> Iterator[Path]:
    """The caches of data sets whose files have the same names and sizes, and last a name that is free."""
    number = 1
    while True:
        folder = target if number == 1 else target.with_name(f"{target.name}-{number}")
        yield folder
        if not folder.exists():
            return
        number += 1


def _at_once(target: Path, wanted: _Wanted) -> PictureCache | None:
    """A cache whose files are known to have the content that was decoded."""
    for folder in _folders(target):
        if wanted.known.trusts(folder):
            cache = wanted.found_in(folder)
            if cache is not None:
                return cache
    return None


def _compared_or_written(target: Path, wanted: _Wanted) -> PictureCache:
    cache = _at_once(target, wanted)  # another process may have written it while this one waited
    if cache is not None:
        return cache
    damaged = None
    for folder in _folders(target):
        cache = wanted.found_in(folder)
        if cache is not None and _same_content(cache, wanted.known):
            wanted.known.record(folder)
            return cache
        if cache is None and folder.exists():
            damaged = damaged or folder
    if damaged is not None:
        logger.warning("The picture cache %s is damaged and is decoded again", damaged)
        shutil.rmtree(damaged)
    return wanted.write(damaged or folder)


def _same_content(cache: PictureCache, known: KnownFiles) -> bool:
    """Whether the files still hold what was decoded; those that are not known to do so are compared."""
    touched, known_place = known.touched(cache.folder), known.is_known_place(cache.folder)
    what = "were touched" if known_place else "are at another place"
    logger.info("Comparing %s image files that %s with those that were decoded", f"{len(touched):,}", what)
    changed = known.first_changed(touched, cache.facts)
    if changed is None:
        return True
    path = cache.path_of(changed)
    if known_place:
        logger.warning("Image files have changed since they were decoded, such as %s: all are decoded again.", path)
    else:
        logger.info("%s is another file than the one of that name and size in %s", path, cache.folder)
    return False


def _begins_with(file: Path, header: bytes, length: int) -> bool:
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size != length:
            return False
        with file.open("rb") as stream:
            return stream.read(len(header)) == header
    except (FileNotFoundError, NotADirectoryError):
        return False
