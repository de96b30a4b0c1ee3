"""Runs the comparison and writes its table to docs/performance.md. Started by scripts/bench, which installs and builds."""

import argparse
import json
import os
import re
import sys
import time

import parts
import rows
import sweep
from runs import ROOT, Programs, processor_has, say


def machine_lines(machine, threads):
    model, cores = "unknown", os.cpu_count()
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    with open("/proc/meminfo") as file:
        memory = int(file.readline().split()[1]) / 2.0**20
    text = "%s, %d cores, %.0f GiB; %d threads" % (model, cores, memory, threads)
    if "simd" in machine:
        text += "; our instruction set: %s" % machine["simd"]
    figures = []
    for precision in ("fp32", "bf16"):
        if "peak " + precision in machine:
            figures.append("%.0f GFLOP/s %s" % (machine["peak " + precision], precision))
    if "bandwidth" in machine:
        figures.append("%.0f GB/s reading memory" % machine["bandwidth"])
    if figures:
        text += ". Measured at most: " + ", ".join(figures)
    text += "."
    if machine.get("load", 0) > 0.3:
        text += " **Other programs kept %.1f processors busy at the start: not a fair comparison.**" % machine["load"]
    return text


def busy_processors(seconds=2):
    """How many processors others keep busy, on average. Not the load average, which remembers our own build."""
    def idle_and_all():
        with open("/proc/stat") as file:
            times = [int(t) for t in file.readline().split()[1:9]]  # user nice system idle iowait irq softirq steal
        return times[3] + times[4], sum(times)

    idle, total = idle_and_all()
    time.sleep(seconds)
    idle_then, total_then = idle_and_all()
    return (os.cpu_count() or 1) * (1 - (idle_then - idle) / max(1, total_then - total))


def write(path, label, text):
    """Replaces what stands between the markers of this table."""
    begin, end = "<!-- table%s -->" % label, "<!-- end of table%s -->" % label
    old = open(path).read() if os.path.exists(path) else "# Performance\n"
    if begin not in old:
        old = old.rstrip("\n") + "\n\n%s\n%s\n" % (begin, end)
    pattern = re.escape(begin) + ".*?" + re.escape(end)
    new = re.sub(pattern, lambda _: "%s\n%s\n%s" % (begin, text.strip("\n"), end), old, flags=re.S)
    with open(path, "w") as file:
        file.write(new)


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each pair runs in turn (3)")
    parser.add_argument("--steps", type=int, default=8, help="steps a run takes the median of (8)")
    parser.add_argument("--quick", action="store_true", help="one round of few steps: does everything run?")
    parser.add_argument("--only", default="", help="comma-separated: " + ", ".join([*parts.PARTS, "sweep"]))
    parser.add_argument("--sweep", action="store_true", help="the cost model, too: batch, towers and width")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--march", default="native", help="instruction set of our build: native, x86-64-v3 (AVX2), ...")
    parser.add_argument("--no-write", action="store_true", help="print the table, leave docs/performance.md alone")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--cache", required=True, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.quick:
        given.rounds, given.steps = 1, 2
    wanted = [name for name in given.only.split(",") if name]
    every = dict(parts.PARTS, sweep=sweep.run)
    for name in wanted:
        if name not in every:
            parser.error("--only: no part '%s'; there are: %s" % (name, ", ".join(every)))
    chosen = wanted or [*parts.PARTS, *(["sweep"] if given.sweep else [])]
    if given.sweep and "sweep" not in chosen:
        chosen.append("sweep")

    p = Programs(given.build, given.cache, given.threads, given.steps, avx2=given.march == "x86-64-v3")
    # A table for each instruction set: what a processor with AVX2 measures must not replace AVX-512's.
    table = "x86-64-v3" if given.march == "native" and not processor_has("avx512f", "asimd") else given.march
    # Parts that are run alone replace theirs among the results of the last whole run.
    kept = os.path.join(given.cache, "results-%s.json" % table)
    results = {"rows": {}, "machine": {}}
    load = busy_processors()
    if load > 0.3:
        say("Others keep %.1f processors busy: programs that wait for each other's threads, as PyTorch's do, suffer most, and the "
            "ratios flatter us." % load)
    if wanted and os.path.exists(kept):
        with open(kept) as file:
            results = json.load(file)
    for name in chosen:
        say("%s:" % name)
        results["rows"][name] = every[name](p, given.rounds, results["machine"])
        with open(kept, "w") as file:
            json.dump(results, file, indent=1)

    results["machine"]["load"] = max(load, 0 if not wanted else results["machine"].get("load", 0))
    with open(kept, "w") as file:
        json.dump(results, file, indent=1)
    all_rows = [r for name in every for r in results["rows"].get(name, [])]
    judged = [r for r in all_rows if r["passed"] is not None]
    text = machine_lines(results["machine"], given.threads) + "\n\n"
    text += "Each figure is the median of %d rounds of %d steps, ours and theirs in turn; a ratio is the median of the rounds' ratios" % (
        given.rounds, given.steps)
    text += " (least to largest in brackets). %d of %d bars are met.\n" % (sum(r["passed"] for r in judged), len(judged))
    text += rows.table(all_rows)
    print(text)
    if not given.no_write:
        write(os.path.join(ROOT, "docs", "performance.md"), "" if table == "native" else " " + table, text)
    return 0 if all(r["passed"] for r in judged) else 3


sys.exit(main())
