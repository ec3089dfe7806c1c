"""Computes the reference numbers of what explores a series: explore.json and spectrum_factors.json.

usage: python explore.py        in this folder; it needs numpy, scipy, scikit-learn, statsmodels,
                                cvxpy and zstandard

The second file brings its samples along; only what was computed from them is computed anew.
"""
import json
import warnings

import cvxpy as cp
import numpy as np
import statsmodels.api as sm
import zstandard
from scipy import signal, stats
from sklearn.decomposition import NMF

warnings.simplefilter("ignore")
rng = np.random.default_rng(20)


def write(name, value):
    text = json.dumps(value, separators=(",", ":")).encode()
    with open(f"testdata/{name}.zst", "wb") as f:
        f.write(zstandard.ZstdCompressor(level=19).compress(text))


def welch(a, b):
    """Welch's test where values follow each other: n(1-r)/(1+r) of n values are independent."""
    da, db = a - a.mean(), b - b.mean()
    r = (da[1:] @ da[:-1] + db[1:] @ db[:-1]) / (da @ da + db @ db)
    r = min(max(r, 0), 0.9)
    if r == 0:
        return stats.ttest_ind(a, b, equal_var=False).pvalue
    part = (1 - r) / (1 + r)
    return stats.ttest_ind_from_stats(
        a.mean(), a.std(ddof=1), len(a) * part, b.mean(), b.std(ddof=1), len(b) * part, equal_var=False).pvalue


def two_means():
    out = []
    for n, m, shift, follow in [(20, 50, 0.5, -0.4), (12, 9, 0, -0.6), (60, 40, 0.7, 0.5), (30, 80, 0.2, 0.8)]:
        pair = []
        for size in (n, m):
            v = rng.normal(size=size)
            for i in range(1, size):
                v[i] += follow * v[i - 1]
            pair.append(np.round(v, 6))
        pair[1] = np.round(2 * pair[1] + shift, 6)
        out.append({"a": pair[0].tolist(), "b": pair[1].tolist(), "p": welch(*pair)})
    return out


def counts():
    """Regressions of the second of four counts on the others, by the maximum of the likelihood."""
    n = 150
    x = rng.poisson(1.5, size=(n, 4)).astype(float)
    x[:, 1] = rng.poisson((0.3 + 1.1 * x[:, 0]) * rng.gamma(2, 0.5, size=n))
    y, others = x[:, 1], x[:, [0, 2, 3]]
    z = 2 * np.sqrt(others + 0.375)
    z = (z - z.mean(0)) / z.std(0)
    out = []
    for phi in (0, 0.5):
        family = sm.families.NegativeBinomial(alpha=phi) if phi else sm.families.Poisson()
        fit = sm.GLM(y, sm.add_constant(z), family=family).fit(tol=1e-14, maxiter=200)
        out.append({"phi": phi, "penalty": 0, "base": fit.params[0], "beta": fit.params[1:].tolist()})
        for penalty in (0.05, 0.3):
            base, beta = cp.Variable(), cp.Variable(3)
            eta = base + z @ beta
            if phi:
                like = y @ eta - (y + 1 / phi) @ cp.logistic(eta + np.log(phi))
            else:
                like = y @ eta - cp.sum(cp.exp(eta))
            solve(cp.Problem(cp.Minimize(-like / n + penalty * cp.norm1(beta))))
            out.append({"phi": phi, "penalty": penalty, "base": float(base.value), "beta": beta.value.tolist()})
    return {"x": x.tolist(), "fits": out}


def solve(problem):
    problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10)
    if problem.status != "optimal":
        raise SystemExit(problem.status)


def latent():
    """Links among eight sources with a load that is not seen."""
    p, alpha = 8, 0.08
    x = rng.normal(size=(300, p))
    for j in range(1, p, 2):
        x[:, j] += x[:, j - 1]
    x += 1.2 * rng.normal(size=(300, 1))
    s = np.round(np.corrcoef(x.T), 9)
    out = []
    for gamma in (1.0, 1.5):
        theta, low = cp.Variable((p, p), symmetric=True), cp.Variable((p, p), PSD=True)
        off = np.ones((p, p)) - np.eye(p)
        r = theta - low
        solve(problem := cp.Problem(cp.Minimize(
            cp.trace(s @ r) - cp.log_det(r) + alpha * (cp.sum(cp.abs(cp.multiply(off, theta))) + gamma * cp.trace(low)))))
        out.append({"gamma": gamma, "objective": problem.value, "sparse": theta.value.tolist(), "low": low.value.tolist()})
    return {"alpha": alpha, "s": s.tolist(), "fits": out}


def spectrum_factors():
    with open("testdata/spectrum_factors.json.zst", "rb") as f:
        old = json.loads(zstandard.ZstdDecompressor().stream_reader(f).read())
    x, y, rate = np.array(old["x"]), np.array(old["y"]), 2
    spectra = {}
    for m in (64, 75):
        how = dict(fs=rate, window="hann", nperseg=m, noverlap=m // 2, detrend="constant")
        f, px = signal.welch(x, **how)
        _, py = signal.welch(y, **how)
        _, coherence = signal.coherence(x, y, **how)
        _, cross = signal.csd(x, y, **how)
        spectra[str(m)] = {"f": f.tolist(), "x": px.tolist(), "y": py.tolist(), "coherence": coherence.tolist(),
                           "phase": np.angle(cross).tolist()}
    v = np.array(old["counts"])
    best = min(NMF(3, init="random", random_state=k, tol=1e-8, max_iter=20000).fit(v).reconstruction_err_ for k in range(10))
    return {"x": old["x"], "y": old["y"], "welch": spectra, "counts": old["counts"], "nmf": best / np.linalg.norm(v)}


if __name__ == "__main__":
    write("explore.json", {"welch": two_means(), "counts": counts(), "latent": latent()})
    write("spectrum_factors.json", spectrum_factors())
