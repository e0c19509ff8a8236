"""Names, passwords and addresses of the hub users' repositories."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo.uri_parser import parse_uri

from omegaml_lab.core.errors import ConfigError
from omegaml_lab.hub import repositories

KEY = b"0123456789abcdef"


@pytest.mark.parametrize(
    ("username", "database"),
    [("ann", "omega_ann"), ("ann_2", "omega_ann_2")],
)
def test_plain_name_is_readable(username: str, database: str) -> None:
    assert repositories.database_name(username) == database


@given(st.text(min_size=1, max_size=100))
def test_every_name_is_legal_in_mongodb(username: str) -> None:
    name = repositories.database_name(username)
    assert len(name.encode()) < 64
    assert not set(name) & set('/\\. "$*<>:|?\0')


@given(st.text(min_size=1, max_size=50), st.text(min_size=1, max_size=50))
def test_two_users_never_share_a_database(one: str, other: str) -> None:
    if one != other:
        names = {repositories.database_name(user).casefold() for user in (one, other)}
        assert len(names) == 2


def test_lookalikes_are_apart() -> None:
    users = ["a-b", "a.b", "a_b", "A_b", "a b", "ä_b"]
    assert len({repositories.database_name(user) for user in users}) == len(users)


def test_key_is_made_once_and_private(tmp_path) -> None:
    path = tmp_path / "hub" / "key"
    key = repositories.deployment_key(path)
    assert len(key) == 64
    assert repositories.deployment_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("held", [b"", b"0123"])
def test_a_key_that_was_cut_short_is_refused(tmp_path, held: bytes) -> None:
    """A full disk may have left it so; passwords that follow from nothing are no secret."""
    path = tmp_path / "key"
    path.write_bytes(held)
    with pytest.raises(ConfigError, match="remove it"):
        repositories.deployment_key(path)
    assert path.read_bytes() == held


def test_many_that_come_first_at_once_agree_on_the_key(tmp_path) -> None:
    path = tmp_path / "hub" / "key"
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(repositories.deployment_key, [path] * 64))
    assert len(keys) == 1
    assert [found.name for found in path.parent.iterdir()] == ["key"]


def test_url_names_the_users_database_and_drops_the_admin() -> None:
    admin = "mongodb://root:s3cret@h1:1,h2:2/admin?authSource=admin&replicaSet=rs0&authMechanism=X"
    repository = repositories.repository_of("ann", admin_url=admin, key=KEY)
    assert "s3cret" not in repository.url
    assert parse_qs(urlsplit(repository.url).query) == {
        "authSource": ["omega_ann"],
        "replicaSet": ["rs0"],
    }
    parsed = parse_uri(repository.url)
    assert parsed["nodelist"] == [("h1", 1), ("h2", 2)]
    assert parsed["database"] == "omega_ann"
    assert (parsed["username"], parsed["password"]) == ("owner", repository.password)


def test_password_follows_from_user_and_key() -> None:
    def password(user: str, key: bytes) -> str:
        return repositories.repository_of(user, admin_url="mongodb://h", key=key).password

    assert password("ann", KEY) == password("ann", KEY)
    assert len({password("ann", KEY), password("bo", KEY), password("ann", b"other")}) == 3


def test_nothing_secret_is_printed() -> None:
    repository = repositories.repository_of("ann", admin_url="mongodb://h", key=KEY)
    assert repository.password not in repr(repository)
