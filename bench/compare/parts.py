"""The parts of the comparison. Each returns rows; ours and theirs run in turn, `rounds` times."""

import rows
from runs import Failed, say

MiB, GiB = 2.0**20, 2.0**30
BEST, STOCK = "PyTorch with tcmalloc and OpenBLAS", "PyTorch as installed"


class Rounds:
    """Results of jobs that run in turn. A job whose steps take `too_long` seconds runs in the first round alone."""

    def __init__(self, jobs, rounds, too_long=20):
        self.results, self.errors = {name: [] for name, _ in jobs}, {}
        for number in range(rounds):
            for name, job in jobs:
                if name in self.errors or any(r.get("seconds_per_step", 0) > too_long for r in self.results[name]):
                    continue
                try:
                    result = job()
                    self.results[name].append(result)
                    seconds = result.get("seconds_per_step")
                    say("  round %d, %s%s" % (number + 1, name, "" if seconds is None else ": %.3f s" % seconds))
                except Failed as error:
                    self.errors[name] = str(error)
                    say("  %s failed: %s" % (name, error))

    def __getitem__(self, name):
        if name in self.errors:
            raise Failed(self.errors[name])
        return self.results[name]

    def row(self, group, what, bar, make):
        """The row that `make` gives, or one that says what went wrong."""
        try:
            return make()
        except Failed as error:
            return rows.failed(group, what, bar, error)

    def ratio(self, group, what, ours, theirs, bar, **more):
        return self.row(group, what, bar, lambda: rows.ratio(group, what, self[ours], self[theirs], bar, **more))


def train(p, rounds, machine):
    group = "Training step of the cross-stitched CaffeNet pair, batch 16"
    jobs = [
        ("ours fp32", lambda: p.ours("train_step")),
        ("best fp32", lambda: p.torch("pytorch_train_step.py")),
        ("stock fp32", lambda: p.torch("pytorch_train_step.py", best=False)),
        ("ours bf16", lambda: p.ours("train_step", precision="bf16")),
        ("best bf16", lambda: p.torch("pytorch_train_step.py", precision="bf16")),
        ("stock bf16", lambda: p.torch("pytorch_train_step.py", best=False, precision="bf16")),
    ]
    r = Rounds(jobs, rounds)
    out = [
        r.ratio(group, "fp32, against " + BEST, "ours fp32", "best fp32", 2.0),
        r.ratio(group, "fp32, against " + STOCK, "ours fp32", "stock fp32", 3.5),
        r.ratio(group, "bf16, against %s, bf16 autocast" % BEST, "ours bf16", "best bf16",
                3.3 if p.has_matrix_unit else 1.7),
        r.ratio(group, "bf16, against %s, bf16 autocast" % STOCK, "ours bf16", "stock bf16", None),
    ]
    for precision, most in (("fp32", 1.2), ("bf16", 1.1 if p.has_matrix_unit else 1.35)):
        try:
            mine, theirs = r["ours " + precision], r.results["best " + precision]
        except Failed as error:
            out.append(rows.failed(group, precision + ", memory and allocations", "at most %.2f GiB, 0" % most, error))
            continue
        machine["peak " + precision] = max([m["peak_gflops"] for m in mine])
        machine["simd"] = mine[0]["simd"]
        share = rows.middle([m["share_of_peak"] for m in mine])
        out.append(rows.row(group, precision + ", share of the machine's peak",
                            "%.0f of %.0f GFLOP/s" % (rows.middle([m["gflops"] for m in mine]), rows.middle([m["peak_gflops"] for m in mine])),
                            "", "%.0f %%" % (100 * share), "", None))
        memory = max(m["peak_rss_bytes"] for m in mine) / GiB
        made = rows.at_most(group, precision + ", peak memory of the program", memory, most, "%.2f GiB")
        if theirs:
            made["theirs"] = "%.2f GiB" % (max(t["peak_rss_bytes"] for t in theirs) / GiB)
        out.append(made)
        if "allocations_per_step" in mine[0]:
            out.append(rows.at_most(group, precision + ", heap allocations in a step after the first",
                                    max(m["allocations_per_step"] for m in mine), 0, "%g"))
    return out


def fcn(p, rounds, machine):
    group = "Training step of the cross-stitched FCN-32s pair, 320x240, 40 classes and normals in 20 codewords, batch 4"
    at = {"model": "fcn32s", "batch": 4}
    r = Rounds([
        ("ours fp32", lambda: p.ours("train_step", **at)),
        ("best fp32", lambda: p.torch("pytorch_train_step.py", **at)),
        ("stock fp32", lambda: p.torch("pytorch_train_step.py", best=False, **at)),
        ("ours bf16", lambda: p.ours("train_step", precision="bf16", **at)),
        ("best bf16", lambda: p.torch("pytorch_train_step.py", precision="bf16", **at)),
    ], rounds)
    return [r.ratio(group, "fp32, against " + BEST, "ours fp32", "best fp32", 1.6),
            r.ratio(group, "fp32, against " + STOCK, "ours fp32", "stock fp32", None),
            r.ratio(group, "bf16, against %s, bf16 autocast" % BEST, "ours bf16", "best bf16",
                    3.0 if p.has_matrix_unit else 2.0)]


def models(p, rounds, machine):
    out = []
    for model, what in (("resnet18", "ResNet-18 pair, 224x224, 1000 classes"), ("segnet", "SegNet pair, 128x96, 13 classes")):
        group = "Training step of the cross-stitched %s, batch 16, fp32" % what
        r = Rounds([("ours", lambda: p.ours("train_step", model=model)),
                    ("best", lambda: p.torch("pytorch_train_step.py", model=model)),
                    ("stock", lambda: p.torch("pytorch_train_step.py", best=False, model=model))], rounds)
        out += [r.ratio(group, "against " + BEST, "ours", "best", 2.0),
                r.ratio(group, "against " + STOCK, "ours", "stock", None)]
        try:
            memory = [max(m["peak_rss_bytes"] for m in r[side]) / GiB for side in ("ours", "best")]
            out.append(rows.row(group, "peak memory of the program", "%.2f GiB" % memory[0], "%.2f GiB" % memory[1], "", "", None))
        except Failed as error:
            out.append(rows.failed(group, "peak memory of the program", "", error))
    return out


def infer(p, rounds, machine):
    group = "Inference of the cross-stitched CaffeNet pair"
    jobs, out = [], []
    for batch in (1, 16):
        steps = p.steps * (4 if batch == 1 else 1)
        jobs += [
            ("ours fp32 %d" % batch, lambda b=batch, s=steps: p.ours("infer", batch=b, steps=s)),
            ("onnxruntime %d" % batch, lambda b=batch: p.onnxruntime(b)),
            ("ours bf16 %d" % batch, lambda b=batch, s=steps: p.ours("infer", batch=b, precision="bf16", steps=s)),
            ("torch %d" % batch, lambda b=batch, s=steps: p.torch("pytorch_infer.py", batch=b, steps=s)),
        ]
    r = Rounds(jobs, rounds)
    for batch in (1, 16):
        mine, other = r.results["ours fp32 %d" % batch], None
        if mine:
            machine["bandwidth"] = max(machine.get("bandwidth", 0), max(m["read_bandwidth"] for m in mine) * 1e-9)
            if batch == 1:
                share = rows.middle([m["share_of_bandwidth"] for m in mine])
                other = ("90 % of the bandwidth", share >= 0.9, "%.0f %% of the bandwidth" % (100 * share))
        them = "against ONNX Runtime, fp32"
        out += [
            r.ratio(group, "fp32, batch %d, %s" % (batch, them), "ours fp32 %d" % batch, "onnxruntime %d" % batch, 1.15, other=other),
            r.ratio(group, "bf16, batch %d, %s" % (batch, them), "ours bf16 %d" % batch, "onnxruntime %d" % batch,
                    5.0 if p.has_matrix_unit and batch == 16 else 2.0),
            r.ratio(group, "fp32, batch %d, against %s" % (batch, BEST), "ours fp32 %d" % batch, "torch %d" % batch, None),
        ]
    return out


def conv(p, rounds, machine):
    out, seconds = [], 0.1 if p.steps < 4 else 0.3
    for precision in ("fp32", "bf16"):
        group = "Convolutions of CaffeNet one by one, %s, batch 16: GFLOP/s of useful arithmetic" % precision
        jobs = [("ours", lambda: p.our_layers(precision, seconds))]
        compared = precision == "fp32" or p.peers_have_bf16
        if compared:
            jobs.append(("oneDNN", lambda: p.torch_layers(precision, seconds)))
        r = Rounds(jobs, rounds)
        try:
            mine, theirs = r["ours"], r["oneDNN"] if compared else []
        except Failed as error:
            out.append(rows.failed(group, "all passes", "90 % of the peak" if precision == "fp32" else "a share of the peak", error))
            continue
        for layer in mine[0]:
            for which in mine[0][layer]:
                ours = [m[layer][which]["gflops"] for m in mine]
                shares = [m[layer][which]["gflops"] / m[layer][which]["peak"] for m in mine]
                share = rows.middle(shares)
                them = [t[layer][which]["gflops"] for t in theirs]
                times = rows.middle([a / b for a, b in zip(ours, them)]) if them else None
                if precision == "bf16" and p.has_matrix_unit:
                    # Of the peak on tiles that are loaded already.
                    least = 0.45 if layer != "conv1" else 0.3 if which == "forward" else 0.2
                    bar, passed = "%.0f %% of the peak, 1.00x" % (100 * least), share >= least and times >= 1.0
                elif precision == "bf16":
                    bar, passed = "85 % of the peak", share >= 0.85
                elif layer == "conv1":
                    bar, passed = "1.30x", times >= 1.3
                else:
                    # The higher of the two is asked for.
                    one_dnn_share = 0.97 * share / times
                    bar = "90 % of the peak" if one_dnn_share <= 0.9 else "0.97x"
                    passed = share >= 0.9 if one_dnn_share <= 0.9 else times >= 0.97
                out.append(rows.row(group, "%s, %s" % (layer, which.replace("_", " ")), "%.0f" % rows.middle(ours),
                                    "%.0f (oneDNN)" % rows.middle(them) if them else "",
                                    "%.0f %% of the peak" % (100 * share) + (", %.2fx" % times if them else ""), bar, passed))
    return out


def stitch(p, rounds, machine):
    group = "The stitch units' share of a training step"
    jobs = [(str(n), lambda n=n: p.ours("train_step", profile=True, towers=n)) for n in (2, 5)]
    r = Rounds(jobs, rounds)
    out = []
    for towers, most in (("2", 1.5), ("5", 5.0)):
        what = "fp32, batch 16, %s towers" % towers
        out.append(r.row(group, what, "%g %%" % most, lambda: rows.at_most(
            group, what, 100 * rows.middle([m["stitch_share"] for m in r[towers]]), most, "%.2f %%")))
    return out


def threads(p, rounds, machine):
    group = "From 1 to 2 threads"
    out = []
    for precision, bar in (("fp32", 1.9), ("bf16", None)):
        r = Rounds([("1", lambda: p.ours("train_step", precision=precision, threads=1)),
                    ("2", lambda: p.ours("train_step", precision=precision, threads=2))], rounds)
        # "Theirs" is ours on one thread here.
        made = r.ratio(group, "training step, %s, batch 16" % precision, "2", "1", bar)
        made["theirs"] += " on 1 thread" if made["theirs"] else ""
        out.append(made)
    return out


def compile_time(p, rounds, machine):
    group = "Compiling bench/nets/caffenet_cross_stitch.cpp, release flags"
    r = Rounds([("compile", lambda: p.compile("bench/nets/caffenet_cross_stitch.cpp"))], rounds)
    try:
        mine = r["compile"]
    except Failed as error:
        return [rows.failed(group, "time and memory", "", error)]
    return [rows.at_most(group, "time", rows.middle([m["seconds"] for m in mine]), 20, "%.1f s"),
            rows.at_most(group, "memory", max(m["bytes"] for m in mine) * 1e-9, 1.0, "%.2f GB")]


def first_step(p, rounds, machine):
    group = "Same weights and data as PyTorch, dropout off, fp32, batch 16"
    try:
        found = p.first_step(50 if p.steps >= 4 else 10)
    except Failed as error:
        return [rows.failed(group, "gradients and losses", "", error)]
    return [
        rows.at_most(group, "gradients of one sample, all parameters: largest relative difference (%d of %d samples in which "
                     "no pool is decided by rounding agree)" % (found["samples_agreeing"], found["samples"]),
                     found["gradient_difference"], 1e-4, "%.1e"),
        rows.at_most(group, "gradients of the first batch, parameters after the last pool: largest relative difference",
                     found["batch_difference"], 1e-4, "%.1e"),
        rows.at_most(group, "loss of the first step: relative difference", found["first_loss_difference"], 1e-4, "%.1e"),
        rows.at_most(group, "losses of %d steps: largest relative difference" % found["steps"],
                     found["largest_loss_difference"], 2e-2, "%.1e"),
    ]


def others(p, rounds, machine):
    group = "Other networks, training step, CaffeNet, batch 16, fp32"
    out = []
    for network in ("one_task", "ensemble"):
        r = Rounds([("ours", lambda: p.ours("train_step", network=network)),
                    ("torch", lambda: p.torch("pytorch_train_step.py", network=network))], rounds)
        out.append(r.ratio(group, "%s, against %s" % (network, BEST), "ours", "torch", None))
    return out


PARTS = {"train": train, "fcn": fcn, "models": models, "infer": infer, "conv": conv, "stitch": stitch, "threads": threads,
         "compile": compile_time, "first_step": first_step, "others": others}
