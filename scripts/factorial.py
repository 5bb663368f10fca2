"""Effects, interactions and synergy of a table of losses by statsmodels, to compare ours with.

  python3 scripts/factorial.py test/ablate/factorial/complete.json > test/ablate/factorial/complete.expected.json

Needs statsmodels (Debian: python3-statsmodels). The table names `factors` and `seeds`, and holds for each arm, named by
the factors that are on ("" or "a + b"), its loss by seed, null where a run is missing. The model is fitted with each
factor coded −1 or +1, all products of them, and a dummy for each seed but the first; ours knows no such columns. Prints
95 % intervals and p of two-sided t-tests, null where no degree of freedom is left.
"""
import itertools
import json
import math
import sys

import numpy as np
import statsmodels
import statsmodels.api as sm
from scipy.special import stdtr
from scipy.stats import t as student


def coded(on, terms):
    return [math.prod(1.0 if f in on else -1.0 for f in term) for term in terms]


def quantile(degrees):
    """Of 97.5 %. One Newton step on that of scipy, of which 1.10 is off by 2e-9 of it."""
    first = student.ppf(0.975, degrees)
    return first - (stdtr(degrees, first) - 0.975) / student.pdf(first, degrees)


def estimate(fit, row):
    test = fit.t_test(np.array(row))
    value = float(test.effect[0])
    if fit.df_resid < 1:
        return {"estimate": value, "low": None, "high": None, "p": None}
    reach = float(test.sd[0][0]) * quantile(fit.df_resid)
    p = 2 * float(stdtr(fit.df_resid, -abs(float(test.tvalue[0][0]))))
    return {"estimate": value, "low": value - reach, "high": value + reach, "p": p}


def main(path):
    with open(path, encoding="utf-8") as file:
        table = json.load(file)
    factors, seeds = table["factors"], table["seeds"]
    terms = [term for size in range(len(factors) + 1) for term in itertools.combinations(factors, size)]
    rows, losses = [], []
    for name, by_seed in table["losses"].items():
        on = name.split(" + ") if name else []
        for i, loss in enumerate(by_seed):
            if loss is not None:
                rows.append(coded(on, terms) + [float(i == other) for other in range(1, len(seeds))])
                losses.append(loss)
    fit = sm.OLS(np.array(losses), np.array(rows)).fit()
    unit = np.eye(len(rows[0]))
    # A cell's mean, without the seeds' columns: they are in no difference of cells.
    cell = lambda on: np.array(coded(on, terms) + [0.0] * (len(seeds) - 1))
    joint = cell([]) - cell(factors)
    total = sum(cell([]) - cell([factor]) for factor in factors)
    print(
        json.dumps(
            {
                "made by": f"statsmodels {statsmodels.__version__}",
                "residual": {
                    "deviation": math.sqrt(fit.mse_resid) if fit.df_resid > 0 else None,
                    "degrees": int(fit.df_resid),
                },
                # From −1 to +1 is two units of a column.
                "effects": [
                    {"factors": list(term), **estimate(fit, 2 * unit[i])} for i, term in enumerate(terms) if term
                ],
                "synergy": {
                    "joint": estimate(fit, joint),
                    "sum": estimate(fit, total),
                    "difference": estimate(fit, joint - total),
                },
            }
        )
    )


main(*sys.argv[1:])
