#!/usr/bin/python3
"""Training steps of the networks of bench/nets in PyTorch's DistributedDataParallel with gloo, timed; the face of
bench/mpi/train_ranks: --processes of --threads each on this machine, --batch samples a process.

For PyTorch's best, preload tcmalloc and choose OpenBLAS (scripts/bench_ranks does). A step's time is that of the slowest
process."""

import argparse
import json
import os
import resource
import sys
import tempfile
import time

import torch
import torch.distributed as dist

import pytorch_networks as networks


def work(rank, given, store):
    torch.set_num_threads(given.threads)
    torch.manual_seed(1)
    dist.init_process_group("gloo", init_method="file://" + store, rank=rank, world_size=given.processes)
    net, outputs, shape = networks.make(given.network, given.model, 2, given.width)
    net.train()
    ddp = torch.nn.parallel.DistributedDataParallel(net, bucket_cap_mb=given.bucket_mb, gradient_as_bucket_view=True,
                                                    static_graph=True, broadcast_buffers=False)
    torch.manual_seed(2 + rank)
    x = torch.randn(given.batch, *shape)
    labels = networks.random_labels(given, outputs, shape)
    optimizer = networks.sgd(net)
    seconds = []
    for step in range(given.steps + 2):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=False)  # the gradients are views of the buckets
        loss = networks.loss_of(ddp(x), labels)
        loss.backward()
        optimizer.step()
        if step >= 2:
            seconds.append(time.perf_counter() - start)
    taken = torch.tensor(seconds, dtype=torch.float64)
    dist.all_reduce(taken, op=dist.ReduceOp.MAX)
    if rank == 0:
        taken = taken.sort().values
        half = len(taken) // 2
        middle = float(taken[half] if len(taken) % 2 else (taken[half - 1] + taken[half]) / 2)
        print(json.dumps({
            "network": given.network, "model": given.model, "ranks": given.processes, "batch_of_a_rank": given.batch,
            "threads": given.threads, "steps": given.steps, "torch": torch.__version__, "seconds_per_step": middle,
            "seconds_per_step_least": float(taken[0]), "images_per_second": given.batch * given.processes / middle,
            "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }))
        sys.stdout.flush()
    dist.barrier()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", default="cross_stitch", choices=("cross_stitch", "one_task", "ensemble"))
    parser.add_argument("--model", default="caffenet", choices=("caffenet", "fcn32s", "resnet18"))
    parser.add_argument("--width", type=int, default=1)
    parser.add_argument("--batch", type=int, default=16, help="of a process")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1, help="of a process")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--bucket-mb", type=int, default=25)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        children = []
        for rank in range(given.processes):
            child = os.fork()
            if child == 0:
                try:
                    work(rank, given, os.path.join(folder, "store"))
                except BaseException as error:  # a child must not come back into main
                    print("process %d: %s" % (rank, error), file=sys.stderr, flush=True)
                    os._exit(1)
                os._exit(0)
            children.append(child)
        failed = [c for c in children if os.waitstatus_to_exitcode(os.waitpid(c, 0)[1]) != 0]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
