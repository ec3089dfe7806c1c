"""Scores of scikit-learn's outlier detectors, for comparison.

Reads {"train": [[...]], "test": [[[...]]], "seed": 0} on standard input:
matrices of buckets x sources, already transformed and standardized. Writes
{"name": [[score, ...], ...]}: a list per test matrix, the higher the odder.
"""

import json
import sys
import warnings

import numpy as np
from sklearn.covariance import EllipticEnvelope, LedoitWolf
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.svm import OneClassSVM

warnings.filterwarnings("ignore")
data = json.load(sys.stdin)
train = np.array(data["train"])


def scorer(detector):
    detector.fit(train)
    return lambda x: -detector.decision_function(x)


def neighbors():
    near = NearestNeighbors(n_neighbors=5).fit(train)
    return lambda x: near.kneighbors(x)[0].mean(axis=1)


def reconstruction():
    pca = PCA(0.95, svd_solver="full").fit(train)
    return lambda x: ((x - pca.inverse_transform(pca.transform(x))) ** 2).sum(axis=1)


detectors = {
    "Mahalanobis LW": lambda: LedoitWolf().fit(train).mahalanobis,
    "kNN": neighbors,
    "PCA": reconstruction,
    "IsolationForest": lambda: scorer(IsolationForest(random_state=data["seed"])),
    "EllipticEnvelope": lambda: scorer(EllipticEnvelope(random_state=data["seed"])),
    "LOF": lambda: scorer(LocalOutlierFactor(novelty=True)),
    "OneClassSVM": lambda: scorer(OneClassSVM()),
}
out = {}
for name, make in detectors.items():
    score = make()
    out[name] = [np.asarray(score(np.array(x))).tolist() for x in data["test"]]
json.dump(out, sys.stdout)
