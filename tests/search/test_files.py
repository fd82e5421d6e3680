import pytest

from xraykit.search.files import study_lock, write_atomically


def test_a_write_that_fails_leaves_the_old_file_and_no_rest(tmp_path):
    path = tmp_path / "study.json"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "new \ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_one_is_alone_two_are_not(tmp_path):
    with study_lock(tmp_path / "lock") as first:
        assert (first.alone, first.taken) == (True, False)
        with study_lock(tmp_path / "lock") as second:
            assert (second.alone, second.taken) == (False, True)
    with study_lock(tmp_path / "lock") as third:
        assert third.alone


def test_who_shares_is_still_there(tmp_path):
    with study_lock(tmp_path / "lock") as first:
        first.share()
        with study_lock(tmp_path / "lock") as second:
            assert second.taken
            second.share()
