"""A Go translator for papermill: import this file before papermill.execute_notebook, and parameters of
notebooks in Go are injected as assignments to the variables that the cell tagged "parameters" declares.
Who does not use papermill needs none of it: dtnotes run -p NAME=VALUE does the same."""

import json
import math

from papermill.translators import Translator, papermill_translators


class GoTranslator(Translator):
    """Writes values of Python as expressions of Go."""

    @classmethod
    def translate_none(cls, val):
        return "nil"

    @classmethod
    def translate_bool(cls, val):
        return "true" if val else "false"

    @classmethod
    def translate_float(cls, val):
        if math.isfinite(val):
            return repr(float(val))
        return "math.NaN()" if math.isnan(val) else f"math.Inf({1 if val > 0 else -1})"

    @classmethod
    def translate_str(cls, val):
        text = json.dumps(val)  # Go reads surrogate pairs only as characters
        return json.dumps(val, ensure_ascii=False) if "\\ud" in text.lower() else text

    @classmethod
    def element(cls, values):
        """The type of the elements of a list or map."""
        for kind, name in ((bool, "bool"), (int, "int"), (str, "string")):
            if values and all(type(v) is kind for v in values):
                return name
        return "float64" if values and all(type(v) in (int, float) for v in values) else "any"

    @classmethod
    def translate_list(cls, val):
        return f"[]{cls.element(val)}{{{', '.join(cls.translate(v) for v in val)}}}"

    @classmethod
    def translate_dict(cls, val):
        pairs = (f"{cls.translate_str(str(k))}: {cls.translate(v)}" for k, v in val.items())
        return f"map[string]{cls.element(list(val.values()))}{{{', '.join(pairs)}}}"

    @classmethod
    def comment(cls, cmt_str):
        return f"// {cmt_str}".strip()

    @classmethod
    def assign(cls, name, str_val):
        return f"{name} = {str_val}"


papermill_translators.register("go", GoTranslator)
