"""Names of files, sizes, times, tables."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import click
import pytest

from omegaml_lab.cli.files import name_of, write_file
from omegaml_lab.cli.output import ago, print_json, print_table, seconds, size
from omegaml_lab.cli.values import parse_values
from omegaml_lab.core.errors import InvalidParameterError
from omegaml_lab.core.parameters import Parameter


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a.ipynb", "a.ipynb"),
        ("./a.ipynb", "a.ipynb"),
        ("reports/a.ipynb", "reports/a.ipynb"),
        ("../reports/a.ipynb", "reports/a.ipynb"),
        ("../../a.ipynb", "a.ipynb"),
        ("/home/me/a.ipynb", "a.ipynb"),
    ],
)
def test_the_name_of_a_file_on_disk(path, name):
    assert name_of(Path(path)) == name


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 * 2**30, "5.0 GiB")]
)
def test_sizes(count, said):
    assert size(count) == said


@pytest.mark.parametrize(
    ("value", "said"), [(None, ""), (0.25, "0.2 s"), (61, "1:01 min"), (7325, "2:02:05 h")]
)
def test_durations(value, said):
    assert seconds(value) == said


def test_how_long_ago():
    now = datetime.now(UTC)
    assert ago(None) == ""
    assert ago(now) == "now"
    assert ago(now - timedelta(hours=5, minutes=10)) == "5 h ago"


def test_a_table_shows_names_as_they_are(capsys):
    print_table(("name",), [("[red]a[/red] :smile:",)], empty="nothing")
    assert "[red]a[/red] :smile:" in capsys.readouterr().out
    print_table(("name",), [], empty="nothing")
    assert capsys.readouterr().out == "nothing\n"


def test_json_keeps_letters_and_times(capsys):
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    print_json({"name": "café", "at": moment})
    out = capsys.readouterr().out
    assert "café" in out
    assert json.loads(out)["at"] == moment.isoformat()


def test_json_has_null_for_what_is_no_number(capsys):
    print_json([{"é": float("nan"), "more": [float("-inf"), 1.5]}])
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail) == [
        {"é": None, "more": [None, 1.5]}
    ]


def test_a_file_is_not_replaced_by_accident(tmp_path):
    path = tmp_path / "file"
    write_file(path, b"first", force=False)
    with pytest.raises(click.ClickException, match="--force"):
        write_file(path, b"second", force=False)
    assert path.read_bytes() == b"first"
    write_file(path, b"second", force=True)
    assert path.read_bytes() == b"second"
    with pytest.raises(click.ClickException, match="cannot be written"):
        write_file(tmp_path / "none" / "file", b"", force=False)


DECLARED = [
    Parameter(name="text", type="str", default=""),
    Parameter(name="count", type="int", default=1),
    Parameter(name="many", type="list", default=[]),
]


def test_what_is_typed_gets_the_declared_type():
    typed = ["text=3", "count=3", 'many=["a", 1]', "text=a=b"]
    assert parse_values("job", typed, DECLARED) == {"text": "a=b", "count": 3, "many": ["a", 1]}


@pytest.mark.parametrize("typed", ["count", "=3"])
def test_what_is_not_of_the_form_is_wrong_usage(typed):
    with pytest.raises(click.UsageError, match="NAME=VALUE"):
        parse_values("job", [typed], DECLARED)


@pytest.mark.parametrize("typed", ["count=many", "other=1", "many={}"])
def test_what_is_no_value_is_refused(typed):
    with pytest.raises(InvalidParameterError):
        parse_values("job", [typed], DECLARED)


def test_links_in_a_table_are_opened_by_a_click(monkeypatch):
    monkeypatch.setattr("sys.stdout", terminal := StringIO())
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "30")
    link = "https://lab.example.org/omega/reports/a-long-name"
    print_table(("name", "link"), [("flights", link), ("x", "https://a b")], empty="nothing")
    assert terminal.getvalue().count(f";{link}\x1b\\") >= 2  # folded, and whole in each line
    assert ";https://a b\x1b" not in terminal.getvalue()
