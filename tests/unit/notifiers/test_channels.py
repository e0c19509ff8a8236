"""Each channel of ours passes the contract, against real servers."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from omegaml_lab.config import Config
from omegaml_lab.core.errors import NotificationError
from omegaml_lab.notifiers import posting
from omegaml_lab.notifiers.notifier import Notifiers
from omegaml_lab.testing.notifiers import NotifierContract
from tests.unit.notifiers.servers import (
    PASSWORD,
    certificate,
    free_port,
    hook_server,
    mail_server,
)


def settings(**given: str) -> Config:
    return Config.load(environ={}, home=Path("unused"), **given)


class Mail(NotifierContract):
    channel = "email"
    bad = ("", "ann", "a@b, c@d", "ann@example.org\r\nBcc: eve@example.org", "<a@b>", "a b@c",
           "a@b.", "a@b..c", "=?utf-8?q?a=2Cb?=@x.org")  # fmt: skip

    def address(self) -> str:
        return "ann@example.org"

    def received(self) -> list[str]:
        return [
            f"{message['Subject']}\n{message.get_content()}" for message in self.mailbox.messages
        ]

    def unreachable(self) -> tuple[Config, str]:
        return settings(smtp_url=f"smtp+plain://127.0.0.1:{free_port()}"), self.address()


class TestPlainMail(Mail):
    @pytest.fixture(autouse=True)
    def server(self):
        with mail_server() as self.mailbox:
            yield

    def config(self) -> Config:
        url = f"smtp+plain://127.0.0.1:{self.mailbox.port}"
        return settings(smtp_url=url, mail_from="omega@example.org")

    def test_headers_are_ours(self, notifier) -> None:
        notifier.send(self.notification())
        (message,) = self.mailbox.messages
        assert message["To"] == "ann@example.org"
        assert message["From"] == "Omega Lab <omega@example.org>"
        assert message["Message-ID"] == "<0123456789abcdef01234567@omega-lab.invalid>"
        assert self.mailbox.recipients == [["ann@example.org"]]

    @pytest.mark.parametrize(("answer", "final"), [("451 later", False), ("554 spam", True)])
    def test_a_refusal_is_told_for_good_or_not(self, notifier, answer, final) -> None:
        self.mailbox.answer = answer
        with pytest.raises(NotificationError, match=answer[:3]) as caught:
            notifier.send(self.notification())
        assert caught.value.final is final

    def test_who_is_not_there_is_not_tried_again(self, notifier) -> None:
        with pytest.raises(NotificationError, match="550") as caught:
            notifier.send(replace(self.notification(), address="nobody@example.org"))
        assert caught.value.final

    def test_without_a_server_or_a_sender_it_says_what_to_set(self) -> None:
        for config, missing in (
            (settings(mail_from="a@b"), "OMEGA_SMTP_URL"),
            (settings(smtp_url="smtp://localhost"), "OMEGA_MAIL_FROM"),
        ):
            with pytest.raises(NotificationError, match=missing) as caught:
                Notifiers.discover(config).notifier("email").send(self.notification())
            assert not caught.value.final

    def test_a_server_without_starttls_gets_nothing(self) -> None:
        url = f"smtp://127.0.0.1:{self.mailbox.port}"
        config = settings(smtp_url=url, mail_from="omega@example.org")
        with pytest.raises(NotificationError, match="STARTTLS"):
            Notifiers.discover(config).notifier("email").send(self.notification())
        assert self.mailbox.messages == []


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("tls"))


class Encrypted(Mail):
    scheme: str
    secret = None

    @pytest.fixture(autouse=True)
    def server(self, pem, monkeypatch):
        with mail_server(pem, starttls=self.scheme == "smtp") as self.mailbox:
            monkeypatch.setenv("SSL_CERT_FILE", str(pem))
            yield

    def config(self, password: str = "p%40ss%2Fw%3Ard") -> Config:
        host = f"localhost:{self.mailbox.port}"
        return settings(smtp_url=f"{self.scheme}://omega%40example.org:{password}@{host}")

    def test_signs_in_and_is_from_who_does(self, notifier) -> None:
        notifier.send(self.notification())
        assert self.mailbox.logins == [b"omega@example.org"]
        assert "omega@example.org" in self.mailbox.messages[0]["From"]

    def test_a_wrong_password_is_not_repeated(self) -> None:
        notifier = Notifiers.discover(self.config("wrong-secret")).notifier("email")
        with pytest.raises(NotificationError, match="refuses our user") as caught:
            notifier.send(self.notification())
        assert "wrong-secret" not in str(caught.value)
        assert PASSWORD not in str(caught.value)
        assert "wrong-secret" not in repr(notifier.config)

    def test_a_certificate_of_nobody_we_know_gets_nothing(self, notifier, monkeypatch) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
        with pytest.raises(NotificationError, match="CERTIFICATE_VERIFY_FAILED"):
            notifier.send(self.notification())
        assert self.mailbox.logins == []


class TestMailByStartTls(Encrypted):
    scheme = "smtp"


class TestMailByTls(Encrypted):
    scheme = "smtps"


class Webhook(NotifierContract):
    channel = "webhook"
    bad = ("", "ftp://x.org", "https://", "http://[", "https://x.org/a b", "javascript:alert(1)")
    secret = "T0KEN"

    @pytest.fixture(autouse=True)
    def server(self):
        with hook_server() as self.hook:
            yield

    def config(self) -> Config:
        return settings(webhook_hosts="elsewhere.example LOCALHOST")

    def address(self) -> str:
        return f"http://ann:T0KEN@localhost:{self.hook.port}/services/T0KEN?key=T0KEN"

    def received(self) -> list[str]:
        # Chats show what is escaped in their markup as it was.
        plain = [json.dumps(post, ensure_ascii=False) for post in self.hook.posts]
        return [text.replace("&lt;", "<").replace("&amp;", "&") for text in plain]

    def unreachable(self) -> tuple[Config, str]:
        return self.config(), f"http://localhost:{free_port()}/T0KEN"


class TestWebhook(Webhook):
    def test_programs_can_read_it(self, notifier) -> None:
        notifier.send(self.notification())
        (post,) = self.hook.posts
        assert post["event"] == "failed"
        assert post["run"]["job"] == "reports/flights"
        assert self.hook.headers[0]["Omega-Notification"] == post["id"]
        assert self.hook.headers[0]["Authorization"].startswith("Basic ")
        assert self.hook.paths == ["/services/T0KEN?key=T0KEN"]

    @pytest.mark.parametrize(
        ("status", "final"), [(404, True), (410, True), (429, False), (503, False)]
    )
    def test_a_refusal_is_told_for_good_or_not(self, notifier, status, final) -> None:
        self.hook.status = status
        with pytest.raises(NotificationError, match=str(status)) as caught:
            notifier.send(self.notification())
        assert caught.value.final is final

    def test_redirects_are_not_followed(self, notifier) -> None:
        with hook_server() as other:
            self.hook.status, self.hook.location = 307, f"http://127.0.0.1:{other.port}/"
            with pytest.raises(NotificationError, match="redirects are not followed"):
                notifier.send(self.notification())
            assert other.posts == []

    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]", "2130706433",
                 "169.254.169.254", "10.0.0.1", "[fd00::1]", "[fe80::1]", "100.64.0.1"],
    )  # fmt: skip
    def test_private_networks_are_closed(self, host) -> None:
        notifier = Notifiers.discover(settings()).notifier(self.channel)
        address = f"http://{host}:{self.hook.port}/T0KEN"
        with pytest.raises(NotificationError, match="private network") as caught:
            notifier.send(replace(self.notification(), address=address))
        assert caught.value.final
        assert self.hook.posts == []

    def test_a_server_that_drips_is_left(self, notifier, monkeypatch) -> None:
        monkeypatch.setattr(posting, "_LONGEST", 0.4)
        over = threading.Event()
        with socket.create_server(("127.0.0.1", 0)) as server:

            def drip() -> None:
                connection, _ = server.accept()
                with connection, contextlib.suppress(OSError):
                    while not over.wait(0.02):
                        connection.send(b"H")

            thread = threading.Thread(target=drip)
            thread.start()
            address = f"http://localhost:{server.getsockname()[1]}/"
            with pytest.raises(NotificationError, match="cannot be reached"):
                notifier.send(replace(self.notification(), address=address))
            over.set()
            thread.join()


class TestSlack(Webhook):
    channel = "slack"

    def test_nothing_of_a_job_is_markup(self, notifier) -> None:
        notifier.send(replace(self.notification(), title="<!channel> failed", link=None))
        assert "<!channel>" not in json.dumps(self.hook.posts)


class TestTeams(Webhook):
    channel = "teams"

    def test_it_is_a_card(self, notifier) -> None:
        notifier.send(self.notification())
        (attachment,) = self.hook.posts[0]["attachments"]
        assert attachment["content"]["type"] == "AdaptiveCard"
