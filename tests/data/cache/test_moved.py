"""A data set that was moved keeps its cache; another one of the same names and sizes gets its own."""

import logging
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from tests.data.cache.test_cache import assert_good, caches, forbid_decoding, paths_of, start
from tests.data.files import grey, png
from xraykit.data.cache import known_files
from xraykit.data.cache.opening import open_cache
from xraykit.errors import BrokenImageError, DataError

pytestmark = pytest.mark.process


@pytest.fixture
def pictures(tmp_path) -> Path:
    """In two folders; files of one size."""
    folder = tmp_path / "pictures"
    for value in range(12):
        file = folder / f"part{value % 2}" / f"{value:02d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_of_one_size(20 * value))
    return folder


def _of_one_size(value: int) -> bytes:
    content = png(grey(value))
    return content[:-12] + _text_chunk(200 - len(content)) + content[-12:]


def _text_chunk(length: int) -> bytes:
    import zlib

    data = b"Comment\0" + b" " * (length - 20)
    body = b"tEXt" + data
    return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


def files_of(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*.png"))


def copied(folder: Path, target: Path) -> Path:
    """As ``cp -r`` copies it: other times of change."""
    for path in folder.rglob("*.png"):
        file = target / path.relative_to(folder)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(path.read_bytes())
    return target


def moved(folder: Path, target: Path) -> Path:
    return Path(shutil.move(folder, target))


def linked(folder: Path, target: Path) -> Path:
    target.symlink_to(folder, target_is_directory=True)
    return target


def count_hashes(monkeypatch) -> list[str]:
    hashed: list[str] = []
    real = known_files.hash_of_file
    monkeypatch.setattr(known_files, "hash_of_file", lambda path: hashed.append(path) or real(path))
    return hashed


@pytest.mark.parametrize("move", [copied, moved, linked])
def test_a_moved_data_set_is_read_once_and_not_decoded_again(pictures, tmp_path, monkeypatch, caplog, move):
    first = open_cache(files_of(pictures), 16, tmp_path / "cache")
    forbid_decoding(monkeypatch)
    hashed = count_hashes(monkeypatch)
    paths = files_of(move(pictures, tmp_path / "elsewhere" if move is linked else tmp_path / "else" / "where"))
    assert len(paths) == 12 or move is linked
    paths = paths or [path.replace(str(pictures), str(tmp_path / "elsewhere")) for path in files_of(pictures)]
    with caplog.at_level(logging.INFO, logger="xraykit"):
        for _ in range(3):
            opened = open_cache(paths, 16, tmp_path / "cache")
    assert opened.folder == first.folder
    assert sorted(hashed) == paths
    assert caplog.text.count("Comparing 12 image files that are at another place") == 1
    assert_good(opened, paths, 16)


def test_two_places_of_one_data_set_are_each_compared_once(pictures, tmp_path, monkeypatch):
    other = copied(pictures, tmp_path / "copy")
    hashed = count_hashes(monkeypatch)
    for place in (pictures, other) * 3:
        open_cache(files_of(place), 16, tmp_path / "cache")
    assert len(hashed) == 12
    assert len(caches(tmp_path / "cache")) == 1


@pytest.mark.parametrize("changed", [1, 12])
def test_another_data_set_of_the_same_names_and_sizes_gets_its_own_cache_and_both_stay(
    pictures, tmp_path, monkeypatch, caplog, changed
):
    other = copied(pictures, tmp_path / "other")
    for path in files_of(other)[:changed]:
        Path(path).write_bytes(_of_one_size(7))
    assert [os.path.getsize(path) for path in files_of(other)] == [200] * 12
    first = open_cache(files_of(pictures), 16, tmp_path / "cache")
    second = open_cache(files_of(other), 16, tmp_path / "cache")
    assert second.folder.name == f"{first.folder.name}-2"
    assert "changed" not in caplog.text
    assert_good(first, files_of(pictures), 16)
    assert_good(second, files_of(other), 16)
    forbid_decoding(monkeypatch)
    hashed = count_hashes(monkeypatch)
    for place, cache in ((pictures, first), (other, second)) * 2:
        assert open_cache(files_of(place), 16, tmp_path / "cache").folder == cache.folder
    assert not hashed


def test_a_damaged_cache_does_not_hide_the_one_of_another_data_set(pictures, tmp_path, monkeypatch):
    other = copied(pictures, tmp_path / "other")
    Path(files_of(other)[3]).write_bytes(_of_one_size(7))
    first = open_cache(files_of(pictures), 16, tmp_path / "cache")
    second = open_cache(files_of(other), 16, tmp_path / "cache")
    (first.folder / "index.jsonl").write_text("{")
    forbid_decoding(monkeypatch)
    assert open_cache(files_of(other), 16, tmp_path / "cache").folder == second.folder
    monkeypatch.undo()
    assert open_cache(files_of(pictures), 16, tmp_path / "cache").folder == first.folder


def test_names_that_are_given_hold_whatever_the_folders_are(pictures, tmp_path, monkeypatch):
    paths = files_of(pictures)
    names = [Path(path).name for path in paths]
    open_cache(paths, 16, tmp_path / "cache", names=names)
    forbid_decoding(monkeypatch)
    flat = tmp_path / "flat"
    flat.mkdir()
    for path in paths:
        shutil.move(path, flat)
    assert_good(open_cache(paths_of(flat), 16, tmp_path / "cache", names=sorted(names)), paths_of(flat), 16)


def test_two_files_of_one_name_are_refused(pictures, tmp_path):
    with pytest.raises(DataError, match=r"00\.png and .*01\.png have one name, 'same'"):
        open_cache(
            files_of(pictures / "part0")[:1] + files_of(pictures / "part1")[:1], 16, tmp_path, names=["same"] * 2
        )


def test_a_damaged_record_of_a_place_leads_to_a_comparison(pictures, tmp_path, monkeypatch):
    folder = open_cache(files_of(pictures), 16, tmp_path / "cache").folder
    (place,) = (folder / "places").iterdir()
    forbid_decoding(monkeypatch)
    for damage in (b"", place.read_bytes()[:-8], bytes(32) + place.read_bytes()[32:]):
        place.write_bytes(damage)
        hashed = count_hashes(monkeypatch)
        open_cache(files_of(pictures), 16, tmp_path / "cache")
        assert len(hashed) == 12


def test_records_of_places_are_few(pictures, tmp_path):
    for number in range(12):
        folder = open_cache(files_of(linked(pictures, tmp_path / f"link{number}") / "part0"), 16, tmp_path / "c").folder
    assert len(list((folder / "places").iterdir())) == 8


def test_no_path_is_kept_in_a_cache(pictures, tmp_path):
    folder = open_cache(files_of(pictures), 16, tmp_path / "cache").folder
    for file in folder.rglob("*"):
        assert file.is_dir() or str(tmp_path).encode() not in file.read_bytes()


def test_two_processes_open_a_moved_cache_and_one_compares(tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for value in range(12):
        (pictures / f"{value:02d}.png").write_bytes(png(grey(20 * value)))
    open_cache(paths_of(pictures), 64, tmp_path / "cache")
    elsewhere = moved(pictures, tmp_path / "elsewhere")
    go = tmp_path / "go"
    slow = f"""
from xraykit.data.cache import known_files
real = known_files.hash_of_file
known_files.hash_of_file = lambda path: time.sleep(0.1) or real(path)
Path({str(tmp_path)!r}, f"ready-{{os.getpid()}}").touch()
while not os.path.exists({str(go)!r}):
    time.sleep(0.001)
"""
    processes = [start(elsewhere, tmp_path / "cache", slow) for _ in range(2)]
    while len(list(tmp_path.glob("ready-*"))) < 2 and all(process.poll() is None for process in processes):
        pass
    go.touch()
    logs = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], logs
    assert sorted(log.count("Comparing 12 image files") for log in logs) == [0, 1]
    assert not any("Decoding" in log for log in logs)


@pytest.mark.parametrize("call", [1, 2])
def test_a_kill_while_a_place_is_recorded_leaves_a_good_cache(tmp_path, monkeypatch, call):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for value in range(12):
        (pictures / f"{value:02d}.png").write_bytes(png(grey(20 * value)))
    open_cache(paths_of(pictures), 64, tmp_path / "cache")
    elsewhere = moved(pictures, tmp_path / "elsewhere")
    killed = f"""
real, calls = os.fsync, iter(range(1, 9))
os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL) if next(calls) == {call} else real(file)
"""
    process = start(elsewhere, tmp_path / "cache", killed)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    forbid_decoding(monkeypatch)
    opened = open_cache(paths_of(elsewhere), 64, tmp_path / "cache")
    assert_good(opened, paths_of(elsewhere), 64)
    assert not list((opened.folder / "places").glob(".*"))


def test_files_that_cannot_be_read_are_left_out_when_asked_for(pictures, tmp_path, monkeypatch):
    paths = files_of(pictures)
    broken = paths[2], paths[7]
    Path(broken[0]).write_bytes(_of_one_size(40)[:60])
    Path(broken[1]).write_bytes(b"")
    with pytest.raises(BrokenImageError, match=r"2 of 12 radiographs cannot be read(?s:.*)data\.unreadable: leave_out"):
        open_cache(paths, 16, tmp_path / "cache")
    assert not caches(tmp_path / "cache")
    opened = open_cache(paths, 16, tmp_path / "cache", unreadable="leave_out")
    assert sorted(opened.unreadable) == sorted(broken)
    assert all(path in why for path, why in opened.unreadable.items())
    good = [path for path in paths if path not in broken]
    assert_good(opened, good, 16)
    with pytest.raises(DataError, match="There is no picture"):
        opened.pictures(opened.rows(paths))
    forbid_decoding(monkeypatch)
    elsewhere = moved(pictures, tmp_path / "elsewhere")
    again = open_cache(files_of(elsewhere), 16, tmp_path / "cache", unreadable="leave_out")
    assert sorted(again.unreadable) == [path.replace(str(pictures), str(elsewhere)) for path in sorted(broken)]
    with pytest.raises(BrokenImageError, match="2 of 12"):
        open_cache(files_of(elsewhere), 16, tmp_path / "cache")
    np.testing.assert_array_equal(opened.pictures(opened.rows(good)), again.pictures(opened.rows(good)))


def test_a_data_set_of_which_nothing_can_be_read_is_refused_even_then(pictures, tmp_path):
    for path in files_of(pictures):
        Path(path).write_bytes(b"")
    with pytest.raises(BrokenImageError, match="12 of 12 radiographs"):
        open_cache(files_of(pictures), 16, tmp_path / "cache", unreadable="leave_out")
    assert not caches(tmp_path / "cache")
