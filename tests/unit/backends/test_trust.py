"""A pickle that somebody planted, in whatever kind of model, does not run."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LinearRegression

from omegaml_lab.config import Config
from omegaml_lab.core.errors import (
    ConfigError,
    IntegrityError,
    UnsupportedObjectError,
    UntrustedObjectError,
)
from omegaml_lab.omega import Omega
from tests import tamper

if TYPE_CHECKING:
    from collections.abc import Iterator

REFUSED = (IntegrityError, UntrustedObjectError)
PICKLE = "python.pickle"


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


@pytest.fixture
def trace(tmp_path: Path) -> Iterator[Path]:
    """The file that is there once the planted code has run."""
    file = tmp_path / "it ran"
    yield file
    assert not file.exists()


def in_a_zip(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "."), data)
    return out.getvalue()


def object_array(content: object) -> bytes:
    out = io.BytesIO()
    np.save(out, np.array([content], dtype=object), allow_pickle=True)
    return out.getvalue()


def planted(kind: str, file: Path) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Yield payloads of a kind with a pickle where something else should be."""
    evil = pickle.dumps(Evil(file))
    joblibs = io.BytesIO()
    joblib.dump(Evil(file), joblibs)
    meta: dict[str, Any] = {"class": "XGBClassifier"} if kind == "xgboost.ubj" else {"names": []}
    yield evil, meta
    yield joblibs.getvalue(), meta
    yield in_a_zip(data__pkl=evil, version=b"3"), meta  # as torch.save writes it
    yield object_array(Evil(file)), meta
    if kind == "sklearn.skops":
        array = skops.io.dumps(np.zeros(3))
        with zipfile.ZipFile(io.BytesIO(array)) as archive:
            (name,) = set(archive.namelist()) - {"schema.json"}
            schema = archive.read("schema.json")
        members = {"schema__json": schema, name.replace(".", "__"): object_array(Evil(file))}
        yield in_a_zip(**members), meta
    if kind == "keras.archive":
        yield in_a_zip(config__json=evil), meta
        for config in keras_configs(file):
            yield in_a_zip(config__json=json.dumps(config).encode()), meta


def keras_configs(file: Path) -> Iterator[dict[str, Any]]:
    yield {"class_name": "Path", "module": "pathlib", "config": {"path": str(file)}}
    layer = {"class_name": "__lambda__", "config": {"value": "x"}}
    yield {"class_name": "Sequential", "module": "keras", "config": {"layers": [layer]}}
    layer = {"class_name": "system", "module": "os", "registered_name": "system", "config": {}}
    yield {"class_name": "Sequential", "module": "keras", "config": {"layers": [layer]}}


@pytest.mark.parametrize(
    ("kind", "library"),
    [
        ("sklearn.skops", "sklearn"),
        ("xgboost.ubj", "xgboost"),
        ("lightgbm.text", "lightgbm"),
        ("onnx.model", "onnx"),
        ("mlflow.folder", "mlflow"),
        ("torch.state", "torch"),
        ("keras.archive", "keras"),
        (PICKLE, "pickle"),
    ],
)
def test_a_planted_pickle_does_not_run(omega: Omega, kind: str, library: str, trace: Path) -> None:
    if find_spec(library) is None:
        pytest.skip(f"`pip install {library}` gets it")
    for number, (data, meta) in enumerate(planted(kind, trace)):
        tamper.plant(omega, f"planted{number}", kind, data, meta)
        with pytest.raises((*REFUSED, ValueError)):
            omega.models.get(f"planted{number}")


def test_a_pickle_is_kept_only_when_asked_for(omega: Omega, trace: Path) -> None:
    with pytest.raises(UnsupportedObjectError):
        omega.models.put(Evil(trace), "x")
    assert omega.models.list() == []
    with pytest.raises(UnsupportedObjectError, match="lock"):
        omega.models.put(__import__("threading").Lock(), "x", kind=PICKLE)


def test_what_a_notebook_defines_goes_along(omega: Omega) -> None:
    factor = 3
    omega.models.put(lambda x: factor * x, "a@b %(+)[$.]", kind=PICKLE)
    (name,) = omega.models.list()
    assert omega.models.rename(omega.models.resolve(name), "new").kind == PICKLE
    assert omega.models.get("new")(2) == 6
    assert omega.models.metadata("new").attributes["signed_with"]


def test_a_signature_is_good_for_one_content_and_kind(omega: Omega, trace: Path) -> None:
    omega.models.put({"a": 1}, "x", kind=PICKLE)
    signature = tamper.head(omega, "x")["payload"]["meta"]["signature"]
    for meta in ({}, {"signature": {}}, {"signature": {**signature, "mac": "0" * 64}}):
        tamper.plant(omega, "planted", PICKLE, pickle.dumps(Evil(trace)), meta)
        with pytest.raises(UntrustedObjectError):
            omega.models.get("planted")
    tamper.plant(omega, "planted", PICKLE, pickle.dumps(Evil(trace)), {"signature": signature})
    with pytest.raises(UntrustedObjectError, match="changed it"):
        omega.models.get("planted")
    content = pickle.dumps({"a": 1}, protocol=5)
    other = omega.storage.signer.sign("mlflow.folder", content)
    tamper.plant(omega, "planted", PICKLE, content, {"signature": other})
    with pytest.raises(UntrustedObjectError):
        omega.models.get("planted")
    tamper.replace_payload(omega, "planted", tamper.head(omega, "x")["payload"])
    assert omega.models.get("planted") == {"a": 1}  # the same content, under another name


def test_keys_are_shared_by_setting_and_can_be_changed(omega: Omega, tmp_path: Path) -> None:
    def opened(**settings: Any) -> Omega:
        # At another home, which has another key.
        config = Config.load(environ={}, home=tmp_path / "b", mongo_url=omega.url, **settings)
        return Omega(config=config)

    omega.models.put({"a": 1}, "x", kind=PICKLE)
    with opened() as stranger, pytest.raises(UntrustedObjectError, match="OMEGA_SIGNING_KEY"):
        stranger.models.get("x")
    file = omega.config.home / "signing.key"
    assert file.stat().st_mode & 0o077 == 0
    old, new = file.read_text(), "n" * 32
    with opened(signing_key=old) as friend:
        assert friend.models.get("x") == {"a": 1}
    keys = tmp_path / "keys"
    keys.write_text(f"{new}\n{old}\n")
    with opened(signing_key_file=keys) as changed:
        assert changed.models.get("x") == {"a": 1}
        changed.models.put({"b": 2}, "y", kind=PICKLE)
    with opened(signing_key=new) as later:
        assert later.models.get("y") == {"b": 2}
        assert "nnn" not in repr(later.config)
        with pytest.raises(UntrustedObjectError, match="unknown"):
            later.models.get("x")


@pytest.mark.parametrize("content", ["", "too short", "k" * 64 + "\nshort\n"])
def test_keys_that_can_be_guessed_are_none(omega: Omega, content: str) -> None:
    omega.config.home.mkdir(exist_ok=True)
    (omega.config.home / "signing.key").write_text(content)
    with pytest.raises(ConfigError):
        omega.models.put({"a": 1}, "x", kind=PICKLE)
    with pytest.raises(ConfigError, match="openssl"):
        Config.load(environ={"OMEGA_SIGNING_KEY": "short"}, home=omega.config.home)


def test_a_folder_of_mlflow_is_loaded_only_when_signed(omega: Omega, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "data").mkdir(parents=True)
    (folder / "MLmodel").write_text("flavors: {python_function: {loader_module: os}}\n")
    (folder / "data" / "ünï code.bin").write_bytes(b"x" * 100)
    (folder / "empty").touch()
    put = omega.models.put(folder, "m")
    assert (put.kind, put.attributes["flavors"]) == ("mlflow.folder", ["python_function"])
    target = omega.models.export("m", tmp_path / "out")
    files = {p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file()}
    assert files == {"MLmodel", "data/ünï code.bin", "empty"}
    if find_spec("mlflow") is not None:
        with pytest.raises(UntrustedObjectError, match="sign=True"):
            omega.models.get("m")
    (folder / "leads out").symlink_to(tmp_path)
    (folder / "out").symlink_to("/etc/hostname")
    with pytest.raises(UnsupportedObjectError, match="leads out"):
        omega.models.put(folder, "m")


@pytest.mark.parametrize("name", ["../out", "/abs", "a/../../out", "C:\\x", "a\\..\\..\\b"])
def test_a_file_of_a_folder_is_not_written_elsewhere(
    omega: Omega, tmp_path: Path, name: str
) -> None:
    data = in_a_zip(**{"MLmodel": b"flavors: {}", name: b"x"})
    tamper.plant(omega, "m", "mlflow.folder", data, {})
    with pytest.raises(UntrustedObjectError, match="elsewhere"):
        omega.models.export("m", tmp_path / "target")
    assert {p.name for p in tmp_path.iterdir()} <= {"home"}


def test_what_stays_is_loaded(omega: Omega) -> None:
    # The files that earlier versions wrote, with skops itself.
    model = LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0])
    tamper.plant(omega, "old", "sklearn.skops", skops.io.dumps(model), {})
    assert omega.models.get("old").predict([[2.0]]) == pytest.approx(5.0)
