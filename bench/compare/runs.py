"""Starts our programs and those of others, one at a time, and hands back what they print."""

import json
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PEERS = os.path.join(ROOT, "bench", "peers")
LIBRARIES = "/usr/lib/x86_64-linux-gnu"
TCMALLOC = os.path.join(LIBRARIES, "libtcmalloc_minimal.so.4")
OPENBLAS = os.path.join(LIBRARIES, "openblas-pthread")
PYTHON = "/usr/bin/python3"  # the one that Debian's python3-torch belongs to


def processor_has(*flags):
    with open("/proc/cpuinfo") as file:
        found = next((line.split() for line in file if line.startswith(("flags", "Features"))), [])
    return any(flag in found for flag in flags)


class Failed(Exception):
    """A program ended with an error; the text says which and how."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def complaint(program, errors):
    """The line of an error output that says most: our programs' own, else the last (Python's exception)."""
    lines = errors.strip().splitlines() or ["no output"]
    return next((line for line in lines if line.startswith(program + ":")), lines[-1])


def call(command, environment=None):
    """Runs a command, returns its last line of output as JSON."""
    program = next((os.path.basename(part) for part in command if part.endswith((".py", ".mjs"))), os.path.basename(command[0]))
    full = dict(os.environ, **(environment or {}))
    done = subprocess.run(command, env=full, capture_output=True, text=True, cwd=ROOT)
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    if done.returncode != 0 or not lines:
        text = complaint(program, done.stderr)
        raise Failed("%s (exit status %d)" % (text if text.startswith(program) else program + ": " + text, done.returncode))
    try:
        return json.loads(lines[-1])
    except json.JSONDecodeError:
        raise Failed("%s: not JSON: %s" % (program, lines[-1][:200]))


def options(named):
    return [part for name, value in named.items() for part in ("--" + name, str(value))]


class Programs:
    def __init__(self, build, cache, threads, steps, avx2):
        self.build, self.cache, self.threads, self.steps, self.avx2 = build, cache, threads, steps, avx2
        # Without an instruction for bf16, PyTorch and oneDNN refuse it or take minutes for a pass.
        self.peers_have_bf16 = not avx2 and processor_has("avx512_bf16", "amx_bf16", "bf16")
        self.has_matrix_unit = not avx2 and processor_has("amx_bf16")

    def ours(self, program, profile=False, **named):
        named = {"threads": self.threads, "steps": self.steps, **named}
        extra = ["--profile"] if profile else []
        return call([os.path.join(self.build, "bench", program), *options(named), "--json", *extra])

    def torch_environment(self, best, threads):
        """`best`: tcmalloc preloaded and OpenBLAS chosen; else PyTorch as it was installed."""
        environment = {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
        if best:
            environment.update(LD_PRELOAD=TCMALLOC, LD_LIBRARY_PATH=OPENBLAS)
        if self.avx2:
            environment.update(ATEN_CPU_CAPABILITY="avx2", DNNL_MAX_CPU_ISA="AVX2", OPENBLAS_CORETYPE="Haswell")
        return environment

    def torch(self, program, best=True, **named):
        named = {"threads": self.threads, "steps": self.steps, **named}
        return call([PYTHON, os.path.join(PEERS, program), *options(named), "--json"],
                    self.torch_environment(best, named["threads"]))

    def torch_layers(self, precision, seconds):
        return call([PYTHON, os.path.join(PEERS, "pytorch_conv_layers.py"), "--batch", "16", "--threads", str(self.threads),
                     "--precision", precision, "--seconds", str(seconds), "--json"],
                    self.torch_environment(True, self.threads))

    def our_layers(self, precision, seconds):
        """{"conv1": {"forward": {"gflops", "peak"}}} at the given number of threads, from the Google Benchmark program."""
        done = subprocess.run(
            [os.path.join(self.build, "bench", "kernels", "conv_bench"), "--benchmark_format=json",
             "--benchmark_min_time=%g" % seconds, "--benchmark_filter=^%s/conv./.*/%d(/|$)" % (precision, self.threads)],
            capture_output=True, text=True)
        if done.returncode != 0 or not done.stdout.strip():
            raise Failed("conv_bench: %s" % (done.stderr.strip().splitlines() or ["no output"])[-1])
        layers = {}
        for run in json.loads(done.stdout)["benchmarks"]:
            _, layer, which = run["name"].split("/")[:3]
            top = run["peak"]  # in GFLOP/s
            layers.setdefault(layer, {})[which] = {"gflops": run["GFLOP/s"], "peak": top}
        if not layers:
            raise Failed("conv_bench: no %s passes at %d threads" % (precision, self.threads))
        return layers

    def onnxruntime(self, batch):
        model = os.path.join(self.cache, "caffenet_pair.onnx")
        if not os.path.exists(model):
            say("  writing %s" % os.path.relpath(model, ROOT))
            done = subprocess.run([PYTHON, os.path.join(PEERS, "onnx_export.py"), model], capture_output=True, text=True)
            if done.returncode != 0:
                raise Failed("onnx_export.py: " + (done.stderr.strip().splitlines() or [""])[-1])
        # Short steps: a batch of one is done in tens of milliseconds.
        return call([shutil.which("node") or "node", os.path.join(PEERS, "onnxruntime_infer.mjs"), "--model", model,
                     "--modules", os.path.join(self.cache, "node"),
                     *options({"batch": batch, "threads": self.threads, "steps": self.steps * (4 if batch == 1 else 1)}),
                     "--json"])

    def first_step(self, steps):
        folder = os.path.join(self.cache, "first_step")
        command = [os.path.join(self.build, "bench", "first_step"), folder, *options({"steps": steps, "threads": self.threads})]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed("first_step: " + done.stderr.strip())
        environment = dict(os.environ, **self.torch_environment(True, self.threads))
        done = subprocess.run([PYTHON, os.path.join(PEERS, "pytorch_first_step.py"), folder, "--threads", str(self.threads),
                               "--json"], capture_output=True, text=True, env=environment)
        shutil.rmtree(folder, ignore_errors=True)  # a gigabyte
        if not done.stdout.strip():
            raise Failed("pytorch_first_step.py: " + (done.stderr.strip().splitlines() or [""])[-1])
        return json.loads(done.stdout)

    def compile(self, source):
        """Seconds and peak memory (bytes) of compiling one of our sources with the release flags, without ccache."""
        import shlex
        import time

        with open(os.path.join(self.build, "compile_commands.json")) as file:
            entries = [e for e in json.load(file) if e["file"].endswith("/" + source)]
        if not entries:
            raise Failed("compile_commands.json has no " + source)
        command = shlex.split(entries[0]["command"])
        names = [os.path.basename(part) for part in command]
        if "ccache" in names:  # and what starts it
            command = command[names.index("ccache") + 1:]
        target = os.path.join(self.cache, "compiled.o")
        command[command.index("-o") + 1] = target
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=entries[0]["directory"])
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise Failed("the compiler ended with status %d" % process.returncode)
        os.remove(target)
        return {"seconds": seconds, "bytes": usage.ru_maxrss * 1024}
