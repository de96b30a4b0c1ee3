"""Rows of the table: what is compared, the bar, and whether it is met."""

import statistics


def middle(values):
    return statistics.median(values)


def spread(values):
    return "" if len(values) < 2 else " (%.2f to %.2f)" % (min(values), max(values))


def row(group, what, ours, theirs, result, bar, passed):
    return {"group": group, "what": what, "ours": ours, "theirs": theirs, "result": result, "bar": bar, "passed": passed}


def failed(group, what, bar, error):
    bar = "%.2fx" % bar if isinstance(bar, float) else bar or ""
    return row(group, what, "", "", "not measured: %s" % error, bar, False if bar else None)


def ratio(group, what, ours, theirs, at_least, key="seconds_per_step", unit="s", other=None):
    """Paired by rounds: theirs / ours. `other`: another condition that is enough, as (text, met)."""
    ratios = [t[key] / o[key] for o, t in zip(ours, theirs)]
    value = middle(ratios)
    a, b = middle([o[key] for o in ours]), middle([t[key] for t in theirs])
    text = {"s": lambda v: "%.3f s" % v}[unit]
    images = lambda runs: "%.1f images/s" % middle([r["images_per_second"] for r in runs])
    result = "%.2fx%s" % (value, spread(ratios))
    passed = None
    bar = ""
    if at_least is not None:
        passed = value >= at_least
        bar = "%.2fx" % at_least
    if other is not None:
        bar += " or " + other[0]
        result += "; " + other[2]
        passed = passed or other[1]
    return row(group, what, "%s, %s" % (text(a), images(ours)), "%s, %s" % (text(b), images(theirs)), result, bar, passed)


def at_most(group, what, value, most, text, ours=""):
    return row(group, what, ours, "", text % value, "at most " + text % most, value <= most)


def at_least(group, what, value, least, text, ours="", theirs=""):
    return row(group, what, ours, theirs, text % value, text % least + " or more", value >= least)


def table(rows):
    """Markdown, a heading a group."""
    out, group = [], None
    for r in rows:
        if r["group"] != group:
            group = r["group"]
            out += ["", "### " + group, "", "| what | ours | theirs | result | bar | |", "| --- | --- | --- | --- | --- | --- |"]
        mark = {True: "pass", False: "**miss**", None: ""}[r["passed"]]
        out.append("| %s | %s | %s | %s | %s | %s |" % (r["what"], r["ours"], r["theirs"], r["result"], r["bar"], mark))
    return "\n".join(out) + "\n"
