"""Other buckets on a real server: their history, their runs, and what reading alone allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.names import Name
from tests.integration.notebooks import notebook
from tests.integration.processes import until, worker
from tests.integration.servers import Server, good, jupyter_server, quoted
from tests.integration.test_server_api import Api
from tests.integration.test_server_api import quoted as one_part
from tests.integration.test_server_contents import Place
from tests.integration.test_server_kernels import executed, session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from omegaml_lab.omega import Omega

ODD = "ü/a %+[1]{2}$.@c"
BUCKETS = (
    "--OmegaContentsManager.buckets=team=write",
    "--OmegaContentsManager.buckets=archive=read",
)


@pytest.fixture(scope="module")
def server(shared: Omega, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    place = tmp_path_factory.mktemp("buckets")
    with jupyter_server(place, shared.url, root="repository", options=BUCKETS) as server:
        yield server


@pytest.fixture(scope="module")
def api(server: Server) -> Api:
    return Api(server)


@pytest.fixture(params=["team", "archive"])
def other(request: pytest.FixtureRequest, shared: Omega) -> Omega:
    other = shared.in_bucket(request.param)
    for data in (b"old", b"new"):
        other.jobs.put(data, Name(f"{ODD}.csv"), kind="file")
    return other


def test_which_buckets_there_are(api: Api) -> None:
    assert api.ask("GET", "status", 200)["buckets"] == {"team": "write", "archive": "read"}


def test_history_of_another_bucket(api: Api, other: Omega) -> None:
    where, there = f"jobs/{one_part(f'{ODD}.csv')}", {"bucket": other.bucket}
    listing = api.ask("GET", f"revisions/{where}", 200, **there)
    newest = listing["items"][0]["revision"]
    assert {one["path"] for one in listing["items"]} == {f"{other.bucket}/{ODD}.csv"}
    old = newest - 1
    content = api.server.ask(
        "GET", f"omega/api/content/{where}", params={**there, "revision": old}
    )
    assert good(content).content == b"old"
    if other.bucket == "archive":
        for method, noun, body in (
            ("POST", "revisions", {"restore": old}),
            ("PUT", "tags", {"tag": "prod", "revision": old}),
            ("DELETE", "objects", None),
        ):
            refused = api.ask(method, f"{noun}/{where}", 403, body, **there)
            assert "'archive' is shown read-only" in refused["message"]
            assert "changed or deleted there" in refused["message"]
        assert other.jobs.metadata(Name(f"{ODD}.csv")).revision == newest
        return
    api.ask("PUT", f"tags/{where}", 200, {"tag": "prod", "revision": old}, **there)
    restored = api.ask("POST", f"revisions/{where}", 201, {"restore": old}, **there)
    assert (restored["revision"], restored["path"]) == (newest + 1, f"team/{ODD}.csv")
    assert other.jobs.get(Name(f"{ODD}.csv")) == b"old"
    assert other.jobs.metadata(Name(f"{ODD}.csv", tag="prod")).revision == old


def test_what_is_not_shown_is_not_told(api: Api, shared: Omega) -> None:
    shared.in_bucket("secret").jobs.put(b"x", Name("x.csv"), kind="file")
    refused = api.ask("GET", "revisions/jobs/x.csv", 404, bucket="secret")
    assert "does not show the bucket 'secret'" in refused["message"]
    assert api.ask("GET", "revisions/models/x", 400, bucket="team")["type"] == "HTTPError"


def test_no_more_of_another_bucket_is_told_than_contents_show(api: Api, other: Omega) -> None:
    other.jobs.put(b"geheim", Name(".secrets"), kind="file")
    other.jobs.put(b"geheim", Name("in/.ssh/key"), kind="file")
    other.jobs.put(b"plain", Name("in/key"), kind="file")
    bucket = other.bucket
    for asked in ("content", "revisions", "objects"):
        api.ask("GET", f"{asked}/jobs/.secrets", 404, bucket=bucket)
    api.ask("GET", "objects/jobs", 404, folder="in/.ssh", bucket=bucket)
    listed = api.ask("GET", "objects/jobs", 200, folder="in", recursive="1", bucket=bucket)
    assert [each["name"] for each in listed["items"]] == ["in/key"]


def test_a_notebook_that_is_read_only_is_converted_and_trusted(
    server: Server, shared: Omega
) -> None:
    html = "from IPython.display import HTML\nHTML('<b>x</b>')"
    name = Name(f"{ODD}.ipynb")
    kept = shared.in_bucket("archive").jobs.put(notebook(html), name, kind="notebook")
    path = quoted(f"archive/{ODD}.ipynb")
    page = good(server.ask("GET", f"nbconvert/html/{path}"))
    assert "IPython.display" in page.text.replace("</span>", "").replace('<span class="n">', "")
    trusted = lambda: [  # noqa: E731
        cell["metadata"].get("trusted")
        for cell in server.get(f"api/contents/{path}")["content"]["cells"]
    ]
    assert trusted() == [False]
    assert good(server.ask("POST", f"api/contents/{path}/trust")).status_code == 201
    assert trusted() == [True]
    assert shared.in_bucket("archive").jobs.metadata(name) == kept


def test_a_run_takes_the_files_beside_it_along(api: Api, shared: Omega, tmp_path: Path) -> None:
    archive = shared.in_bucket("archive").jobs
    code = "open('out.txt', 'w').write(open('in/prices.csv').read() * 2)"
    archive.put(notebook(code), Name("etl/report.ipynb"), kind="notebook")
    archive.put(b"1", Name("etl/in/prices.csv"), kind="file")
    with worker(shared, tmp_path):
        run = api.ask("POST", "runs", 201, {"path": "archive/etl/report.ipynb"})
        assert "with copies of the files beside it" in run["notice"]
        ended = lambda: api.ask("GET", f"runs/{run['id']}", 200)["status"]  # noqa: E731
        until(lambda: ended() not in {"queued", "running"})
    assert ended() == "succeeded"
    assert shared.jobs.get(Name("uploads/archive/etl/out.txt")) == b"11"
    assert not archive.exists(Name("etl/out.txt"))


def test_a_kernel_goes_along_with_a_folder_that_is_renamed_there(
    server: Server, shared: Omega
) -> None:
    team = shared.in_bucket("team").jobs
    team.put(b"1", Name("before [1]/a.csv"), kind="file")
    place = Place(server, "team/", "local/")
    kernel = session(place, "team/before [1]/n.ipynb")["kernel"]["id"]
    assert executed(server, kernel, "print(open('a.csv').read())") == "1\n"
    team.rename(Name("before [1]"), Name("after"))
    team.put(b"2", Name("after/b.csv"), kind="file")
    until(lambda: "b.csv" in executed(server, kernel, "import os\nprint(os.listdir())"))
    executed(server, kernel, "_ = open('made.txt', 'w').write('made')")
    until(lambda: team.exists(Name("after/made.txt")))
    assert not team.exists(Name("before [1]/made.txt"))


def test_what_was_deleted_in_another_bucket_is_put_back(
    api: Api, other: Omega, shared: Omega
) -> None:
    there = {"bucket": other.bucket}
    other.jobs.put(b"x", Name("folder/.hidden/x.csv"), kind="file")
    other.jobs.drop(Name("folder/.hidden/x.csv"))
    hidden = other.jobs.trash(search="x.csv").items[0].id
    if other.bucket == "team":
        good(api.server.ask("DELETE", f"api/contents/team/{quoted(ODD)}.csv"))
    else:
        other.jobs.drop(Name(f"{ODD}.csv"))
    (item,) = api.ask("GET", "trash/jobs", 200, **there)["items"]
    assert (item["name"], item["path"]) == (f"{ODD}.csv", f"{other.bucket}/{ODD}.csv")
    mine = api.ask("GET", "trash/jobs", 200, search=ODD)
    assert mine["total"] == 0

    body = {"id": item["id"]}
    assert api.ask("POST", "trash/jobs", 404, body)["type"] == "NotInTrashError"  # not mine
    if other.bucket == "archive":
        assert "read-only" in api.ask("POST", "trash/jobs", 403, body, **there)["message"]
        return
    api.ask("POST", "trash/jobs", 404, {"id": hidden}, **there)
    api.ask("POST", "trash/jobs", 404, {**body, "name": ".x/a.csv"}, **there)
    back = api.ask("POST", "trash/jobs", 201, body, **there)
    assert (back["bucket"], back["path"]) == (other.bucket, f"{other.bucket}/{ODD}.csv")
    assert other.jobs.read_bytes(Name(f"{ODD}.csv")) == b"new"
    api.ask("GET", "trash/models", 400, **there)
    api.ask("GET", "trash/jobs", 404, bucket="secret")


def test_what_a_bucket_hides_is_told(shared: Omega, tmp_path: Path) -> None:
    shared.jobs.put(b"x", Name("archive/x.csv"), kind="file")
    options = ("--OmegaContentsManager.buckets=archive=read",)
    try:
        with jupyter_server(tmp_path, shared.url, root="repository", options=options) as server:
            api = Api(server)
            until(lambda: api.ask("GET", "status", 200)["hidden"])
            (sentence,) = api.ask("GET", "status", 200)["hidden"]
            assert "'archive' of the bucket 'default' is not shown" in sentence
            assert server.log.read_text().count(sentence) == 1
            shared.jobs.move("archive", "moved")
            until(lambda: not api.ask("GET", "status", 200)["hidden"])
    finally:
        shared.jobs.drop("archive", recursive=True, missing_ok=True)
