import threading

from xraykit.search.storage.files import exclusive, study_lock


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


def test_only_one_holds_an_exclusive_file_at_a_time(tmp_path):
    inside, most = [], []

    def enter():
        for _ in range(20):
            with exclusive(tmp_path / "lock"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=enter) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 60
