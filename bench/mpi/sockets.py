#!/usr/bin/python3
"""Usage: bench/mpi/on_network --nodes 2 -- bench/mpi/sockets.py [MEGABYTES]
Looks at an emulated network without MPI, by plain sockets between its first two nodes: the round trip of a byte, the
rate of a stream, and the processor time of both ends a gigabyte. Prints one JSON object."""
import json
import os
import resource
import socket
import sys
import time

PORT, TRIPS = 5077, 200


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def connect(address):
    for _ in range(200):
        try:
            return socket.create_connection(address, timeout=10)
        except OSError:
            time.sleep(0.05)
    raise SystemExit("sockets: no connection to %s:%d" % address)


def receive(link, size, memory):
    at = 0
    while at < size:
        got = link.recv_into(memory[:min(len(memory), size - at)])
        if got == 0:
            raise SystemExit("sockets: the other end is gone after %d of %d bytes" % (at, size))
        at += got


def main():
    size = int(sys.argv[1] if len(sys.argv) > 1 else "200") * 1000000
    block, first = memoryview(bytearray(1 << 20)), os.environ.get("OMPI_COMM_WORLD_RANK", "0") == "0"
    if first:
        server = socket.create_server(("10.77.0.1", PORT))
        link, _ = server.accept()
    else:
        link = connect(("10.77.0.1", PORT))
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    trips = []
    for _ in range(TRIPS):
        start = time.perf_counter()
        if first:
            link.sendall(b"x")
            receive(link, 1, block)
        else:
            receive(link, 1, block)
            link.sendall(b"x")
        trips.append(time.perf_counter() - start)
    before, start, at = processor_seconds(), time.perf_counter(), 0
    if first:
        receive(link, size, block)
        link.sendall(b"x")
        seconds, used = time.perf_counter() - start, processor_seconds() - before
        receive(link, 16, block)
        other = float(bytes(block[:16]).decode())
        trips.sort()
        print(json.dumps({"round_trip": trips[TRIPS // 2], "round_trip_90": trips[TRIPS * 9 // 10],
                          "gigabits": 8e-9 * size / seconds, "processor_seconds_a_gigabyte": 1e9 * (used + other) / size}))
    else:
        while at < size:
            link.sendall(block[:min(len(block), size - at)])
            at += len(block)
        receive(link, 1, block)
        link.sendall(b"%016.6f" % (processor_seconds() - before))


main()
