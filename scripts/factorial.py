"""Computes effects, interactions and synergy of a table of losses with statsmodels, for comparison with mom.

  python3 scripts/factorial.py test/ablate/factorial/complete.json > test/ablate/factorial/complete.expected.json

Needs statsmodels (Debian: python3-statsmodels). The table has `factors`, `seeds` and the losses of each arm by
seed, null for missing runs. An arm is named by its active factors ("" or "a + b"). The model has a column of −1 and +1
for each factor, all products of these columns, and a dummy for each seed except the first. mom uses no such columns.
Prints 95 % intervals and p-values of two-sided t-tests, null if there is no degree of freedom.
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
    """The quantile of 97.5 %, by a Newton step from that of scipy 1.10, whose relative error is 2e-9."""
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
    # The mean of a cell without the columns of seeds, which cancel in differences of cells.
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
                # The step from −1 to +1 is two units of a column.
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
