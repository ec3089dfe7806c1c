"""papermill with the translator for Go."""

import pathlib
import sys

import nbformat
import pytest

papermill = pytest.importorskip("papermill")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "notebook"))


def test_parameters(program, tmp_path):
    import papermill_go  # noqa: F401  registers the translator
    nb = nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_code_cell('n, x, on := 1, 0.5, false\nname := "none"\nlist := []int{}\nnames := []string{}\nlimits := map[string]float64{}',
                                  metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell('fmt.Println(n, x, on, name, list, names, limits)')])
    nb.metadata["kernelspec"] = {"name": "dtnotes", "display_name": "Go (dtnotes)", "language": "go"}
    nbformat.write(nb, tmp_path / "in.ipynb")
    out = papermill.execute_notebook(str(tmp_path / "in.ipynb"), str(tmp_path / "out.ipynb"), progress_bar=False, parameters={
        "n": 3, "x": 2.0, "on": True, "name": 'a "b" \U0001f600\n', "list": [1, 2], "names": ["p", "q"], "limits": {"cpu": 1, "io": 0.5}})
    text = out.cells[-1].outputs[0].text
    assert text == '3 2 true a "b" \U0001f600\n [1 2] [p q] map[cpu:1 io:0.5]\n', text
