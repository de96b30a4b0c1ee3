"""Measures what docs/scaling.md says of several processes. Started by scripts/bench_ranks, which builds."""

import argparse
import dataclasses
import json
import os
import re
import signal
import statistics
import subprocess
import sys

import cost_model as model

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = os.path.join(ROOT, "build/release/bench/mpi")
PEER = os.path.join(ROOT, "bench/peers/pytorch_ddp_step.py")
LIBRARIES = "/usr/lib/x86_64-linux-gnu"
NETWORKS = [(1, 0.05), (1, 1), (10, 0.05), (10, 1)]  # Gbit/s, ms one way
NODES = (2, 4, 8)
# Networks whose steps are short: what train_ranks is told, and samples a rank.
SMALL = {"quarter CaffeNet": (["--width", "4"], 8), "small ResNet-18": (["--model", "resnet18"], 1)}

# A node's share on paper: this machine with both its processors.
NODE = {"CaffeNet": ([], 16), "FCN-32s": (["--model", "fcn32s"], 4), "ResNet-18": (["--model", "resnet18"], 16)}
WAYS = {"factors": model.Options(threads=2), "gradients": model.Options(factors=False, threads=2),
        "bf16": model.Options(factors=False, width=2, threads=2)}


def say(text):
    print(text, flush=True)


def run(command, environment=None, patience=300):
    """Output and errors of a program. It ends when this one does or when it takes too long, and its ranks with it: mpirun
    and on_network end theirs when they are asked to, but not when they are killed. So they are asked first."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
                          start_new_session=True, env=dict(os.environ, **(environment or {}))) as process:
        try:
            return process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            return "", "no end after %d s" % patience
        finally:
            if process.poll() is None:
                for number in (signal.SIGTERM, signal.SIGKILL):
                    os.killpg(process.pid, number)
                    try:
                        process.communicate(timeout=15)
                        break
                    except subprocess.TimeoutExpired:
                        pass


def call(command, environment=None, patience=300):
    """The JSON object that a program prints; None where it fails, which is said."""
    output, errors = run(command, environment, patience)
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            found = json.loads(line)
            wire = re.search(r"wire: ([0-9.]+) GB .* ([0-9.]+) s of processor time", errors)
            if wire and float(wire[1]) > 0:
                found["wire_seconds_a_gigabyte"] = float(wire[2]) / float(wire[1])
            return found
    text = errors.strip().splitlines()
    say("  failed: %s: %s" % (" ".join(command[-8:]), (text or ["no output"])[-1]))
    return None


def here(ranks, program, *arguments):
    """On this machine, over shared memory."""
    return call(["mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "--mca", "btl", "self,vader",
                 "--mca", "mpi_yield_when_idle", "1", "-np", str(ranks), os.path.join(PROGRAMS, program), *arguments, "--json"])


def over(network, nodes, program, *arguments):
    """Over an emulated network."""
    gigabits, milliseconds = network
    return call(["bench/mpi/on_network", "--nodes", str(nodes), "--gigabits", str(gigabits), "--milliseconds",
                 str(milliseconds), "--", program if "/" in program else os.path.join(PROGRAMS, program), *arguments])


def emulator(_):
    """Is the network what it says? By plain sockets."""
    found = []
    for network in NETWORKS:
        one = over(network, 2, os.path.join(ROOT, "bench/mpi/sockets.py"), "200" if network[0] < 10 else "1000")
        if one:
            say("  %g Gbit/s, %g ms: round trip %.3f ms, %.2f Gbit/s, a GB costs %.2f s of the ends' processors and %.2f s of "
                "the wire's" % (*network, 1e3 * one["round_trip"], one["gigabits"], one["processor_seconds_a_gigabyte"],
                                one.get("wire_seconds_a_gigabyte", 0.0)))
            found.append({"network": network, **one})
    return found


def constants(_):
    """Latency, bandwidth and arithmetic."""
    found = []
    for ranks in (1, 2, 4):
        found.append({"network": None, **(here(ranks, "mpi_constants") or {})})
    for network in NETWORKS:
        for nodes in NODES:
            one = over(network, nodes, "mpi_constants", "--repeats", "7", "--megabytes", "16", "--json")
            if one:
                say("  %g Gbit/s, %g ms, %d nodes: latency %.0f us, small gather %.0f us, exchange %.0f us and %.0f MB/s, "
                    "gather %.0f us and %.0f MB/s" % (
                        *network, nodes, 1e6 * one["latency"], 1e6 * one["small_gather"], 1e6 * one["exchange_latency"],
                        1e-6 * one["exchange_bandwidth"], 1e6 * one["gather_latency"], 1e-6 * one["gather_bandwidth"]))
                found.append({"network": network, **one})
    return found


def alone(given):
    """One rank by itself: what computing costs."""
    found = {}
    cases = [(name, arguments, batch, 1) for name, (arguments, batch) in SMALL.items()]
    cases += [(name, arguments, batch, 2) for name, (arguments, batch) in NODE.items()]
    for name, arguments, batch, count in cases:
        common = [*arguments, "--threads", str(count)]
        steps = ["--steps", str(given.steps if name in SMALL else 4)]
        plain = here(1, "train_ranks", *common, *steps, "--batch", str(batch))
        several = here(1, "train_ranks", *common, *steps, "--batch", str(batch), "--reduce")
        sizes = json.loads(run([os.path.join(PROGRAMS, "train_ranks"), *arguments, "--sizes"])[0])
        operations = sizes["operations"]
        elements = sum(o["inputs"] * o["outputs"] for o in operations)
        found[name] = {"batch": batch, "threads": count, "plain": plain, "several": several, **sizes}
        if "affe" in name:  # products of factors: T = 2 rows elements / multiply + 4 elements / write
            more = here(1, "train_ranks", *common, "--steps", "3", "--batch", str(4 * batch), "--reduce")
            first, second = several["finishing_seconds"], more["finishing_seconds"]
            found[name]["more"] = more
            found[name]["multiply"] = 6.0 * batch * elements / max(1e-9, second - first)
            found[name]["write"] = 4.0 * elements / max(0.1 * first, first - (second - first) / 3)
        say("  %s, %d samples, %d threads: %.4f s alone, %.4f s the way of several (computing %.4f, products %.4f, update %.4f)"
            % (name, batch, count, plain["seconds_per_step"], several["seconds_per_step"], several["computing_seconds"],
               several["finishing_seconds"], several["updating_seconds"]))
        if "multiply" in found[name]:
            say("    products: %.1f GFLOP/s, results at %.1f GB/s" % (1e-9 * found[name]["multiply"], 1e-9 * found[name]["write"]))
    return found


def network_of(results, network, nodes):
    """Constants of an emulated network, measured between so many of its nodes."""
    one = next(c for c in results["constants"] if c["network"] and tuple(c["network"]) == tuple(network) and c["ranks"] == nodes)
    carried = next((e for e in results["emulator"] if tuple(e["network"]) == tuple(network)), {})
    return model.MeasuredNetwork(one["small_gather"], one["exchange_latency"], one["exchange_bandwidth"], one["gather_latency"],
                                 one["gather_bandwidth"], 1e-9 * (carried.get("processor_seconds_a_gigabyte", 0.0) +
                                                                  carried.get("wire_seconds_a_gigabyte", 0.0)))


def machine_of(results, name, processors, pretended=None):
    local = next(c for c in results["constants"] if c["network"] is None and c.get("ranks") == 2)
    rates = {"pack": local["pack_rate"], "add": local["add_rate"], "unpack": local["unpack_rate"]}
    if pretended:
        return model.Machine(pretended, 0.0, processors=0, multiply=1e30, write=1e30, **rates)
    own = results["alone"][name]
    products = {key: own.get(key, default) for key, default in (("multiply", 5e10), ("write", 5e9))}
    return model.Machine(own["several"]["computing_seconds"], own["several"]["updating_seconds"], processors=processors,
                         **products, **rates)


def check(given):
    """Runs on emulated networks against the model."""
    results, found = given.results, []
    networks = [tuple(float(v) for v in one.split(":")) for one in given.networks.split(",") if one] or NETWORKS
    for network in networks:
        for nodes in NODES:
            constants = network_of(results, network, nodes)
            for name, (arguments, batch) in SMALL.items():
                operations = results["alone"][name]["operations"]
                for pretended in (0.3, None) if "ResNet" in name else (None,):  # the one that sends much
                    if given.check not in ("both", "pretended" if pretended else "computing"):
                        continue
                    extra = ["--pretend", "300", "--no-factors"] if pretended else []
                    one = over(network, nodes, "train_ranks", *arguments, *extra, "--batch", str(batch), "--threads", "1",
                               "--steps", str(given.steps), "--json")
                    if not one:
                        continue
                    machine = machine_of(results, name, os.cpu_count(), pretended)
                    options = model.Options(factors=not pretended, statistics=results["alone"][name]["statistics"])
                    p = model.predict(operations, batch, nodes, constants, machine, options)
                    off = p["step"] / one["seconds_per_step"] - 1
                    say("  %g Gbit/s, %g ms, %d nodes, %s%s: measured %.4f s (%.4f to %.4f), predicted %.4f: %+.0f %%" % (
                        *network, nodes, name, ", computing pretended" if pretended else "", one["seconds_per_step"],
                        one["seconds_per_step_least"], one["seconds_per_step_most"], p["step"], 100 * off))
                    found.append({"network": network, "nodes": nodes, "net": name, "pretended": bool(pretended),
                                  "measured": one, "predicted": p, "off": off})
    for kind in (True, False):
        errors = [abs(f["off"]) for f in found if f["pretended"] is kind]
        if errors:
            say("  %s: %d of %d within 15 %%, median error %.0f %%, largest %.0f %%" % (
                "computing pretended" if kind else "computing", sum(e <= 0.15 for e in errors), len(errors),
                100 * statistics.median(errors), 100 * max(errors)))
    return found


def buckets(given):
    """Sizes of buckets, with 93 MB of gradients."""
    found = []
    for where, nodes, arguments in (((10, 0.05), 2, ["--model", "resnet18", "--pretend", "300"]),
                                    ((1, 0.05), 2, ["--model", "resnet18", "--pretend", "300"])):
        for first, size in ((1, 8), (1, 16), (1, 32), (1, 64), (1, 128), (0.25, 32), (4, 32)):
            options = [*arguments, "--first-bucket", str(int(first * 1024)), "--bucket", str(size * 1024), "--steps", "4"]
            one = here(nodes, "train_ranks", *options) if where is None else over(where, nodes, "train_ranks", *options, "--json")
            if one:
                say("  %s, %d ranks, %s, first %g MB, others %d MB: %.4f s (%.4f to %.4f)" % (
                    "shared memory" if where is None else "%g Gbit/s, %g ms" % where, nodes, arguments[1], first, size,
                    one["seconds_per_step"], one["seconds_per_step_least"], one["seconds_per_step_most"]))
                found.append({"network": where, "nodes": nodes, "model": arguments[1], "first": first, "bucket": size, **one})
    return found


def threads(given):
    """One rank of two threads against two of one, in turn."""
    found = []
    for name, batch in (("CaffeNet", 8), ("CaffeNet", 16), ("FCN-32s", 2), ("ResNet-18", 16)):
        arguments, ratios = NODE[name][0], []
        for _ in range(given.rounds):
            one = here(1, "train_ranks", *arguments, "--threads", "2", "--batch", str(2 * batch), "--steps", "5")
            two = here(2, "train_ranks", *arguments, "--threads", "1", "--batch", str(batch), "--steps", "5")
            if one and two:
                ratios.append(two["seconds_per_step"] / one["seconds_per_step"])
                found.append({"net": name, "batch": 2 * batch, "one": one, "two": two})
        if ratios:
            say("  %s, %d samples: two ranks take %.3f (%.3f to %.3f) times the time of two threads, %.3f s" % (
                name, 2 * batch, statistics.median(ratios), min(ratios), max(ratios), one["seconds_per_step"]))
        profile = here(2, "train_ranks", *arguments, "--threads", "1", "--batch", str(batch), "--steps", "5", "--profile")
        if profile:
            say("    profile: " + ", ".join("%s %.1f ms" % (k[:-8], 1e3 * v) for k, v in profile.items()
                                            if k.endswith("_seconds")))
            found.append({"net": name, "profile": profile})
    return found


def ddp(given):
    """Ours against DistributedDataParallel with gloo, in turn."""
    best = {"LD_PRELOAD": LIBRARIES + "/libtcmalloc_minimal.so.4", "LD_LIBRARY_PATH": LIBRARIES + "/openblas-pthread",
            "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    found = []
    for ranks, batch in ((2, 16), (4, 8)):
        ratios = []
        for _ in range(given.rounds):
            ours = here(ranks, "train_ranks", "--threads", "1", "--batch", str(batch), "--steps", "4")
            theirs = call([PEER, "--processes", str(ranks), "--threads", "1", "--batch", str(batch), "--steps", "4"], best)
            if ours and theirs:
                ratios.append(theirs["seconds_per_step"] / ours["seconds_per_step"])
                found.append({"ranks": ranks, "batch": batch, "ours": ours, "theirs": theirs})
        if ratios:
            say("  %d processes of %d samples: DistributedDataParallel takes %.2f (%.2f to %.2f) times our time; %.3f and %.3f s" % (
                ranks, batch, statistics.median(ratios), min(ratios), max(ratios), theirs["seconds_per_step"],
                ours["seconds_per_step"]))
    return found


def on_paper(results, name, ranks, batch, network, faster=1.0):
    """{way of sending: the predicted step} of so many nodes like this machine, or `faster` times as fast."""
    own, machine = results["alone"][name], machine_of(results, name, 2 * ranks)
    machine = dataclasses.replace(machine, computing=machine.computing * batch / own["batch"] / faster,
                                  updating=machine.updating / faster, multiply=machine.multiply * faster,
                                  write=machine.write * faster)
    return {way: model.predict(own["operations"], batch, ranks, network, machine,
                               dataclasses.replace(options, statistics=own["statistics"]))["step"]
            for way, options in WAYS.items()}


def paper(given):
    """2 to 1,024 nodes, by the model alone."""
    results, found = given.results, []
    work = statistics.median(e["processor_seconds_a_gigabyte"] for e in results["emulator"]) * 1e-9
    for gigabits, faster in ((10, 1), (10, 8), (1, 1)):
        line = 0.94e9 / 8
        eight = network_of(results, (1, 0.05), 8)
        network = model.Network(50e-6, line * gigabits, work, eight.exchange_bandwidth / line, eight.gather_bandwidth / line)
        for name, (_, batch) in NODE.items():
            plain = results["alone"][name]["plain"]["seconds_per_step"] / faster
            say("  %s, %d samples a node, %d Gbit/s, nodes %d times as fast as this machine; %% of a node alone:" % (
                name, batch, gigabits, faster))
            for ranks in [2**k for k in range(1, 11)]:
                weak = {way: 100 * plain / step for way, step in on_paper(results, name, ranks, batch, network, faster).items()}
                whole, strong = 16 * batch, {}
                if ranks <= whole:
                    update = results["alone"][name]["several"]["updating_seconds"] / faster
                    one = 16 * (plain - update) + update
                    strong = {way: one / step for way, step in
                              on_paper(results, name, ranks, whole / ranks, network, faster).items()}
                say("    %5d nodes: weak " % ranks + ", ".join("%s %.0f" % w for w in weak.items()) + "; strong, %d samples: " % whole
                    + ", ".join("%s %.1f times" % w for w in strong.items()))
                found.append({"gigabits": gigabits, "faster": faster, "net": name, "ranks": ranks, "weak": weak, "strong": strong})
    return found


PARTS = {"emulator": emulator, "constants": constants, "alone": alone, "check": check, "buckets": buckets,
         "threads": threads, "ddp": ddp, "paper": paper}


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench_ranks", description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help="comma-separated: " + ", ".join(PARTS))
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--check", default="both", choices=("both", "pretended", "computing"),
                        help="pretended: with sleep in place of computing")
    parser.add_argument("--networks", default="", help="of the check: GIGABITS:MILLISECONDS,... in place of all four")
    parser.add_argument("--results", default=os.path.join(ROOT, "build/bench-ranks.json"), help="read and written")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # by way of the `finally` of run()
    path, given.results = given.results, {}
    if os.path.exists(path):
        with open(path) as file:
            given.results = json.load(file)
    for name in given.only.split(","):
        if name not in PARTS:
            parser.error("--only: no part '%s'; there are: %s" % (name, ", ".join(PARTS)))
        if name in ("emulator", "check") and os.geteuid() != 0:
            say("%s: skipped, emulated networks need root" % name)
            continue
        say("%s: %s" % (name, PARTS[name].__doc__))
        given.results[name] = PARTS[name](given)
        with open(path + ".new", "w") as file:
            json.dump(given.results, file, indent=1)
        os.replace(path + ".new", path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
