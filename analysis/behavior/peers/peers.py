"""Scores of scikit-learn's outlier detectors, for comparison.

Reads {"train": [[...]], "test": [[[...]]], "seed": 0} on standard input:
matrices of buckets x sources, already transformed and standardized. Writes
{"name": [[score, ...], ...]}: a list per test matrix, the higher the odder.
"""

import json
import sys
import warnings

import numpy as np
from sklearn.covariance import EllipticEnvelope
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor
from sklearn.svm import OneClassSVM

warnings.filterwarnings("ignore")
data = json.load(sys.stdin)
train = np.array(data["train"])
detectors = {
    "IsolationForest": IsolationForest(random_state=data["seed"]),
    "EllipticEnvelope": EllipticEnvelope(random_state=data["seed"]),
    "LOF": LocalOutlierFactor(novelty=True),
    "OneClassSVM": OneClassSVM(),
}
out = {}
for name, detector in detectors.items():
    detector.fit(train)
    out[name] = [(-detector.decision_function(np.array(x))).tolist() for x in data["test"]]
json.dump(out, sys.stdout)
