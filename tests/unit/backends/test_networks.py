"""Networks of Keras and PyTorch that cannot be made again as they are: what is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from omegaml_lab.core.errors import InvalidOptionError, UntrustedObjectError

if TYPE_CHECKING:
    from omegaml_lab.omega import Omega


def test_own_layers_of_keras(omega: Omega) -> None:
    keras = pytest.importorskip("keras")

    class Own(keras.layers.Layer):  # type: ignore[misc, name-defined]
        def call(self, rows: object) -> object:
            return rows

    class Strict(keras.Model):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()

        def call(self, rows: object) -> object:
            return rows

    Own.__module__ = Strict.__module__ = "__main__"  # as in a notebook
    rows = keras.Input((3,))
    omega.models.put(keras.Sequential([rows, Own()]), "own")
    with pytest.raises(InvalidOptionError, match=r"class 'Own'\. .*custom_objects=") as caught:
        omega.models.get("own")
    assert len(str(caught.value)) < 400
    assert omega.models.get("own", custom_objects={"Own": Own}).built
    omega.models.put(Strict(), "strict")
    with pytest.raises(InvalidOptionError, match="unexpected keyword argument 'trainable'"):
        omega.models.get("strict", custom_objects={"Strict": Strict})
    lamb = keras.layers.Lambda(lambda x: x)
    with pytest.raises(UntrustedObjectError, match="not kept"):
        omega.models.put(keras.Sequential([rows, lamb]), "lambda")


def test_a_module_of_torch_that_is_made_otherwise(omega: Omega) -> None:
    nn = pytest.importorskip("torch").nn
    omega.models.put(nn.Sequential(nn.Linear(3, 2)), "net")
    with pytest.raises(InvalidOptionError, match=r"Unexpected key.*Pass into=.*weights=True"):
        omega.models.get("net")
    assert omega.models.get("net", into=nn.Sequential(nn.Linear(3, 2)))[0].out_features == 2
