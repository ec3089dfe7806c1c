"""Times scikit-learn on a CSV: one step, seconds on standard output.

usage: peer.py pipeline|lasso|affinity FILE.csv
"""
import sys
import time
import warnings

import numpy as np
from sklearn.cluster import affinity_propagation
from sklearn.covariance import GraphicalLassoCV
from sklearn.manifold import LocallyLinearEmbedding

warnings.simplefilter("ignore")
step, path = sys.argv[1:]
x = np.loadtxt(path, delimiter=",", skiprows=1)
start = time.perf_counter()
if step == "affinity":
    affinity_propagation(x @ x.T / x.shape[1], random_state=0)
else:
    x = (x - x.mean(0)) / x.std(0)
    model = GraphicalLassoCV(alphas=4, n_refinements=4, cv=5).fit(x)
    if step == "pipeline":
        affinity_propagation(model.covariance_, random_state=0)
        k = min(6, x.shape[1] - 1)
        LocallyLinearEmbedding(n_components=2, n_neighbors=k, eigen_solver="dense").fit_transform(x.T)
print(time.perf_counter() - start)
