"""Other people's runners execute our notebooks, and our runner takes parameters."""

import json
import pathlib
import subprocess

import nbclient
import nbconvert
import nbformat
import pytest

NOTEBOOKS = sorted((pathlib.Path(__file__).resolve().parents[3] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_nbclient_executes(path):
    notebook = nbformat.read(path, 4)
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="dtnotes", resources={"metadata": {"path": path.parent}}).execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "data" in output:
                assert "text/plain" in output["data"]
                assert output["data"].keys() != {"image/svg+xml"}
    nbformat.validate(notebook)


def test_nbconvert_executes_and_exports(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell('p := plot.New()\np.Title.Text = "exported"\np')])
    notebook.metadata["kernelspec"] = {"name": "dtnotes", "display_name": "Go (dtnotes)", "language": "go"}
    path = tmp_path / "n.ipynb"
    nbformat.write(notebook, path)
    executed, _ = nbconvert.preprocessors.ExecutePreprocessor(kernel_name="dtnotes").preprocess(nbformat.read(path, 4))
    page, _ = nbconvert.HTMLExporter().from_notebook_node(executed)
    assert "<svg" in page or "image/png;base64" in page
    source, _ = nbconvert.ScriptExporter().from_notebook_node(executed)
    assert 'p.Title.Text = "exported"' in source


def test_error_stops_a_run():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in ('panic("as meant")', "1 + 1")])
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="as meant"):
        nbclient.NotebookClient(notebook, kernel_name="dtnotes").execute()


def test_run_takes_parameters(program, tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_code_cell('lag := 1\nname := "nobody"', metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("fmt.Sprint(name, lag*2)"),
    ])
    path, out = tmp_path / "n.ipynb", tmp_path / "out.ipynb"
    nbformat.write(notebook, path)
    subprocess.run([program, "run", path, "-o", out, "-p", "lag=21", "-p", 'name="answer "'], check=True, capture_output=True)
    outputs = [o for c in json.loads(out.read_text())["cells"] for o in c.get("outputs", [])]
    assert "".join(outputs[-1]["data"]["text/plain"]) == "answer 42"
