"""Counts captures as a Python user would, for comparison.

usage: peer.py text|csv activity|log FILE OUT

Reads a capture's text line by line (text), or its rows as CSV with pandas
(csv), to a matrix of seconds x sources. Prints the seconds that this took, the
best of three. Writes the sources, a line each, a blank line, and the matrix as
64-bit floats to OUT.
"""

import sys
import time

import numpy as np


def dense(rows, first, last):
    """rows: of each second, what each "kind name" did."""
    order = sorted(set().union(*rows.values()))
    column = {name: j for j, name in enumerate(order)}
    x = np.zeros((last - first + 1, len(order)))
    for second, row in rows.items():
        x[second - first, [column[name] for name in row]] = list(row.values())
    return order, x


def activity(path):
    rows, first, second = {}, None, 0
    with open(path) as f:
        for line in f:
            name, _, value = line.rpartition(" ")
            if name:
                row[name] = row.get(name, 0) + int(value)
            elif line != "\n":
                stamp = int(line)
                first = first or stamp
                second = round((stamp - first) / 1e9)
                row = rows.setdefault(second, {})
    return dense(rows, 0, second)


def log(path):
    rows = {}
    with open(path) as f:
        for line in f:
            words = line.split(" ")
            row = rows.setdefault(int(words[0]) // 10**9, {})
            name = words[-4] + " " + " ".join(words[4:-4])
            row[name] = row.get(name, 0) + 1
    return dense(rows, min(rows), max(rows))


def activity_csv(path):
    import pandas as pd

    frame = pd.read_csv(path)
    frame["second"] = ((frame["time"] - frame["time"][0]) / 1e9).round().astype(int)
    return pivoted(frame.pivot(index="second", columns=["kind", "execname"], values="value"))


def log_csv(path):
    import pandas as pd

    frame = pd.read_csv(path)
    frame["second"] = frame["time"] // 10**9
    return pivoted(frame.pivot_table(index="second", columns=["probe", "execname"], values="time", aggfunc="count"))


def pivoted(wide):
    sources = [" ".join(c) for c in wide.columns]
    order = sorted(range(len(sources)), key=sources.__getitem__)
    return [sources[j] for j in order], wide.fillna(0).to_numpy(float)[:, order]


how, kind, path, out = sys.argv[1:]
run = {"text activity": activity, "text log": log, "csv activity": activity_csv, "csv log": log_csv}[how + " " + kind]
best = float("inf")
for _ in range(3):
    begin = time.perf_counter()
    sources, x = run(path)
    best = min(best, time.perf_counter() - begin)
print(best)
with open(out, "wb") as f:
    f.write("".join(s + "\n" for s in sources).encode() + b"\n" + np.ascontiguousarray(x, "<f8").tobytes())
