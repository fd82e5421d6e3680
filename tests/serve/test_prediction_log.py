"""The key of the hashed ids, and a log that is moved away."""

import pytest

from tests.serve.fakes import FakeNetwork
from xraykit.errors import DataError
from xraykit.serve.answers import Predictions
from xraykit.serve.prediction_log import LogKey, PredictionLog
from xraykit.serve.requests import SentPicture

SENT = [SentPicture.of("a.png", 1, b"x")]


def answer():
    row = FakeNetwork()._row(FakeNetwork().opened("a.png", b"x", "", 1))
    return Predictions(
        **dict(FakeNetwork.about), request="r", predictions=[row.answer(["Mass"], FakeNetwork.thresholds)]
    )


def test_a_key_file_is_made_once_and_keeps_the_hashes(tmp_path):
    path = tmp_path / "key"
    key = LogKey.of_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert LogKey.of_file(path) == key
    assert key.hashed("name", b"x") == LogKey.of_file(path).hashed("name", b"x")
    assert len({key.hashed("name", b"x"), key.hashed("file", b"x"), LogKey.random().hashed("name", b"x")}) == 3
    assert key.secret.hex() not in repr(key)


@pytest.mark.parametrize("content", ["", "abc", "zz" * 32, "ab" * 31])
def test_a_file_that_is_no_key_is_refused(tmp_path, content):
    path = tmp_path / "key"
    path.write_text(content)
    with pytest.raises(DataError, match="is no key"):
        LogKey.of_file(path)
    with pytest.raises(DataError, match="cannot be read or made"):
        LogKey.of_file(tmp_path / "no folder" / "key")


def test_a_log_that_was_moved_away_is_made_again(tmp_path):
    log = PredictionLog(tmp_path / "log", LogKey.random())
    log.add(SENT, answer())
    (tmp_path / "log").rename(tmp_path / "log.1")
    log.add(SENT, answer())
    log.add(SENT, answer())
    log.close()
    assert [len((tmp_path / name).read_text().splitlines()) for name in ("log", "log.1")] == [2, 1]
    appended = PredictionLog(tmp_path / "log", LogKey.random())
    appended.add(SENT, answer())
    appended.close()
    assert len((tmp_path / "log").read_text().splitlines()) == 3


def test_a_log_that_cannot_be_written_is_reported_at_the_start(tmp_path):
    with pytest.raises(DataError, match="cannot be written"):
        PredictionLog(tmp_path / "no folder" / "log", LogKey.random())
