"""The broker's address and queues, without a server."""

from __future__ import annotations

import pytest

from omegaml_lab.core.errors import BrokerUnavailableError, ConfigError
from omegaml_lab.runtime.broker.broker import Broker, queue_of

NOWHERE = "127.0.0.1:9"


def test_an_address_has_no_password() -> None:
    mongo = "mongodb://user:secret@h1:1,h2:2/db?replicaSet=rs0"
    assert Broker(None, mongo_url=mongo, database="db").address == "h1:1,h2:2"
    assert Broker("amqp://u:secret@r:5672//", mongo_url=mongo, database="db").address == "r:5672"
    assert Broker("amqp://u:sec/ret@r//", mongo_url=mongo, database="db").address == "r"
    assert Broker("amqp://r:5672//", mongo_url=mongo, database="db").address == "r:5672"


def test_only_mongodb_can_stand_in_for_a_broker() -> None:
    with pytest.raises(ConfigError):
        Broker(None, mongo_url="http://x", database="db")


def test_queues_are_of_one_repository_and_label() -> None:
    assert queue_of("a", "gpu") != queue_of("b", "gpu") != queue_of("b", "default")


@pytest.mark.parametrize(
    "url", [None, f"amqp://u:secret@{NOWHERE}//"], ids=["through mongodb", "rabbitmq"]
)
def test_a_broker_that_is_away_is_said_to_be(url: str | None) -> None:
    mongo = f"mongodb://u:secret@{NOWHERE}/db?serverSelectionTimeoutMS=200"
    with pytest.raises(BrokerUnavailableError, match=NOWHERE) as caught:
        Broker(url, mongo_url=mongo, database="db").check()
    assert "secret" not in str(caught.value)
