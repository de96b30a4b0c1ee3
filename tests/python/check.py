"""Usage: check.py FOLDER
Trains, judges, asks, saves and loads the network of pair.cpp, whose module lies in FOLDER, and runs the program of
docs/python.md. Ends with 77 (skipped) where numpy is missing."""
import contextlib
import io
import os
import pathlib
import re
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
try:
    import numpy as np
except ImportError:
    print("skipped: needs numpy (python3-numpy)")
    sys.exit(77)
import pair


def refuses(text, function, *arguments, **named):
    try:
        function(*arguments, **named)
    except (pair.Error, TypeError) as error:
        assert text in str(error), f"found '{error}', expected '{text}'"
        return
    raise AssertionError(f"nothing was refused, expected '{text}'")


def draw(count, seed):
    """A bright block of one of three heights somewhere: its kind is the height, its place the corner."""
    random = np.random.default_rng(seed)
    images = (0.1 * random.standard_normal((count, 6, 6, 1))).astype(np.float32)
    kinds = random.integers(0, 3, count)
    places = random.integers(0, 3, (count, 2))
    for image, kind, (row, column) in zip(images, kinds, places):
        image[row:row + 1 + kind, column:column + 2] += 1
    return images, {"kind": kinds, "place": places.astype(np.float32) / 2}


images, labels = draw(300, seed=1)
test_images, test_labels = draw(100, seed=2)
net = pair.Pair(seed=1)
assert net.heads == ["kind", "place"] and net.inputs == {"kind": (6, 6, 1), "place": (6, 6, 1)}
assert pair.Pair.parameter_count == sum(array.size for array in net.parameters.values())

# Training: the losses fall, the callback sees each step, a line of progress is written over and over.
before = net.evaluate(test_images, test_labels)
steps, output = [], io.StringIO()
with contextlib.redirect_stdout(output):
    result = net.train(images, labels, pair.Adam(learning_rate=0.01), epochs=20, batch=30, threads=1,
                       schedule=pair.Schedule.cosine(), evaluation=(test_images, test_labels), progress=True,
                       callback=lambda step, losses: steps.append((step, set(losses))))
after = net.evaluate(test_images, test_labels)
assert result["reason"] == "finished" and result["iterations"] == 200, result
assert steps == [(i + 1, {"kind", "place"}) for i in range(200)]
assert after["kind"]["accuracy"] > 90 > before["kind"]["accuracy"], (before, after)
assert after["place"]["loss"] < 0.2 * before["place"]["loss"], (before, after)
assert result["evaluations"][-1][1]["kind"]["accuracy"] == after["kind"]["accuracy"]
text = output.getvalue()
assert text.count("\r") >= 2 and text.count("\n") == 1 and text.endswith("\n") and "200/200" in text, repr(text)

# The same again: same bits. Silent.
again = pair.Pair(seed=1)
with contextlib.redirect_stdout(io.StringIO()) as silence:
    again.train(images, labels, pair.Adam(learning_rate=0.01), epochs=20, batch=30, threads=2,
                schedule=pair.Schedule.cosine(), progress=False)
assert silence.getvalue() == ""
assert all(np.array_equal(net.parameters[name], array) for name, array in again.parameters.items())

# Predictions: the memory of the predictor, kept while somebody holds it; copies while it is held.
answer = net.predict(test_images)
kind = answer["kind"]
assert kind.shape == (100, 3) and answer["place"].shape == (100, 2) and kind.dtype == np.float32
assert np.allclose(kind.sum(axis=1), 1, atol=1e-5)
assert np.mean(kind.argmax(axis=1) == test_labels["kind"]) * 100 == after["kind"]["accuracy"]
assert not kind.flags.writeable and not kind.flags.owndata
address, kept = kind.ctypes.data, kind.copy()
other = net.predict(images[:100])["kind"]
assert other.ctypes.data != address and np.array_equal(kind, kept) and not np.array_equal(other, kept)
del answer, kind
assert net.predict(test_images)["kind"].ctypes.data == address
logits = net.predict(test_images, logits=True)["kind"]
assert np.allclose(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), kept, atol=1e-5)
by_name = net.predict({"kind": test_images, "place": test_images.reshape(100, 36)})
assert np.array_equal(by_name["kind"], kept)
del net, logits, by_name
assert np.array_equal(other, other) and again.predict(test_images)["kind"].shape == (100, 3)  # outlives its network
net = again

# Bytes as they are; threads that ask at the same time.
whole = (test_images > 0.5).astype(np.uint8)
assert np.array_equal(net.predict(whole)["kind"], net.predict(whole.astype(np.float32))["kind"])
found = [None] * 4


def ask(i):
    for _ in range(20):
        found[i] = net.predict(test_images, threads=1)["kind"].copy()


threads = [threading.Thread(target=ask, args=(i,)) for i in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert all(np.array_equal(one, kept) for one in found)

# Files.
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "pair.safetensors")
    net.save(path)
    loaded = pair.Pair(seed=7)
    assert not np.array_equal(loaded.predict(test_images)["kind"], kept)
    loaded.load(path)
    assert np.array_equal(loaded.predict(test_images)["kind"], kept)
    refuses("missing.safetensors", loaded.load, os.path.join(folder, "missing.safetensors"))
    # A training that is stopped by its callback continues from its checkpoint.
    options = dict(epochs=2, batch=30, progress=False, checkpoint_directory=os.path.join(folder, "run"))
    straight, stopped = pair.Pair(seed=3), pair.Pair(seed=3)
    straight.train(images, labels, pair.Sgd(learning_rate=0.01, momentum=0.9), epochs=2, batch=30, progress=False)
    first = stopped.train(images, labels, pair.Sgd(learning_rate=0.01, momentum=0.9), **options,
                          callback=lambda step, losses: step < 7)
    assert (first["reason"], first["iterations"]) == ("interrupted", 7), first
    stopped.train(images, labels, pair.Sgd(learning_rate=0.01, momentum=0.9), **options, resume=True)
    assert all(np.array_equal(straight.parameters[name], array) for name, array in stopped.parameters.items())

# Labels that are missing: a class below 0, NaN.
some = {"kind": np.where(np.arange(300) < 150, labels["kind"], -1), "place": labels["place"].copy()}
some["place"][:150] = np.nan
pair.Pair().train(images, some, pair.Adam(), iterations=20, progress=False)
one = net.evaluate(test_images, {"place": test_labels["place"]})  # of the heads whose labels are given
assert one["place"] == after["place"] and "loss" not in one["kind"], (one, after)
refuses('head "kind" wants a label', net.train, images, {"place": labels["place"]}, pair.Adam(), epochs=1)

# A callback may ask the network that trains. Its exception arrives.
seen = []
net.train(images, labels, pair.Sgd(learning_rate=0.1), iterations=3, progress=False,
          callback=lambda step, losses: seen.append(net.predict(test_images)["kind"].copy()))
assert len(seen) == 3 and not np.array_equal(seen[0], seen[2])
try:
    net.train(images, labels, pair.Adam(), epochs=1, progress=False, callback=lambda step, losses: 1 / 0)
    raise AssertionError("the callback's exception was lost")
except ZeroDivisionError:
    pass

# What does not fit is named.
refuses("found elements of type float64, expected float32 or uint8", net.predict, test_images.astype(np.float64))
refuses("expected numpy.ascontiguousarray", net.predict, test_images[:, ::-1])
refuses("found list, expected a numpy array", net.predict, test_images.tolist())
refuses('input "input": found 100 samples of 25 elements', net.predict, test_images[:, :5, :5].copy())
refuses('no input for "place"', net.predict, {"kind": test_images})
refuses('has no input "sound"', net.predict, {"input": test_images, "sound": test_images})
refuses('has no such head, but "kind", "place"', net.evaluate, test_images, {"colour": test_labels["kind"]})
refuses("expected int32, int64 or uint8", net.evaluate, test_images, {"kind": test_labels["place"]})
refuses("found 2 elements a sample, expected 1", net.evaluate, test_images, {"kind": np.zeros((100, 2), np.int64)})
refuses("found 99 samples, expected 100", net.evaluate, test_images, {"kind": test_labels["kind"][:99]})
refuses("as optimizer, expected Sgd, Adam or AdamW", net.train, images, labels, "adam", epochs=1)
refuses("train: evaluation is no pair", net.train, images, labels, pair.Adam(), epochs=1, evaluation=[images, labels])
refuses('input "input": found an array without elements, expected [samples, ...]', net.predict, test_images[:0])
refuses('input "input": found 5 extents, expected at most [samples, height, width, channels]', net.evaluate,
        np.zeros((100, 1, 5, 6, 1), np.float32), test_labels)
refuses("found an empty dict, expected {name: array}", net.predict, {})
refuses("epochs = 0 and iterations = 0", net.train, images, labels, pair.Adam())
refuses("expected a class", net.evaluate, test_images, {"kind": np.full(100, 2**40)})
refuses("among 2 values", net.evaluate, test_images, {"place": np.array([[0, np.nan]] * 100, np.float32)})

# The program of the page.
page = (pathlib.Path(__file__).resolve().parents[2] / "docs/python.md").read_text()
[program] = re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)
with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as output:
    here = os.getcwd()
    os.chdir(folder)
    exec(compile(program, "docs/python.md", "exec"), {})
    os.chdir(here)
    assert os.path.exists(os.path.join(folder, "pair.safetensors")) and "20/20" in output.getvalue()
print(f"pair: accuracy {before['kind']['accuracy']:.0f} -> {after['kind']['accuracy']:.0f} %, trained from Python")
