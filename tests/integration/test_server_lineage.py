"""What the REST API says of lineage, and of names that are none."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from omegaml_lab.store.recording import recording
from tests.integration.servers import jupyter_server
from tests.integration.test_server_api import Api, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from omegaml_lab.omega import Omega


@pytest.fixture(scope="module")
def api(shared: Omega, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with jupyter_server(tmp_path_factory.mktemp("api"), shared.url, root="repository") as server:
        yield Api(server)


def test_lineage(api: Api, shared: Omega) -> None:
    run = uuid.uuid4().hex
    shared.datasets.put(1, "lineage/ü [1]")
    with recording(run):
        shared.jobs.put(f"{shared.datasets.get('lineage/ü [1]')}", "lineage/made")
    name = quoted("lineage/ü [1]")
    told = api.ask("GET", f"lineage/datasets/{name}", 200)
    assert [node.get("name") for node in told["nodes"]] == [
        "lineage/ü [1]",
        None,
        "lineage/made.ipynb",
    ]
    assert told["nodes"][2]["path"].endswith("lineage/made.ipynb")
    assert [link["relation"] for link in told["links"]] == ["read", "wrote"]
    assert told["complete"]
    assert api.ask("GET", f"lineage/datasets/{name}", 200, depth=1) == told
    assert api.ask("GET", f"objects/jobs/{quoted('lineage/made.ipynb')}", 200)["run"] == run
    api.ask("GET", "lineage/datasets/nothing", 404)
    api.ask("GET", "runs/nothing/lineage", 404)
    assert api.server.ask("GET", f"omega/api/lineage/pages/{name}").status_code == 404
    for depth in ("0", "51", "x"):
        answer = api.server.ask("GET", f"omega/api/lineage/datasets/{name}?depth={depth}")
        assert answer.status_code == 400
        assert "depth" in answer.json()["message"]


def test_bad_names_are_bad_requests(api: Api) -> None:
    for name in ("a\x00b", "a/../b", "/a", "a//b", "a\nb", "x" * 600):
        for route in ("objects/datasets", "lineage/models", "revisions/jobs", "content/jobs"):
            answer = api.server.ask("GET", f"omega/api/{route}/{quoted(name)}")
            assert answer.status_code == 400, (route, name, answer.text)
            assert answer.json()["type"] == "InvalidNameError"
        answer = api.server.ask("DELETE", f"omega/api/objects/scripts/{quoted(name)}")
        assert answer.status_code == 400
    for name in ("a$b", "$a", "a.b"):
        api.ask("GET", f"objects/datasets/{quoted(name)}", 404)
    too_much = {"job": "x", "parameters": {"a": "x" * 17_000_000}}
    assert api.server.ask("POST", "omega/api/runs", json=too_much).status_code in {400, 404}
