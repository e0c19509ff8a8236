"""What is a URL, and which hold secrets."""

from __future__ import annotations

import pytest

from omegaml_lab.core.urls import looks_secret, redacted, scheme_of, secret_in


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("https://a.b/c%20d?x=1", "https"),
        ("s3://bucket/ß", "s3"),
        ("zip://a.csv::https://a.b/c.zip", "zip"),
        ("see https://a.b", None),
        ("https://a.b/c d", None),
        ("https://a.b\n", None),
        ("https://", None),
        ("HTTPS://a.b", None),
        ("a,b\n1,2", None),
        ("memory://" + "x" * 5000, None),
        ("", None),
    ],
)
def test_only_a_url_and_nothing_else_has_a_scheme(text: str, scheme: str | None) -> None:
    assert scheme_of(text) == scheme


@pytest.mark.parametrize(
    "url",
    [
        "https://ana:geheim@a.b/c",
        "https://geheim@a.b/c",
        "ftp://ana:geheim@a.b/c",
        "s3://b/k?X-Amz-Signature=geheim",
        "https://a.b/c?sig=geheim",
        "https://a.b/c?x=1&api_key=geheim",
        "zip://x.csv::https://ana:geheim@a.b/c.zip",
    ],
)
def test_secrets_are_found_and_never_shown(url: str) -> None:
    told = secret_in(url)
    assert told
    assert "geheim" not in told
    assert "geheim" not in redacted(url)
    assert redacted(url).startswith(url.partition("//")[0])


@pytest.mark.parametrize(
    "url", ["https://a.b/c?page=2&design=1", "sftp://ana@a.b/c", "s3://bucket/a@b", "file:///a?b"]
)
def test_others_hold_none(url: str) -> None:
    assert secret_in(url) is None


def test_names_of_options() -> None:
    secret = ["key", "secret", "aws_secret_access_key", "password", "token", "sas_token", "auth"]
    assert all(looks_secret(name) for name in secret)
    assert not any(looks_secret(name) for name in ["anon", "endpoint_url", "region", "keyboard"])
