"""Saves that expect what they replace, with several servers on one repository."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tornado.web import HTTPError

from omegaml_lab.omega import Omega
from omegaml_lab.server.contents.contents import OmegaContentsManager
from tests.integration.notebooks import notebook

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITERS = 4
ROUNDS = 10


@pytest.fixture(scope="module")
def managers(
    shared: Omega, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[OmegaContentsManager]]:
    """Two servers' managers, each with a connection of its own."""
    place = str(tmp_path_factory.mktemp("disk"))
    with Omega(config=shared.config) as other:
        yield [
            OmegaContentsManager(omega=each, root="repository", root_dir=place)
            for each in (shared, other)
        ]


def text(content: str, **more: Any) -> dict[str, Any]:
    return {"type": "file", "format": "text", "content": content, **more}


async def save(manager: OmegaContentsManager, model: dict[str, Any], path: str) -> Any:
    """Return the model of what was saved, or the error that refused it."""
    try:
        return await manager.save(model, path)
    except HTTPError as error:
        return error


@pytest.mark.parametrize("name", ["a.txt", "ü 100% [x].$y.ipynb"])
def test_of_those_who_saw_the_same_one_gets_through(
    managers: list[OmegaContentsManager], shared: Omega, name: str
) -> None:
    def model(source: str, **more: Any) -> dict[str, Any]:
        if name.endswith(".txt"):
            return text(source, **more)
        content = notebook(source)
        return {"type": "notebook", "format": "json", "content": content, **more}

    async def race() -> list[str]:
        last = await managers[0].save(model("start"), name)
        won = ["start"]
        for number in range(ROUNDS):
            sources = [f"{number}.{writer}" for writer in range(WRITERS)]
            answers = await asyncio.gather(
                *(
                    save(managers[index % 2], model(source, expect=last["hash"]), name)
                    for index, source in enumerate(sources)
                )
            )
            through = [i for i, answer in enumerate(answers) if isinstance(answer, dict)]
            refused = [answer for answer in answers if isinstance(answer, HTTPError)]
            assert len(through) == 1
            assert {error.status_code for error in refused} == {409}
            last = answers[through[0]]
            won.append(sources[through[0]])
        return won

    won = asyncio.run(race())
    states = shared.jobs.history(name)
    assert [state.revision for state in states] == list(range(len(won), 0, -1))
    for state, source in zip(states, reversed(won), strict=True):
        kept = shared.jobs.read_bytes(f"{name}@{state.revision}").decode()
        assert source in kept


def test_a_refusal_says_why_and_changes_nothing(
    managers: list[OmegaContentsManager], shared: Omega
) -> None:
    mine, theirs = managers
    opened = asyncio.run(mine.save(text("start"), "1.txt"))
    asyncio.run(theirs.save(text("theirs"), "1.txt"))
    refused = asyncio.run(save(mine, text("mine", expect=opened["hash"]), "1.txt"))
    assert refused.status_code == 409
    assert f"{shared.config.user} saved it as revision 2" in str(refused)
    assert shared.jobs.read_bytes("1.txt") == b"theirs"

    now = asyncio.run(mine.get("1.txt", content=False, require_hash=True))
    asyncio.run(mine.save(text("merged", expect=now["hash"]), "1.txt"))
    assert shared.jobs.read_bytes("1.txt") == b"merged"
    assert shared.jobs.read_bytes("1.txt@2") == b"theirs"


def test_what_is_gone_is_not_made_again(
    managers: list[OmegaContentsManager], shared: Omega
) -> None:
    mine, theirs = managers
    opened = asyncio.run(mine.save(text("start"), "2.txt"))
    asyncio.run(theirs.rename("2.txt", "2b.txt"))
    refused = asyncio.run(save(mine, text("mine", expect=opened["hash"]), "2.txt"))
    assert (refused.status_code, "deleted or renamed" in str(refused)) == (409, True)
    assert shared.jobs.find("2.txt") is None
    followed = asyncio.run(save(mine, text("mine", expect=opened["hash"]), "2b.txt"))
    assert followed["path"] == "2b.txt"


def test_equal_content_is_no_conflict(managers: list[OmegaContentsManager]) -> None:
    mine, theirs = managers
    opened = asyncio.run(mine.save(text("same"), "3.txt"))
    asyncio.run(theirs.save(text("same"), "3.txt"))
    saved = asyncio.run(save(mine, text("mine", expect=opened["hash"]), "3.txt"))
    assert saved["path"] == "3.txt"


def test_what_is_expected_must_be_a_hash(managers: list[OmegaContentsManager]) -> None:
    asyncio.run(managers[0].save(text("start"), "4.txt"))
    assert asyncio.run(save(managers[0], text("x", expect=1), "4.txt")).status_code == 400


def test_a_folder_in_its_place_is_a_wrong_type(managers: list[OmegaContentsManager]) -> None:
    opened = asyncio.run(managers[0].save(text("start"), "5"))
    asyncio.run(managers[1].delete("5"))
    asyncio.run(managers[1].save({"type": "directory"}, "5"))
    refused = asyncio.run(save(managers[0], text("x", expect=opened["hash"]), "5"))
    assert refused.status_code == 400


def test_who_saved_between_the_look_and_the_save_of_a_request_is_not_lost(
    managers: list[OmegaContentsManager], shared: Omega
) -> None:
    async def requests() -> None:
        mine, theirs = managers
        opened = await mine.save(text("1"), "looked.txt")
        assert await mine.file_exists("looked.txt")  # as Jupyter asks before each save
        await theirs.save(text("theirs"), "looked.txt")
        refused = await save(mine, text("mine", expect=opened["hash"]), "looked.txt")
        assert isinstance(refused, HTTPError)
        assert refused.status_code == 409
        assert await mine.file_exists("looked.txt")
        await theirs.save(text("theirs again"), "looked.txt")
        await mine.save(text("mine"), "looked.txt")

    asyncio.run(requests())
    said = [shared.jobs.get(f"looked.txt@{n}") for n in (1, 2, 3, 4)]
    assert said == [b"1", b"theirs", b"theirs again", b"mine"]
