"""People who follow a link: what they see where no page is for them, and how they sign in."""

from __future__ import annotations

import html
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from jupyter_server.auth.login import LoginFormHandler
from jupyter_server.utils import url_path_join
from tornado.httputil import url_concat

if TYPE_CHECKING:
    from jupyter_server.base.handlers import JupyterHandler

__all__ = ["plain_page", "send_to_login"]

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{heading}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; font-family: system-ui, sans-serif; }}
main {{ max-width: 36rem; margin: 20vh auto; padding: 0 1.5rem; line-height: 1.5; }}
h1 {{ font-size: 1.5rem; font-weight: 600; }} p {{ opacity: 0.8; overflow-wrap: anywhere; }}
</style></head><body><main><h1>{heading}</h1><p>{message}</p>{link}</main></body></html>
"""
_PAGE_ADVICE = (
    "This link leads to a report of Omega Lab. If you have no account on this server, ask whoever "
    "sent it to you: they can open the report to anyone with the link."
)
_LIVE_ADVICE = (
    "This link leads to a live report of Omega Lab, which runs a notebook for you: it is for "
    "people with an account on this server only. If you have none, ask whoever sent it to you for "
    "the link of its page, which can be opened to anyone."
)


def plain_page(heading: str, message: str, *, link: tuple[str, str] | None = None) -> str:
    """Return a page that says something, with a link, its address first, if there is one."""
    leads = f'<a href="{html.escape(link[0])}">{html.escape(link[1])}</a>' if link else ""
    return _PAGE.format(heading=html.escape(heading), message=html.escape(message), link=leads)


def send_to_login(handler: JupyterHandler, *, live: bool = False) -> None:
    """Lead who is not signed in to the login, and back to the report they asked for.

    Jupyter's own form asks for a "password or token" and says no more. Who was sent a link learns
    first what it is, whether there is such a report or not. Other logins, such as JupyterHub's,
    know whoever is signed in there, and are gone to at once.
    """
    login = handler.get_login_url()
    if "?" not in login:  # JupyterHub's knows the way back, and takes nothing more
        login = url_concat(login, {"next": handler.request.uri})
    own = url_path_join(handler.base_url, "login")
    form = handler.identity_provider.login_handler_class
    is_form = isinstance(form, type) and issubclass(form, LoginFormHandler)
    if not is_form or urlsplit(login).path != own:
        handler.redirect(login)
        return
    handler.set_status(HTTPStatus.FORBIDDEN)
    handler.set_header("Content-Type", "text/html; charset=UTF-8")
    handler.set_header("Cache-Control", "no-store")  # it is another page a moment later
    heading = "This report is for people signed in"
    advice = _LIVE_ADVICE if live else _PAGE_ADVICE
    handler.finish(plain_page(heading, advice, link=(login, "Sign in")))
