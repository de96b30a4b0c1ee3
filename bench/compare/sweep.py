"""Cost against work: batch, towers and width, fitted by time = a FLOPs + b bytes + c, and a plot."""

import os

import rows
from runs import Failed, ROOT, say

POINTS = [dict(batch=b) for b in (1, 2, 4, 8, 16, 32, 64)]
POINTS += [dict(batch=16, towers=1)] + [dict(batch=16, towers=n) for n in (3, 4, 5)]
POINTS += [dict(batch=b, width=w) for w in (2, 4) for b in (4, 16, 64)]


def solve(matrix, vector):
    """Gauss with pivots."""
    n = len(vector)
    a = [list(line) + [v] for line, v in zip(matrix, vector)]
    for i in range(n):
        best = max(range(i, n), key=lambda k: abs(a[k][i]))
        a[i], a[best] = a[best], a[i]
        for k in range(i + 1, n):
            factor = a[k][i] / a[i][i]
            a[k] = [x - factor * y for x, y in zip(a[k], a[i])]
    x = [0.0] * n
    for i in reversed(range(n)):
        x[i] = (a[i][n] - sum(a[i][k] * x[k] for k in range(i + 1, n))) / a[i][i]
    return x


def fit(points):
    """Least squares of the relative error; coefficients below zero are left out."""
    active = [0, 1, 2]
    while True:
        lines = [[(q["gflop"], q["gbyte"], 1.0)[k] / q["seconds"] for k in active] for q in points]
        normal = [[sum(l[i] * l[j] for l in lines) for j in range(len(active))] for i in range(len(active))]
        x = solve(normal, [sum(l[i] for l in lines) for i in range(len(active))])
        if min(x) >= 0:
            return [x[active.index(k)] if k in active else 0.0 for k in range(3)]
        active.remove(active[x.index(min(x))])


def plot(points, path):
    """Measured against predicted, both axes logarithmic, with the band of 10 %."""
    import math

    low = min(min(q["seconds"], q["predicted"]) for q in points) / 1.5
    high = max(max(q["seconds"], q["predicted"]) for q in points) * 1.5
    size, edge = 560, 60

    def at(v):
        return edge + (size - 2 * edge) * math.log(v / low) / math.log(high / low)

    def x(v):
        return "%.1f" % at(v)

    def y(v):
        return "%.1f" % (size - at(v))

    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">' % (size, size),
           '<rect width="100%" height="100%" fill="white"/>',
           '<polygon fill="#dde8f5" points="%s,%s %s,%s %s,%s %s,%s"/>' % (
               x(low), y(low * 0.9), x(high), y(high * 0.9), x(high), y(high * 1.1), x(low), y(low * 1.1)),
           '<line x1="%s" y1="%s" x2="%s" y2="%s" stroke="#4477aa"/>' % (x(low), y(low), x(high), y(high))]
    exponent = math.floor(math.log10(low))
    while 10.0**exponent <= high:
        for digit in (1, 2, 5):
            v = digit * 10.0**exponent
            if low <= v <= high:
                out.append('<text x="%s" y="%d" text-anchor="middle">%g</text>' % (x(v), size - edge + 20, v))
                out.append('<text x="%d" y="%s" text-anchor="end">%g</text>' % (edge - 8, y(v), v))
        exponent += 1
    colours = {"batch": "#222222", "towers": "#cc3311", "width": "#009988"}
    for q in points:
        kind = "width" if q["point"].get("width", 1) != 1 else "towers" if q["point"].get("towers", 2) != 2 else "batch"
        out.append('<circle cx="%s" cy="%s" r="4" fill="%s"><title>%s</title></circle>' % (
            x(q["predicted"]), y(q["seconds"]), colours[kind], ", ".join("%s %s" % i for i in q["point"].items())))
    for k, (name, colour) in enumerate(colours.items()):
        out.append('<circle cx="%d" cy="%d" r="4" fill="%s"/><text x="%d" y="%d">%s</text>' % (
            edge + 12, edge + 18 * k, colour, edge + 22, edge + 4 + 18 * k, name))
    out.append('<text x="%d" y="%d" text-anchor="middle">predicted seconds a step</text>' % (size // 2, size - 14))
    out.append('<text transform="translate(16 %d) rotate(-90)" text-anchor="middle">measured seconds a step</text></svg>' % (size // 2))
    with open(path, "w") as file:
        file.write("\n".join(out) + "\n")


def run(p, rounds, machine):
    group = "Cost against work: training step, fp32, batch 1 to 64, 1 to 5 towers, width 1/4 to 1"
    points = []
    try:
        for point in POINTS:
            named = dict(point)
            if named.get("towers") == 1:
                named.pop("towers")
                named["network"] = "one_task"
            runs = [p.ours("train_step", **named) for _ in range(rounds)]
            points.append({"point": point, "seconds": rows.middle([r["seconds_per_step"] for r in runs]),
                           "gflop": runs[0]["gflop_done_per_step"], "gbyte": 1e-9 * runs[0]["bytes_per_step"]})
            say("  %s: %.3f s" % (point, points[-1]["seconds"]))
    except Failed as error:
        return [rows.failed(group, "time = a FLOPs + b bytes + c", "within 10 %", error)]
    a, b, c = fit(points)
    for q in points:
        q["predicted"] = a * q["gflop"] + b * q["gbyte"] + c
        q["error"] = q["predicted"] / q["seconds"] - 1
        say("  %s: predicted %.4f s, measured %.4f s, %+.1f %%" % (q["point"], q["predicted"], q["seconds"], 100 * q["error"]))
    plot(points, os.path.join(ROOT, "docs", "cost_model.svg"))
    worst = max(points, key=lambda q: abs(q["error"]))
    formula = "time = FLOPs / %s + bytes / %s + %.1f ms" % (
        "%.0f GFLOP/s" % (1 / a) if a > 0 else "inf", "%.1f GB/s" % (1 / b) if b > 0 else "inf", 1e3 * c)
    name = ", ".join("%s %s" % i for i in worst["point"].items())
    return [rows.row(group, "%s ([plot](cost_model.svg))" % formula, "%d points" % len(points), "",
                     "worst point (%s): %+.1f %%" % (name, 100 * worst["error"]), "within 10 %", abs(worst["error"]) <= 0.1)]
