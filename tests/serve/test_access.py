"""Who gets an answer: the token, where it comes from, and servers without one."""

import pytest

from xraykit.errors import DataError
from xraykit.serve.access import Access
from xraykit.serve.tokens import VARIABLE, Token, find_token

SECRET = "a-secret-of-many-characters"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "token"
    path.write_text(SECRET + "\n")
    path.chmod(0o600)
    return path


def test_the_token_comes_from_a_file_or_a_variable_which_is_removed(file):
    environment = {VARIABLE: SECRET, "OTHER": "x"}
    for token in (find_token(None, environment), find_token(file, {})):
        assert token.matches(f"Bearer {SECRET}")
        assert token.matches(f"bearer  {SECRET} ")
        for wrong in (None, "", SECRET, f"Basic {SECRET}", f"Bearer {SECRET}x", "Bearer", "Bearer ü\udce4"):
            assert not token.matches(wrong)
        assert SECRET not in repr(token)
    assert environment == {"OTHER": "x"}
    assert find_token(None, {}) is None


@pytest.mark.parametrize("text", ["short", "", "fifteen-letters", "with a space in the middle", "umlaut-ü-umlaut-ü"])
def test_a_weak_token_is_refused_and_not_shown(text):
    with pytest.raises(DataError, match="16 or more ASCII characters") as error:
        Token.of(text)
    assert not text or text not in str(error.value)


def test_a_file_that_others_may_read_is_refused(file, tmp_path):
    file.chmod(0o644)
    with pytest.raises(DataError, match="chmod 600"):
        find_token(file, {})
    with pytest.raises(DataError, match="No such file"):
        find_token(tmp_path / "nothing", {})
    with pytest.raises(DataError, match="not a small regular file"):
        find_token(tmp_path, {})
    with pytest.raises(DataError, match="given twice"):
        find_token(file, {VARIABLE: SECRET})


def test_other_machines_are_answered_with_a_token_only_unless_asked_for():
    token = Token.of(SECRET)
    for host in ("0.0.0.0", "::", "192.168.1.2", "example.org"):
        with pytest.raises(DataError, match="a token is needed"):
            Access.at(host, None)
        assert Access.at(host, token) == Access(token)
        assert Access.at(host, None, without_token=True) == Access(None)
    for host in ("127.0.0.1", "localhost", "::1", "127.0.0.2"):
        assert Access.at(host, None).token is None
    with pytest.raises(DataError, match="Omit one"):
        Access.at("0.0.0.0", token, without_token=True)


def test_requests_without_the_token_get_nothing_but_health_and_the_documentation(answering):
    server = answering(access=Access(Token.of(SECRET)))
    for path, body in (("/v1/predict", {"pictures": ["QQ=="]}), ("/v1/model", None), ("/metrics", None)):
        for header in ({}, {"Authorization": "Bearer wrong-wrong-wrong-wrong"}, {"Authorization": f"Basic {SECRET}"}):
            refused = server.ask(path, body, **header)
            assert (refused.status, refused.code) == (401, "unauthorized")
            assert refused.headers["www-authenticate"] == "Bearer"
        assert server.ask(path, body, Authorization=f"Bearer {SECRET}").status == 200
    assert server.network.batches == [["picture 1"]]
    for path in ("/health/live", "/health/ready", "/docs", "/openapi.json"):
        assert server.ask(path).status == 200
    assert server.ask("/v1/model", Host="anything.example", Authorization=f"Bearer {SECRET}").status == 200


def test_without_a_token_another_name_is_not_answered(answering):
    """As when a page of another site lets its own name lead to this machine."""
    server = answering()
    for host in ("evil.example", f"evil.example:{server.port}", "", "localhost.evil.example"):
        assert server.ask("/v1/model", Host=host).status == 421
    for host in ("localhost", f"127.0.0.1:{server.port}", "[::1]:80", "LOCALHOST"):
        assert server.ask("/v1/model", Host=host).status == 200
