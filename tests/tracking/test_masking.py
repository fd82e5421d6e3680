from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xraykit.system.redaction import scrubbed
from xraykit.tracking import masked

pytestmark = pytest.mark.process

SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=8, max_size=30)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("postgresql://user:secret@host/db", "postgresql://user:***@host/db"),
        ("postgresql+psycopg2://user:se:cr@et@host:5432/db", "postgresql+psycopg2://user:***@host:5432/db"),
        ("mysql://user:se/cret@host/db", "mysql://user:***@host/db"),
        ("postgresql://:secret@host/db", "postgresql://:***@host/db"),
        ("https://token@host/mlflow", "https://***@host/mlflow"),
        ("postgresql://user@host/db", "postgresql://user@host/db"),
        ("postgresql://h/db?user=u&password=secret&sslmode=on", "postgresql://h/db?user=u&password=***&sslmode=on"),
        ("https://host/?api_key=secret", "https://host/?api_key=***"),
        ("mssql+pyodbc:///?odbc_connect=UID%3Du%3BPWD%3Dsecret", "mssql+pyodbc:///?odbc_connect=***"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("sqlite:////home/a:b/mlflow.db", "sqlite:////home/a:b/mlflow.db"),
        ("see http://a:secret@b/c or mail x@y", "see http://a:***@b/c or mail x@y"),
        ("0.001", "0.001"),
    ],
)
def test_secrets_are_masked_and_nothing_else(uri, expected):
    assert masked(uri) == expected


@settings(deadline=None)
@given(SECRETS)
def test_no_escaped_password_survives(password):
    uri = f"postgresql://u:{quote(password, safe='')}@h/d"
    assert masked(uri) == "postgresql://u:***@h/d"


@settings(deadline=None)
@given(SECRETS.filter(lambda text: not set(text) & set("/?#@")))
def test_no_raw_password_survives(password):
    assert masked(f"mysql://u:{password}@h/d") == "mysql://u:***@h/d"


@settings(deadline=None)
@given(SECRETS.filter(lambda text: text not in "cannot open postgresql://u:***@h/d: wrong <<***>> or <<***>>"))
def test_a_message_that_quotes_the_password_is_scrubbed_in_each_spelling(password):
    escaped = quote(password, safe="")
    uri = f"postgresql://u:{escaped}@h/d"
    scrubbed_text = scrubbed(f"cannot open {uri}: wrong <<{password}>> or <<{escaped}>>", uri)
    assert scrubbed_text == "cannot open postgresql://u:***@h/d: wrong <<***>> or <<***>>"
