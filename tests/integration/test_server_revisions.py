"""Revisions, tags, trash and content over the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.names import Name
from tests.integration.notebooks import notebook
from tests.integration.servers import jupyter_server
from tests.integration.test_server_api import Api, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.omega import Omega

ODD = "odd/ä b%c+(d)[e]{f}$.@g"


@pytest.fixture(scope="module")
def api(shared: Omega, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with jupyter_server(tmp_path_factory.mktemp("api"), shared.url, root="repository") as server:
        yield Api(server)


def test_revisions_and_tags(api: Api, shared: Omega) -> None:
    for n in range(3):
        shared.jobs.put(notebook(f"{n}"), Name(f"{ODD}.ipynb"), kind="notebook")
    where = f"jobs/{quoted(f'{ODD}.ipynb')}"
    tagged = api.ask("PUT", f"tags/{where}", 200, {"tag": "prod", "revision": 2})
    assert (tagged["revision"], tagged["tags"]) == (2, ["prod"])
    listing = api.ask("GET", f"revisions/{where}", 200)
    assert [(o["revision"], o["tags"]) for o in listing["items"]] == [
        (3, []),
        (2, ["prod"]),
        (1, []),
    ]
    assert {o["path"] for o in listing["items"]} == {f"{ODD}.ipynb"}
    page = api.ask("GET", f"revisions/{where}", 200, offset=1, limit=1)
    assert ([o["revision"] for o in page["items"]], page["total"]) == ([2], 3)
    restored = api.ask("POST", f"revisions/{where}", 201, {"restore": 1})
    assert (restored["revision"], restored["hash"]) == (4, listing["items"][2]["hash"])
    assert api.ask("PUT", f"tags/{where}", 200, {"tag": "prod"})["revision"] == 4
    api.ask("DELETE", f"tags/{where}", 204, tag="prod")
    assert api.ask("DELETE", f"tags/{where}", 404, tag="prod")["type"] == "ObjectNotFoundError"
    assert api.ask("PUT", f"tags/{where}", 400, {"tag": "no tag"})["type"] == "InvalidNameError"
    assert (
        api.ask("POST", f"revisions/{where}", 404, {"restore": 9})["type"] == "ObjectNotFoundError"
    )
    api.ask("POST", f"revisions/{where}", 400, {"restore": 0})
    api.ask("GET", "revisions/jobs/nothing", 404)


def test_content_of_a_revision(api: Api, shared: Omega) -> None:
    shared.jobs.put(notebook("first"), "content", kind="notebook")
    shared.jobs.put(notebook("second"), "content", kind="notebook")
    first = api.ask("GET", "content/jobs/content.ipynb", 200, revision=1)
    assert first["cells"][0]["source"] == "first"
    assert api.ask("GET", "content/jobs/content.ipynb", 200)["cells"][0]["source"] == "second"
    page = b"<script>alert(1)</script>" * 200_000
    for data in (page, b""):
        shared.datasets.put(data, "a page.html", kind="file")
        answer = api.server.ask("GET", "omega/api/content/datasets/a%20page.html")
        assert (answer.status_code, answer.content) == (200, data)
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert (
            answer.headers["Content-Disposition"] == "attachment; filename*=utf-8''a%20page.html"
        )
    shared.datasets.put(1, "number")
    shared.datasets.make_folder("a folder")
    assert api.ask("GET", "content/datasets/a%20folder", 400)["type"] == "NotAFileError"
    assert api.ask("GET", "content/jobs/content.ipynb", 404, revision=7)["message"]
    api.ask("GET", "content/nothing/x", 404)


def test_what_the_file_browser_deletes_is_in_the_trash(api: Api, shared: Omega) -> None:
    shared.jobs.put("1", "trash/deep/a")
    shared.jobs.put("2", "trash/b")
    assert api.server.ask("DELETE", "api/contents/trash").status_code == 204
    listing = api.ask("GET", "trash/jobs", 200, limit=1)
    (folder,) = listing["items"]
    assert (folder["name"], folder["kind"], folder["path"]) == ("trash", "folder", "trash")
    assert listing["total"] == 1
    found = api.ask("GET", "trash/jobs", 200, search="DEEP/A", sort="name")
    assert [item["name"] for item in found["items"]] == ["trash/deep/a.ipynb"]
    shared.jobs.put("3", "trash/deep/a")
    wrong = api.ask("POST", "trash/jobs", 409, {"id": folder["id"]})
    assert wrong["type"] == "ObjectExistsError"
    back = api.ask("POST", "trash/jobs", 201, {"id": folder["id"], "name": "back again"})
    assert (back["name"], back["path"]) == ("back again", "back again")
    assert api.server.ask("GET", "api/contents/back%20again/deep/a.ipynb").status_code == 200
    assert api.ask("POST", "trash/jobs", 404, {"id": folder["id"]})["type"] == "NotInTrashError"
    assert api.ask("GET", "trash/jobs", 200)["total"] == 0
    api.ask("GET", "trash/jobs", 400, sort="colour")
    api.ask("GET", "trash/nothing", 404)
