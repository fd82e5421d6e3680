"""Pictures from memory and from the disk are the same ones."""

import os

import numpy as np
import pytest

from xraykit.data.cache.mapped_pictures import MappedPictures

SIDE, HEADER = 20, 128


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (50, SIDE, SIDE), dtype=np.uint8)


@pytest.fixture
def mapped(pictures, tmp_path):
    (tmp_path / "pictures").write_bytes(b"x" * HEADER + pictures.tobytes())
    return MappedPictures(tmp_path / "pictures", HEADER, pictures.shape)


@pytest.mark.parametrize("in_memory", [True, False])
def test_both_ways_give_the_same_pictures_in_any_order_and_with_repeats(mapped, pictures, monkeypatch, in_memory):
    monkeypatch.setattr(MappedPictures, "_in_memory", lambda self, row: in_memory)
    generator = np.random.default_rng(1)
    for _ in range(5):
        rows = generator.integers(0, 50, 17)
        np.testing.assert_array_equal(mapped[rows], pictures[rows])
    assert (mapped._pool is None) is in_memory
    assert mapped[np.array([], int)].shape == (0, SIDE, SIDE)


def test_pictures_that_are_not_in_memory_are_read_by_threads(pictures, tmp_path, monkeypatch):
    """On a file of several pages, whose pages the system is asked to drop."""
    large = np.repeat(pictures, 40, axis=0)
    path = tmp_path / "pictures"
    path.write_bytes(large.tobytes())
    mapped, ways = MappedPictures(path, 0, large.shape), []
    read = MappedPictures._read
    monkeypatch.setattr(MappedPictures, "_read", lambda self, rows: ways.append(len(rows)) or read(self, rows))
    rows = np.arange(0, 2000, 100)
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    if all(mapped._in_memory(int(row)) for row in rows):
        pytest.skip("this file system keeps its pages, or does not say which are in memory")
    np.testing.assert_array_equal(mapped[rows], large[rows])
    assert ways == [20]
    np.testing.assert_array_equal(mapped[rows], large[rows])
    assert ways == [20]


def test_what_is_taken_is_a_copy_and_a_change_of_the_file_is_seen(mapped, pictures, tmp_path):
    taken = mapped[np.array([3])]
    taken[:] = 0
    np.testing.assert_array_equal(mapped[np.array([3])][0], pictures[3])
    with (tmp_path / "pictures").open("r+b") as stream:
        stream.seek(HEADER + 3 * SIDE * SIDE)
        stream.write(bytes([7] * SIDE * SIDE))
    assert (mapped[np.array([3])] == 7).all()


def test_a_file_that_is_cut_short_is_reported(mapped, tmp_path):
    with (tmp_path / "pictures").open("r+b") as stream:
        stream.truncate(HEADER + 10)
    with pytest.raises(OSError, match="ends within a picture"):
        mapped._read(np.array([3]))
