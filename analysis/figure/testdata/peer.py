"""Draws with matplotlib what a benchmark of this package draws and prints the median seconds of a drawing.

usage: peer.py graph|xkcd svg|png < FIGURE.json

The graph after the example of scikit-learn's stock market: nodes, edges colored and as wide as their weight, boxed
labels, at positions given; the lines with matplotlib's own xkcd().
"""
import io
import json
import statistics
import sys
import time

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection

what, kind = sys.argv[1:3]
f = json.load(sys.stdin)


def save(fig):
    fig.savefig(io.BytesIO(), format=kind, dpi=192 if kind == "png" else 72)
    plt.close(fig)


def graph():
    fig = plt.figure(figsize=(8.333, 7.5))
    ax = plt.axes([0.0, 0.0, 1.0, 1.0])
    ax.axis("off")
    xy = np.array([[n["X"], n["Y"]] for n in f["Nodes"]])
    ax.scatter(xy[:, 0], xy[:, 1], s=[60 + n["Activity"] for n in f["Nodes"]], c=[n["Cluster"] for n in f["Nodes"]],
               cmap="tab20", zorder=2)
    width = np.array([abs(e["Weight"]) for e in f["Edges"]])
    lines = LineCollection([[xy[e["From"]], xy[e["To"]]] for e in f["Edges"]], zorder=0, cmap="hot_r",
                           norm=plt.Normalize(0, 0.7 * width.max()))
    lines.set_array(width)
    lines.set_linewidths(10 * width)
    ax.add_collection(lines)
    for n, (x, y) in zip(f["Nodes"], xy):
        ax.text(x, y, n["Name"], size=10, bbox={"facecolor": "w", "edgecolor": "k", "alpha": 0.6})
    save(fig)


def xkcd():
    with plt.xkcd():
        plt.rcParams["font.family"] = ["DejaVu Sans"]
        fig, ax = plt.subplots(figsize=(8.333, 4.2))
        for name, row in zip(f["Names"], f["Values"]):
            ax.plot(f["Times"], row, label=name)
        ax.legend()
        save(fig)


draw = {"graph": graph, "xkcd": xkcd}[what]
times = []
draw()
for _ in range(9):
    start = time.perf_counter()
    draw()
    times.append(time.perf_counter() - start)
print(statistics.median(times))
