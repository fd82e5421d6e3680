"""Every radiograph decoded once."""

import errno
import hashlib
import json
import logging
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import NIH, needs_nih, on_phantoms_and_radiographs
from tests.data.files import grey, png
from xraykit.data.cache import known_files, opening, source_files, writing
from xraykit.data.cache.mapped_pictures import MappedPictures
from xraykit.data.cache.opening import open_cache
from xraykit.data.cache.source_files import SourceFile
from xraykit.data.decoders.pictures import read_radiograph
from xraykit.errors import BrokenImageError, DataError
from xraykit.system.leftovers import is_temporary, temporary_beside

pytestmark = pytest.mark.process

REPOSITORY = Path(__file__).resolve().parents[3]

OPEN_CACHE = """
import logging, os, signal, sys, time
from pathlib import Path
logging.basicConfig(level=logging.INFO)
from xraykit.data.cache.opening import open_cache
paths, folder = sorted(map(str, Path(sys.argv[1]).iterdir())), Path(sys.argv[2])
{before}
try:
    open_cache(paths, 64, folder, workers=2)
except Exception as error:
    sys.exit(f"{{type(error).__name__}}: {{error}}")
"""


def start(pictures: Path, folder: Path, before: str = "") -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", OPEN_CACHE.format(before=before), str(pictures), str(folder)]
    return subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def pictures(tmp_path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for value in range(12):
        (folder / f"{value:02d}.png").write_bytes(png(grey(20 * value)))
    return folder


def paths_of(folder: Path) -> list[str]:
    return sorted(map(str, folder.iterdir()))


def caches(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.suffix != ".lock")


def assert_good(opened: opening.PictureCache, paths: list[str], size: int) -> None:
    found = opened.pictures(opened.rows(paths))
    np.testing.assert_array_equal(found, np.stack([read_radiograph(path, size) for path in paths]))


def forbid_decoding(monkeypatch) -> None:
    def refuse(*arguments):
        raise AssertionError("decoded again")

    monkeypatch.setattr(writing, "decode_file", refuse)


def test_pictures_come_back_as_they_are_read(pictures, tmp_path):
    opened = open_cache(paths_of(pictures), 16, tmp_path / "cache")
    assert_good(opened, paths_of(pictures), 16)
    chosen = opened.pictures(
        opened.rows([str(pictures / "07.png"), str(pictures / "02.png"), str(pictures / "07.png")])
    )
    assert (chosen.shape, chosen.dtype) == ((3, 16, 16), np.uint8)
    assert chosen[:, 0, 0].tolist() == [140, 40, 140]
    assert (len(opened), opened.size) == (12, 16)


def test_a_picture_read_from_the_cache_may_be_changed(pictures, tmp_path):
    opened = open_cache(paths_of(pictures), 16, tmp_path / "cache")
    opened.pictures(np.array([3]))[...] = 0
    assert opened.pictures(np.array([3])).min() == 60


def test_a_good_cache_is_read_without_decoding_whatever_the_order_of_the_paths(pictures, tmp_path, monkeypatch):
    open_cache(paths_of(pictures), 16, tmp_path / "cache")
    forbid_decoding(monkeypatch)
    again = open_cache([*reversed(paths_of(pictures)), paths_of(pictures)[0]], 16, tmp_path / "cache")
    assert_good(again, paths_of(pictures), 16)


def test_a_relative_path_is_the_same_file(pictures, tmp_path, monkeypatch):
    open_cache(paths_of(pictures), 16, tmp_path / "cache")
    forbid_decoding(monkeypatch)
    monkeypatch.chdir(pictures)
    assert len(open_cache(sorted(os.listdir()), 16, Path("../cache")).rows(["03.png"])) == 1


@pytest.mark.parametrize("change", ["size", "rewritten", "fewer", "renamed", "megapixels", "reader", "opencv"])
def test_whatever_shapes_the_pictures_makes_another_cache_and_leaves_the_old_one(
    pictures, tmp_path, monkeypatch, change
):
    folder = tmp_path / "cache"
    first = open_cache(paths_of(pictures), 16, folder)
    before = first.pictures(np.arange(12))
    changed = pictures / "05.png"
    if change == "renamed":
        changed.rename(pictures / "055.png")
    elif change == "rewritten":
        changed.write_bytes(png(grey(7, side=40)))
    elif change == "fewer":
        changed.unlink()
    elif change in ("reader", "opencv"):
        monkeypatch.setattr(
            *((opening, "READER_VERSION", 99) if change == "reader" else (opening.cv2, "__version__", "9"))
        )
    size, megapixels = (24 if change == "size" else 16), (32 if change == "megapixels" else 64)
    second = open_cache(paths_of(pictures), size, folder, max_megapixels=megapixels)
    assert first.folder != second.folder
    assert_good(second, paths_of(pictures), size)
    np.testing.assert_array_equal(first.pictures(np.arange(12)), before)
    assert len(caches(folder)) == 2


def test_all_broken_files_are_reported_by_name_and_no_cache_is_left(pictures, tmp_path):
    for number in range(20, 90):
        (pictures / f"{number}.png").write_bytes(png(grey())[: number - 15])
    with pytest.raises(BrokenImageError) as error:
        open_cache(paths_of(pictures), 16, tmp_path / "cache")
    assert "70 of 82 radiographs cannot be read" in str(error.value)
    assert all(f"{number}.png" in str(error.value) for number in range(20, 70))
    assert "70.png" not in str(error.value)
    assert "20 more" in str(error.value)
    assert caches(tmp_path / "cache") == []


def test_files_that_are_not_there_are_reported_by_name(pictures, tmp_path):
    with pytest.raises(BrokenImageError, match=r"Not found: 1 image file: .*absent\.png"):
        open_cache([*paths_of(pictures), str(pictures / "absent.png")], 16, tmp_path / "cache")


def test_too_many_pixels_are_refused_by_name(pictures, tmp_path):
    with pytest.raises(BrokenImageError, match=r"00\.png.*megapixels"):
        open_cache(paths_of(pictures), 16, tmp_path / "cache", max_megapixels=0.001)


def test_no_files_and_unknown_files_are_reported(pictures, tmp_path):
    with pytest.raises(DataError, match="at least one"):
        open_cache([], 16, tmp_path / "cache")
    with pytest.raises(DataError, match=r"other\.png is not in the picture cache"):
        open_cache(paths_of(pictures), 16, tmp_path / "cache").rows([str(pictures / "other.png")])


def truncate(folder: Path) -> None:
    os.truncate(folder / "pictures.npy", 1000)


def lengthen(folder: Path) -> None:
    with (folder / "pictures.npy").open("ab") as stream:
        stream.write(b"more")


def write_index(folder: Path, columns: object) -> None:
    second = json.dumps(columns)
    first = json.dumps({"sha256": hashlib.sha256(second.encode()).hexdigest()})
    (folder / "index.jsonl").write_text(f"{first}\n{second}\n")


def columns_of(folder: Path) -> dict[str, list[object]]:
    return json.loads((folder / "index.jsonl").read_text().splitlines()[1])


def change_digit(file: Path) -> None:
    first, second = file.read_text().splitlines()
    place = second.index('"crc32": [') + 10
    file.write_text(f"{first}\n{second[:place]}{(int(second[place]) + 1) % 10}{second[place + 1 :]}\n")


@pytest.mark.parametrize(
    "damage",
    [
        truncate,
        lengthen,
        lambda folder: (folder / "pictures.npy").write_bytes(b""),
        lambda folder: (folder / "pictures.npy").unlink(),
        lambda folder: np.save(folder / "pictures.npy", np.zeros((12, 16, 16), np.int8)),
        lambda folder: np.save(folder / "pictures.npy", np.zeros((12, 8, 32), np.uint8)),
        lambda folder: (folder / "index.jsonl").write_text("{"),
        lambda folder: (folder / "index.jsonl").write_text('{"names": []}'),
        lambda folder: (folder / "index.jsonl").write_text("[" * 100_000),
        lambda folder: (folder / "index.jsonl").write_text("{}\n" + "[" * 100_000),
        lambda folder: (folder / "index.jsonl").write_bytes(b"\xff\xfe"),
        lambda folder: write_index(folder, []),
        lambda folder: write_index(folder, {"names": [f"{number:02d}.png" for number in range(12)]}),
        lambda folder: write_index(folder, {**columns_of(folder), "crc32": ["1"] * 12}),
        lambda folder: write_index(folder, {**columns_of(folder), "digest": ["1"] * 11}),
        lambda folder: change_digit(folder / "index.jsonl"),
        lambda folder: (folder / "pictures.npy").unlink() or (folder / "pictures.npy").mkdir(),
        lambda folder: (folder / "index.jsonl").unlink(),
    ],
)
def test_a_damaged_cache_is_decoded_anew_with_a_warning(pictures, tmp_path, caplog, damage):
    damage(open_cache(paths_of(pictures), 16, tmp_path / "cache").folder)
    assert_good(open_cache(paths_of(pictures), 16, tmp_path / "cache"), paths_of(pictures), 16)
    assert "damaged and is decoded again" in caplog.text


def change_bytes(folder: Path, row: int, size: int = 16) -> None:
    with (folder / "pictures.npy").open("r+b") as stream:
        stream.seek(-(12 - row) * size**2, os.SEEK_END)
        stream.write(b"\x07")


def test_a_picture_whose_bytes_were_changed_is_decoded_again_and_written_back(pictures, tmp_path, caplog):
    paths = paths_of(pictures)
    folder = open_cache(paths, 16, tmp_path / "cache").folder
    change_bytes(folder, 5)
    assert_good(open_cache(paths, 16, tmp_path / "cache"), paths, 16)
    assert re.findall(r"The picture of (\S+) in the cache \S+ was changed", caplog.text) == [paths[5]]
    caplog.clear()
    assert_good(open_cache(paths, 16, tmp_path / "cache"), paths, 16)
    assert not caplog.text


def test_bytes_that_change_while_the_cache_is_open_are_noticed_too(pictures, tmp_path, caplog):
    opened = open_cache(paths_of(pictures), 16, tmp_path / "cache")
    assert_good(opened, paths_of(pictures), 16)
    change_bytes(opened.folder, 3)
    assert_good(opened, paths_of(pictures), 16)
    assert "03.png" in caplog.text


def test_a_changed_picture_whose_file_is_another_now_is_refused_by_name_with_what_to_do(pictures, tmp_path):
    opened = open_cache(paths_of(pictures), 16, tmp_path / "cache")
    change_bytes(opened.folder, 5)
    (pictures / "05.png").write_bytes(png(grey(9)))
    with pytest.raises(DataError, match=rf"05\.png in the cache .*cannot be decoded again.*Delete .*{opened.folder}"):
        opened.pictures(np.arange(12))


def replaced_in_place(file: Path, content: bytes) -> None:
    """As ``rsync -t`` or ``cp -p`` replace it: another content of the same length, the old time of change."""
    status, old = file.stat(), file.read_bytes()
    assert len(content) == len(old)
    file.write_bytes(content)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_file_replaced_by_one_of_the_same_size_and_time_is_noticed(pictures, tmp_path, caplog):
    paths = paths_of(pictures)
    open_cache(paths, 16, tmp_path / "cache")
    other = next(
        content
        for value in range(256)
        if len(content := png(grey(value))) == (pictures / "05.png").stat().st_size and value != 100
    )
    replaced_in_place(pictures / "05.png", other)
    assert_good(open_cache(paths, 16, tmp_path / "cache"), paths, 16)
    assert "05.png" in caplog.text
    assert "have changed since they were decoded" in caplog.text


@pytest.mark.parametrize("touch", [lambda file: os.chmod(file, 0o600), lambda file: os.utime(file, ns=(1, 1))])
def test_a_file_that_was_only_touched_is_compared_once_and_not_decoded_again(
    pictures, tmp_path, caplog, monkeypatch, touch
):
    paths = paths_of(pictures)
    folder = open_cache(paths, 16, tmp_path / "cache").folder
    (place,) = (folder / "places").iterdir()
    (folder / "places" / f".{place.name}.123.part").write_text("of a killed process")
    forbid_decoding(monkeypatch)
    touch(pictures / "05.png")
    for comparisons in (1, 0):
        caplog.clear()
        with caplog.at_level(logging.INFO, logger="xraykit"):
            assert len(open_cache(paths, 16, tmp_path / "cache")) == 12
        assert caplog.text.count("Comparing 1 image files that were touched") == comparisons
    assert sorted(file.name for file in folder.iterdir()) == ["index.jsonl", "pictures.npy", "places"]
    assert list((folder / "places").iterdir()) == [place]


def test_a_good_cache_whose_record_of_places_cannot_be_written_is_used_all_the_same(
    pictures, tmp_path, caplog, monkeypatch
):
    open_cache(paths_of(pictures), 16, tmp_path / "cache")
    forbid_decoding(monkeypatch)
    os.chmod(pictures / "05.png", 0o600)

    def full(*rest: object) -> None:
        raise DataError("The record cannot be written: No space left on device.")

    monkeypatch.setattr(known_files, "write_atomically", full)
    assert_good(open_cache(paths_of(pictures), 16, tmp_path / "cache"), paths_of(pictures), 16)
    assert "No space left on device. The files are compared again the next time." in caplog.text


def test_a_file_that_changes_while_the_cache_is_built_is_refused_by_name(pictures, tmp_path, monkeypatch):
    read = source_files.content_of

    def read_and_write(path: str, *rest: float) -> bytes:
        content = read(path, *rest)
        if path.endswith("05.png"):
            Path(path).write_bytes(content + b" ")
        return content

    monkeypatch.setattr(source_files, "content_of", read_and_write)
    with pytest.raises(BrokenImageError, match=r"1 of 12 radiographs.*\n.*05\.png was changed while"):
        open_cache(paths_of(pictures), 16, tmp_path / "cache")
    assert caches(tmp_path / "cache") == []


def test_a_cache_of_an_earlier_version_is_not_trusted(pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "CACHE_VERSION", 1)
    old = open_cache(paths_of(pictures), 16, tmp_path / "cache").folder
    monkeypatch.undo()
    assert open_cache(paths_of(pictures), 16, tmp_path / "cache").folder != old


def test_facts_of_each_source_are_kept(pictures, tmp_path):
    (pictures / "99.png").write_bytes(png(np.full((20, 30, 3), (200, 100, 100), np.uint8)))
    for _ in range(2):
        opened = open_cache(paths_of(pictures), 16, tmp_path / "cache")
        coloured = opened.facts[12]
        assert (coloured.width, coloured.height, coloured.colourfulness) == (30, 20, 0.5)
        assert opened.facts[0].digest != opened.facts[1].digest
        assert coloured.sha256 == hashlib.sha256((pictures / "99.png").read_bytes()).hexdigest()[:32]


def test_without_locks_one_sentence_says_so(pictures, tmp_path):
    hidden = "import sys; sys.modules['fcntl'] = None"
    script = hidden + OPEN_CACHE.format(before="")
    done = subprocess.run(
        [sys.executable, "-c", script, str(pictures), str(tmp_path / "other")],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert re.search(r"^DataError: This system has no file locks.*WSL 2 or in Docker\.$", done.stderr, re.MULTILINE)
    assert "Traceback" not in done.stderr


def test_progress_is_shown_on_a_terminal(pictures, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    open_cache(paths_of(pictures), 16, tmp_path / "cache")
    captured = capsys.readouterr()
    assert "Decoding radiographs" in captured.err
    assert "12/12" in captured.err
    assert captured.out == ""


def test_decoding_runs_only_a_little_ahead_of_writing():
    decoded = []
    files = [SourceFile(str(number), 0, 0, 0) for number in range(1000)]
    results = writing._decoded(files, 16, lambda file: decoded.append(file) or grey(), 2)
    for _ in range(3):
        next(results)
    assert len(decoded) < 50
    results.close()


@pytest.mark.parametrize(("call", "expected"), [(1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 1)])
def test_a_kill_at_each_step_of_writing_leaves_a_good_cache_or_none(pictures, tmp_path, monkeypatch, call, expected):
    killed_in_fsync = f"""
real, calls = os.fsync, iter(range(1, 9))
os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL) if next(calls) == {call} else real(file)
"""
    process = start(pictures, tmp_path / "cache", killed_in_fsync)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    whole = [path for path in caches(tmp_path / "cache") if not is_temporary(path)]
    assert len(whole) == expected
    if expected:
        forbid_decoding(monkeypatch)
    assert_good(open_cache(paths_of(pictures), 64, tmp_path / "cache"), paths_of(pictures), 64)
    assert len(caches(tmp_path / "cache")) == 1


@on_phantoms_and_radiographs
def test_a_kill_at_a_random_moment_leaves_a_good_cache_or_none(small_nih, tmp_path, caplog):
    folder, paths = tmp_path / "cache", paths_of(small_nih / "images")
    for _ in range(3):
        process = start(small_nih / "images", folder)
        while process.poll() is None and not caches(folder):
            time.sleep(0.005)
        time.sleep(random.random() * 0.8)
        process.kill()
        process.communicate()
        left = caches(folder)
        assert len(left) <= 1
        if left and not is_temporary(left[0]):
            break
    assert_good(open_cache(paths, 64, folder), paths, 64)
    assert "damaged" not in caplog.text
    assert [path.suffix for path in caches(folder)] == [""]


def test_of_two_processes_one_decodes_and_the_other_waits_for_it(pictures, tmp_path):
    go = tmp_path / "go"
    slow_and_at_once = f"""
from xraykit.data.cache import writing
read = writing.decode_file
writing.decode_file = lambda *arguments: time.sleep(0.4) or read(*arguments)
Path({str(tmp_path)!r}, f"ready-{{os.getpid()}}").touch()
while not os.path.exists({str(go)!r}):
    time.sleep(0.001)
"""
    processes = [start(pictures, tmp_path / "cache", slow_and_at_once) for _ in range(2)]
    while len(list(tmp_path.glob("ready-*"))) < 2 and not any(process.poll() for process in processes):
        time.sleep(0.01)
    go.touch()
    logs = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], logs
    decoding, waiting = sorted(logs, key=lambda log: "Waiting for another process" in log)
    assert "Decoding 12 radiographs" in decoding
    assert "Waiting for another process" in waiting
    assert "Decoding" not in waiting
    assert len(caches(tmp_path / "cache")) == 1


def test_what_dead_processes_left_is_removed_and_what_live_ones_write_is_not(pictures, tmp_path):
    folder = tmp_path / "cache"
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    own = temporary_beside(folder / "other").name
    dead, live = (own.replace(f".{os.getpid()}.", f".{number}.") for number in (ended.pid, os.getppid()))
    for name in (dead, live):
        (folder / name).mkdir(parents=True)
    (folder / "notes.txt").write_text("not ours")
    opened = open_cache(paths_of(pictures), 16, folder)
    assert {path.name for path in caches(folder)} == {opened.folder.name, live, "notes.txt"}


def test_too_little_space_is_reported_before_decoding(pictures, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10**6, 10**6, 1000))
    forbid_decoding(monkeypatch)
    with pytest.raises(DataError, match=rf"needs 0\.8 MB in {tmp_path}/cache.*0\.0 MB are free.*data\.cache"):
        open_cache(paths_of(pictures), 256, tmp_path / "cache")
    assert caches(tmp_path / "cache") == []


def test_a_disk_that_fills_while_writing_is_reported_and_nothing_is_left(pictures, tmp_path, monkeypatch):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        usage = namedtuple("usage", "total used free")
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10**12, 0, 10**12))
        with pytest.raises(
            DataError, match=rf"{disk}/cache: there is not enough space.*12\.6 MB.*data\.cache"
        ) as error:
            open_cache(paths_of(pictures), 1024, disk / "cache")
        assert error.value.__cause__.errno == errno.ENOSPC
        assert caches(disk / "cache") == []
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_limit_on_the_size_of_files_is_reported_and_nothing_is_left(pictures, tmp_path):
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limit[1]))
    try:
        with pytest.raises(DataError, match="not enough space"):
            open_cache(paths_of(pictures), 1024, tmp_path / "cache")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert caches(tmp_path / "cache") == []


def test_a_folder_that_cannot_be_written_is_reported(pictures, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DataError, match=rf"cannot be written to {tmp_path}/file.*data\.cache"):
        open_cache(paths_of(pictures), 16, tmp_path / "file")


def test_phantoms_are_cached(small_nih, tmp_path):
    paths = paths_of(small_nih / "images")[:40]
    assert_good(open_cache(paths, 64, tmp_path / "cache"), paths, 64)


@needs_nih
@pytest.mark.parametrize("folder", ["images-64", "images-1024"])
def test_real_radiographs_are_cached(folder, tmp_path):
    paths = paths_of(NIH / folder)[:40]
    assert_good(open_cache(paths, 64, tmp_path / "cache"), paths, 64)


def test_a_disk_that_fails_is_reported(pictures, tmp_path, monkeypatch):
    paths = sorted(map(str, pictures.iterdir()))
    cache = open_cache(paths, 64, tmp_path / "cache", workers=1)

    def fails(self, rows):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(MappedPictures, "__getitem__", fails)
    with pytest.raises(DataError, match=r"cannot be read: Input/output error\. Check the disk"):
        cache.pictures(np.array([0]))
