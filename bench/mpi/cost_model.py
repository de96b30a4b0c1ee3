#!/usr/bin/python3
"""Usage: bench/mpi/cost_model.py --sizes FILE --constants FILE --batch B [--ranks N...] [--gigabits G] [--milliseconds D]
Predicts a training step of N ranks, of B samples each, from the sizes of a network (train_ranks --sizes) and constants
(bench/mpi/measure.py; docs/scaling.md says what they are), and prints a table.

The model plays a step on two clocks, that of the thread that computes and that of the one that sends:

  gather    T(N, n) = steps(N) latency + n (N - 1) / N / bandwidth           n: bytes of all ranks together
  exchange  T(N, n) = (N - 1) latency + n (N - 1) / N / bandwidth            n: bytes of a bucket
  bucket    n / pack + exchange + n / add + n / (N pack) + gather + n / unpack
  factors   gather of x, gather of dy
  step      3 small gathers + forward + backward, whose gradients are sent in their order as soon as they are there
            + what of the sending is left + products of the factors + update + a gather of running statistics

where steps(N) is log2(N) for small messages and N / 2 for large ones, as Open MPI gathers."""

import argparse
import dataclasses
import json
import math
import sys

SMALL = 50000  # bytes of all ranks together up to which a gather takes log2(N) steps


@dataclasses.dataclass(frozen=True)
class Network:
    latency: float  # seconds of a message, the work of both ends included
    bandwidth: float  # bytes a second in each direction
    work: float = 0.0  # seconds of a processor a byte, of both ends and whatever carries it on the same machine
    exchange_share: float = 1.0  # of the bandwidth, that an exchange between more than two makes use of
    gather_share: float = 1.0  # the same of a gather

    def gather(self, ranks, size):
        if ranks == 1:
            return 0.0
        bandwidth = self.bandwidth * (self.gather_share if ranks > 2 else 1.0)
        steps = math.ceil(math.log2(ranks)) if size < SMALL else ranks // 2 if ranks % 2 == 0 else ranks - 1
        return steps * self.latency + size * (ranks - 1) / ranks / bandwidth

    def exchange(self, ranks, size):
        bandwidth = self.bandwidth * (self.exchange_share if ranks > 2 else 1.0)
        return (ranks - 1) * self.latency + size * (ranks - 1) / ranks / bandwidth


@dataclasses.dataclass(frozen=True)
class MeasuredNetwork:
    """The same from measurements between just as many ranks (mpi_constants)."""
    small: float  # seconds of a small gather
    exchange_latency: float
    exchange_bandwidth: float
    gather_latency: float
    gather_bandwidth: float
    work: float = 0.0

    def gather(self, ranks, size):
        if ranks == 1:
            return 0.0
        return self.small if size < SMALL else self.gather_latency + size * (ranks - 1) / ranks / self.gather_bandwidth

    def exchange(self, ranks, size):
        return self.exchange_latency + size * (ranks - 1) / ranks / self.exchange_bandwidth


@dataclasses.dataclass(frozen=True)
class Machine:
    """Seconds are of one rank by itself; rates in bytes a second, of a rank while all of its machine work."""
    computing: float  # seconds of forward and backward of its batch, without the products of Linear layers' factors
    updating: float  # seconds of an update
    multiply: float = 1e11  # operations a second in products of factors ...
    write: float = 1e10  # ... whose results are written so fast
    pack: float = 1e10
    add: float = 1e10
    unpack: float = 1e10
    processors: int = 0  # that all ranks share; 0: each has its own


@dataclasses.dataclass(frozen=True)
class Options:
    factors: bool = True
    width: int = 4  # bytes of an element on the wire
    first_bucket: int = 1 << 20
    bucket: int = 32 << 20
    thread: bool = True
    threads: int = 1  # that compute, of a rank
    statistics: int = 0  # elements of running statistics, which are gathered as doubles


def sends_factors(operation, batch, ranks, options):
    """As run/factor_exchange.hpp decides."""
    rows = batch * ranks * operation["rows"]
    inputs, outputs = operation["inputs"], operation["outputs"]
    return options.factors and rows > 0 and rows * (inputs + outputs) <= inputs * outputs


def bytes_sent(operations, batch, ranks, options):
    """Of a rank: (as gradients, as factors)."""
    gradients = factors = 0.0
    for one in operations:
        elements = one["gradient"]
        if sends_factors(one, batch, ranks, options):
            factors += 4.0 * batch * one["rows"] * (one["inputs"] + one["outputs"]) * (ranks - 1)
            elements -= one["inputs"] * one["outputs"]
        gradients += 2.0 * options.width * elements * (ranks - 1) / ranks
    return gradients, factors


def product_seconds(one, rows, machine):
    elements = one["inputs"] * one["outputs"]
    return 2.0 * rows * elements / machine.multiply + 4.0 * elements / machine.write


def bucket_seconds(elements, ranks, network, machine, options):
    plain, wire = 4.0 * elements, options.width * elements
    own = plain / ranks
    return (plain / machine.pack + network.exchange(ranks, wire) + plain / machine.add + own / machine.pack +
            network.gather(ranks, wire) + plain / machine.unpack)


def predict(operations, batch, ranks, network, machine, options=Options()):
    """A dict of seconds: the step, and what it consists of."""
    gradients, factors = bytes_sent(operations, batch, ranks, options)
    # Where ranks share processors, what they compute, copy and send is work of all of them.
    slower = 1.0
    if machine.processors > 0:
        copied = gradients / options.width * 4.0 / 2.0 * ranks / max(1, ranks - 1)
        sending = network.work * (gradients + factors)
        sending += copied * (1 / machine.pack + 1 / machine.add + 1 / machine.unpack)
        busy = ranks * (options.threads + sending / machine.computing) if ranks > 1 else options.threads
        slower = max(1.0, busy / machine.processors)
    crowded = max(1.0, ranks * options.threads / machine.processors) if machine.processors > 0 else 1.0
    work = [one["forward"] + one["backward"] - (one["forward"] if one["rows"] > 0 else 0.0) for one in operations]
    second = machine.computing * slower / sum(work)

    small = network.gather(ranks, 32 * ranks)
    clock = 2 * small + sum(one["forward"] for one in operations) * second + small
    sender = sending = products = inside = 0.0

    def send(seconds):
        nonlocal clock, sender, sending, inside
        sending += seconds
        sender = max(sender, clock) + seconds
        if not options.thread:
            inside += seconds
            clock = sender

    filled, most, waiting = 0, options.first_bucket // 4, []
    for one, operation_work in zip(operations, work):
        clock += (operation_work - one["forward"]) * second
        elements = one["gradient"]
        if one["rows"] > 0:
            own, whole = (product_seconds(one, batch * n * one["rows"], machine) for n in (1, ranks))
            if sends_factors(one, batch, ranks, options):
                elements -= one["inputs"] * one["outputs"]
                rows = 4.0 * batch * ranks * one["rows"]
                send(network.gather(ranks, rows * one["inputs"]) + network.gather(ranks, rows * one["outputs"]))
                waiting.append((sender, whole * crowded))
            else:
                clock += own * slower
        while elements > 0 and ranks > 1:
            count = min(elements, most - filled)
            filled += count
            elements -= count
            if filled == most:
                send(bucket_seconds(most, ranks, network, machine, options))
                filled, most = 0, options.bucket // 4
    if filled > 0:
        send(bucket_seconds(filled, ranks, network, machine, options))
    end_backward = clock
    for there, seconds in waiting:
        clock = max(clock, there) + seconds
        products += seconds
    clock = max(clock, sender)
    left = clock - end_backward - products + inside
    updating = machine.updating * crowded
    if options.statistics > 0:  # MPI does nothing about nothing
        clock += network.gather(ranks, 8 * options.statistics * ranks)
    return {"step": clock + updating, "computing": machine.computing * slower, "updating": updating, "sending": sending,
            "left": left, "products": products, "megabytes": 1e-6 * (gradients + factors)}


def efficiency(operations, batch, ranks, network, machine, options=Options(), alone=None):
    """Weak scaling: `alone`, seconds of a step of one process without MPI, against one of N with the same batch each."""
    one = alone if alone is not None else predict(operations, batch, 1, network, machine, options)["step"]
    return one / predict(operations, batch, ranks, network, machine, options)["step"]


def read(sizes, constants):
    with open(sizes) as file:
        network = json.load(file)
    with open(constants) as file:
        return network, json.load(file)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", required=True, help="what train_ranks --sizes printed")
    parser.add_argument("--constants", required=True, help="JSON: the fields of Machine")
    parser.add_argument("--batch", type=int, required=True, help="samples a rank")
    parser.add_argument("--ranks", type=int, nargs="+", default=[2**k for k in range(11)])
    parser.add_argument("--gigabits", type=float, default=10.0)
    parser.add_argument("--milliseconds", type=float, default=0.05, help="latency of a message")
    parser.add_argument("--exchange-share", type=float, default=1.0, help="of the bandwidth, between more than two ranks")
    parser.add_argument("--gather-share", type=float, default=1.0)
    parser.add_argument("--bf16", action="store_true", help="gradients on the wire")
    parser.add_argument("--no-factors", action="store_true")
    given = parser.parse_args()
    sizes, constants = read(given.sizes, given.constants)
    operations = sizes["operations"]
    names = [field.name for field in dataclasses.fields(Machine)]
    machine = Machine(**{name: value for name, value in constants.items() if name in names})
    network = Network(1e-3 * given.milliseconds, 0.94 * given.gigabits * 1e9 / 8,  # headers of frames take 6 %
                      exchange_share=given.exchange_share, gather_share=given.gather_share)
    options = Options(factors=not given.no_factors, width=2 if given.bf16 else 4,
                      statistics=sizes["statistics"])
    print("%6s %10s %10s %10s %10s %10s %12s" % ("ranks", "step s", "left s", "products s", "sent MB", "sending s", "efficiency %"))
    for ranks in given.ranks:
        p = predict(operations, given.batch, ranks, network, machine, options)
        print("%6d %10.4f %10.4f %10.4f %10.1f %10.4f %12.1f" % (
            ranks, p["step"], p["left"], p["products"], p["megabytes"], p["sending"],
            100 * efficiency(operations, given.batch, ranks, network, machine, options, constants.get("alone"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
