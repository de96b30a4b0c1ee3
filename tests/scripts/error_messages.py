"""The library's messages as its headers write them, and the entries of docs/errors.md."""
import functools
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADERS = ROOT / "include/xstitch"
LITERAL = r'"(?:[^"\\]|\\.)*"'
ANYTHING = "\x00"            # in a template: what is known when the message is made
PERHAPS = re.compile("\x01([^\x02]*)\x02")  # in a template: a literal that is one of two

# The headers with functions that return a message, or its part.
TEXTS = ("data/binding.hpp", "run/caffe_fit.hpp", "run/load_parameters.hpp", "train/trainer_messages.hpp")


@functools.cache
def headers():
    # Comments go: not the // in a literal.
    comment = re.compile(rf"({LITERAL})|//[^\n]*")
    return {path.relative_to(HEADERS).as_posix(): comment.sub(lambda found: found[1] or "", path.read_text())
            for path in sorted(HEADERS.rglob("*.hpp"))}


@functools.cache
def thrower():
    """Where a message begins: a call of fail() or of a function that ends in it, or a line of a list of problems."""
    names = {"fail", "Error", "problem", "damaged"}  # a lambda is not marked
    for text in headers().values():
        names.update(re.findall(r"\[\[noreturn[^;{]*?\b(\w+)\s*\(", text))
    names -= {"not_finite", "wrong_label"}  # of metrics: what is passed is whose message it is, and no part of it
    return re.compile(rf"\b({'|'.join(sorted(names))})\s*\(|\bproblems_?\s*\+=()")


def call(text, at, last):
    """The text from `at` to `last`, outside of brackets and literals."""
    depth, begin = 0, at
    for found in re.finditer(rf"{LITERAL}|'(?:[^'\\]|\\.)'|[()\[\]{{}};]", text[at:]):
        c = found[0]
        if depth < 0 or (depth == 0 and c == last):
            return text[begin:at + found.start()]
        depth += (c in "([{") - (c in ")]}")
    raise ValueError("no end")


def template(expression, joined=""):
    """Its literals, with ANYTHING between those that more than space (or what is `joined`) is between: a member's key,
    as in json.at("version"), is no part of the text."""
    result, at = "", 0
    for found in re.finditer(LITERAL, expression):
        between = expression[at:found.start()].strip(" \n" + joined)
        if re.search(r"\.\w+\($", between):
            continue
        if between:
            result += ANYTHING
        text = re.sub(r"\\(.)", lambda escape: " " if escape[1] == "n" else escape[1], found[0][1:-1])
        result += f"\x01{text}\x02" if re.search(r"(?:\?|(?:^|[^:]):)(?: std::string\()?$", between) else text
        at = found.end()
    return " ".join((result + (ANYTHING if expression[at:].strip() else "")).split())


@functools.cache
def run_time():
    """(header, template) of each message that has words of its own."""
    found = set()
    for path, text in headers().items():
        if path.startswith("weave/"):  # the compiler's
            continue
        starts = [(m.end(), ")" if m[1] else ";", m[1] or "") for m in thrower().finditer(text)]
        if path in TEXTS:
            starts += [(m.end(), ";", "") for m in re.finditer(r"\breturn (?=[^;]*\")", text)]
        for begin, last, name in starts:
            expression = call(text, begin, last)
            if re.match(r"[^\"]*\)[^\"]*\{", text[begin + len(expression):][:40]) and '"' not in expression:
                continue  # its definition
            made = template(expression, "," if name == "fail" else "")
            if name == "fail_with_reason" and made[:1].isalpha():
                made = "cannot " + made
            words = len(re.findall(r"[A-Za-z]{2,}", made.replace(ANYTHING, " ")))
            if words >= (3 if name == "" and path in TEXTS else 2):
                found.add((path, made))
    return sorted(found)


@functools.cache
def compile_time():
    """(header, message) of each static_assert and #error: one or more literals, the first of which begins with xstitch."""
    message = re.compile(rf'("xstitch: (?:[^"\\]|\\.)*"(?:\s*{LITERAL})*)')
    return [(path, template(found).removeprefix("xstitch: ")) for path, text in headers().items()
            for found in message.findall(text)]


def words(message):
    """A template without the marks round literals that are one of two."""
    return message.translate({1: None, 2: None})


def guide():
    return (ROOT / "docs/errors.md").read_text()


def entries():
    """The quoted messages of the tables about what happens while a program runs: (line, quote)."""
    text = guide()
    begin, end = (text[:text.index(heading)].count("\n") for heading in ("## While the program runs", "## What no test"))
    for number, line in enumerate(text.splitlines(), 1):
        if not begin < number <= end or not line.startswith("| ") or line.startswith(("| ---", "| text")):
            continue
        for quote in line.split(" | ")[0].removeprefix("| ").split(" / "):
            yield number, quote.strip()


def pattern(quote):
    """What a quote stands for: its words in their order, and anything for each `...`."""
    words = [" ".join(part.split()) for part in quote.split("...")]
    return re.compile(".*".join(re.escape(word) for word in words if word))
