"""The REST API as programs use it: each exchange is checked against the OpenAPI document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openapi_core import OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse

from tests.integration.processes import until

if TYPE_CHECKING:
    from tests.integration.servers import Server


class Api:
    """Asks a server, and checks each exchange against its OpenAPI document."""

    def __init__(self, server: Server) -> None:
        self.server = server
        document = server.get("omega/api/openapi.json")
        document["servers"] = [{"url": f"{server.url}omega/api"}]
        self.openapi = OpenAPI.from_dict(document)

    def ask(self, method: str, route: str, status: int, body: Any = None, /, **params: Any) -> Any:
        """Return the JSON of an answer with this status."""
        url = f"omega/api/{route}"
        answer = self.server.ask(method, url, json=body, params=params)
        assert answer.status_code == status, answer.text
        request = RequestsOpenAPIRequest(answer.request)
        self.openapi.validate_response(request, RequestsOpenAPIResponse(answer))
        if answer.ok:
            self.openapi.validate_request(request)
        return answer.json() if answer.content else None

    def ended(self, run: Any) -> Any:
        """Return a run once it has ended."""
        url = f"runs/{run['id']}"
        final = {"succeeded", "failed", "cancelled"}
        until(
            lambda: self.ask("GET", url, 200)["status"] in final,
            what=lambda: str(self.ask("GET", url, 200)),
        )
        return self.ask("GET", url, 200)
