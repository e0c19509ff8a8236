"""The example notebooks run on a real repository, and leave there what they say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import papermill
import pytest

if TYPE_CHECKING:
    from omegaml_lab.config import Config
    from omegaml_lab.omega import Omega

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))


@pytest.fixture
def execute(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A function that executes an example with papermill, in the repository of this test."""
    monkeypatch.setenv("OMEGA_MONGO_URL", config.mongo_url or "")
    monkeypatch.setenv("OMEGA_HOME", str(config.home))

    def run(name: str, **parameters: Any) -> nbformat.NotebookNode:
        return papermill.execute_notebook(
            EXAMPLES / f"{name}.ipynb", tmp_path / "result.ipynb", parameters, progress_bar=False
        )

    return run


def outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def texts(notebook: nbformat.NotebookNode) -> str:
    shown = (output.get("data", {}).get("text/markdown", "") for output in outputs(notebook))
    return "\n".join(shown)


def complaints(notebook: nbformat.NotebookNode) -> list[str]:
    return [o.text for o in outputs(notebook) if o.output_type == "stream" and o.name == "stderr"]


def pictures(notebook: nbformat.NotebookNode) -> int:
    return sum("image/png" in output.get("data", {}) for output in outputs(notebook))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_example_is_clean_and_valid(path: Path) -> None:
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert outputs(notebook) == []
    assert [c for c in notebook.cells if c.get("execution_count") is not None] == []
    assert notebook.cells[0].cell_type == "markdown"


@pytest.mark.parametrize(
    ("name", "types"),
    [
        (
            "flights",
            {
                "carrier": "str",
                "first_month": "int",
                "last_month": "int",
                "late_minutes": "int",
                "train_model": "bool",
            },
        ),
        ("weather", {"origin": "str", "months": "list", "worst_days": "int"}),
        ("dashboard", {}),
    ],
)
def test_parameters_are_typed_and_explained(name: str, types: dict[str, str]) -> None:
    declared = papermill.inspect_notebook(EXAMPLES / f"{name}.ipynb")
    assert {key: value["inferred_type_name"] for key, value in declared.items()} == types
    assert all(value["help"] for value in declared.values())


def test_flights_leaves_a_report_a_table_and_a_model(execute, omega: Omega) -> None:
    result = execute("flights", carrier="AA", first_month=5, last_month=7)
    assert complaints(result) == []
    assert pictures(result) == 3
    assert "American Airlines" in texts(result)

    table = omega.datasets.get("delays/AA by month and hour")
    assert list(table["month"]) == [5, 6, 7]
    assert table.drop(columns="month").stack().between(0, 1).all()

    metadata = omega.models.metadata("delays/AA")
    auc, baseline = (metadata.attributes[key] for key in ("auc", "auc_of_share_by_hour"))
    assert auc > baseline > 0.5
    model = omega.models.get("delays/AA")
    row = {"origin": "JFK", "dest": "LAX", "month": 6, "weekday": 4, "distance": 2475}
    row |= {"temp": 80, "humid": 60, "wind_speed": 10, "precip": 0, "pressure": 1012, "visib": 10}
    morning, evening = (
        model.predict_proba(_frame({**row, "hour": hour}))[0, 1] for hour in (7, 19)
    )
    assert 0 < morning < evening < 1


def _frame(row: dict[str, Any]) -> Any:
    import pandas as pd

    return pd.DataFrame([row])


@pytest.mark.long
def test_second_analysis_reads_what_the_first_has_put(execute, omega: Omega) -> None:
    execute("weather", origin="JFK", months=[1, 2], worst_days=3)
    assert omega.datasets.metadata("weather").revision == 1
    result = execute("flights", carrier="HA", train_model=False)
    assert omega.datasets.metadata("flights").revision == 1
    assert not omega.models.exists("delays/HA")
    assert "No model was trained" in texts(result)
    daily = omega.datasets.get("delays/JFK by day")
    assert daily["date"].dt.month.unique().tolist() == [1, 2]


@pytest.mark.long
def test_wrong_parameter_says_what_is_right(execute) -> None:
    with pytest.raises(papermill.PapermillExecutionError, match="must be one of 9E, AA, AS"):
        execute("flights", carrier="XX")


@pytest.mark.long
def test_dashboard_draws(execute) -> None:
    result = execute("dashboard")
    assert complaints(result) == []
    widgets = result.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    drawn = [state for state in widgets.values() if state["model_name"] == "OutputModel"]
    assert "image/png" in drawn[0]["state"]["outputs"][0]["data"]
