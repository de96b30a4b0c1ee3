"""Usage: build.py FOLDER
Writes the site to FOLDER: README.md and docs/*.md in the order of docs/course.md, the reference of the public headers,
the files of the repository that these link to, and an index for the search. scripts/site calls it."""
import html
import json
import pathlib
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import pygments
import pygments.formatters
import pygments.lexers
import pygments.util

import reference
from reference import relative

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "docs/site"
PICTURES = (".svg", ".png", ".jpg")
FORMAT = pygments.formatters.HtmlFormatter(nowrap=True)


def page_name(path):
    """Of a Markdown file, from the root of the site."""
    return "index.html" if path == "README.md" else path[:-3] + ".html"


def coloured(code, language):
    try:
        return pygments.highlight(code, pygments.lexers.get_lexer_by_name(language, stripnl=False), FORMAT)
    except pygments.util.ClassNotFound:
        return html.escape(code, quote=False)


def anchor_of(heading, seen):
    """As the places that show Markdown make them."""
    name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
    count = seen.get(name, 0)
    seen[name] = count + 1
    return name if count == 0 else f"{name}-{count}"


class Site:
    def __init__(self, folder):
        self.folder = folder
        self.files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, text=True,
                                    capture_output=True).stdout.split("\n")[:-1]
        self.folders = {str(p) for f in self.files for p in pathlib.PurePath(f).parents} - {"."}
        self.sources = []  # files and folders of the repository that have a page
        self.entries = []  # of the search: title, address, kind, words
        self.navigation = []  # (title, page or None for a heading)
        self.headers = {}

    def write(self, name, title, body):
        up = "../" * name.count("/")
        items = []
        for words, page in self.navigation:
            if page is None:
                items.append(f"<li class=\"part\">{html.escape(words)}</li>")
            else:
                here = ' aria-current="page"' if page == name else ""
                items.append(f'<li><a href="{up}{page}"{here}>{html.escape(words)}</a></li>')
        order = [page for _, page in self.navigation if page]
        beside = ""
        if name in order:
            at, words = order.index(name), {page: w for w, page in self.navigation if page}

            def neighbour(to, which):
                if not 0 <= to < len(order):
                    return "<span></span>"
                return f'<a rel="{which}" href="{up}{order[to]}">{html.escape(words[order[to]])}</a>'

            before, after = neighbour(at - 1, "prev"), neighbour(at + 1, "next")
            beside = f'<nav class="beside" aria-label="Neighbours">{before}{after}</nav>'
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"""<!DOCTYPE html>
<html lang="en" data-root="{up}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{html.escape(title)} - xstitch</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{up}style.css">
<script defer src="{up}search.js"></script>
</head>
<body>
<header><a class="home" href="{up}index.html">xstitch</a>
<div class="search" role="search"><input type="search" id="search" placeholder="Search pages and reference"
aria-label="Search" autocomplete="off" spellcheck="false"><ol id="found" hidden></ol></div></header>
<div class="columns">
<nav class="pages" aria-label="Pages"><details><summary>Pages</summary><ul>
{"".join(items)}
</ul></details></nav>
<main>
{body}
{beside}
</main>
</div>
</body>
</html>
""")

    # Pages -----------------------------------------------------------------------------------------------------------

    def order_of_course(self):
        """README, the course, and the pages of docs/ in the order in which it names them, then the others."""
        course = (ROOT / "docs/course.md").read_text()
        named = ["README.md", "docs/course.md"]
        parts = {}
        for line in course.splitlines():
            row = re.match(r"\| (\d+) \|", line)
            for target in re.findall(r"\]\(([^)#\s]+)", line):
                path = (ROOT / "docs" / target).resolve().relative_to(ROOT).as_posix()
                if path not in named and path.endswith(".md"):
                    named.append(path)
                    parts[path] = row[1] if row else None
        rest = [p.relative_to(ROOT).as_posix() for p in sorted((ROOT / "docs").glob("*.md"))]
        rest = [p for p in rest + ["CHANGELOG.md", "packaging/README.md"] if p not in named]
        return named, rest, parts

    def markdown(self, path):
        here = page_name(path)
        text = (ROOT / path).read_text()
        body = subprocess.run(["cmark-gfm", "-e", "table", "-e", "autolink", "--unsafe"], input=text, check=True,
                              text=True, capture_output=True).stdout
        seen, sections = {}, []

        def heading(found):
            words = html.unescape(re.sub(r"<[^>]*>", "", found[2]))
            anchor = anchor_of(words, seen)
            sections.append((words, anchor))
            link = f'<a class="anchor" href="#{anchor}" aria-label="Link">#</a>'
            return f'<h{found[1]} id="{anchor}">{found[2]} {link}</h{found[1]}>'

        def code(found):
            language = (found[1] or "").split(" ")[0]
            return f"<pre><code>{coloured(html.unescape(found[2]), language)}</code></pre>"

        def header(found):
            page = self.headers.get(found[1])
            return f'<a href="{relative(page, here)}">{found[0]}</a>' if page else found[0]

        body = re.sub(r'<pre><code(?: class="language-([^"]*)")?>(.*?)</code></pre>', code, body, flags=re.S)
        body = re.sub(r"<h([1-6])>(.*?)</h\1>", heading, body, flags=re.S)
        body = re.sub(r"(?<!<a href=\")<code>([a-z_0-9/]+\.hpp)</code>(?!</a>)", header, body)
        body = re.sub(r'(href|src)="([^"]*)"', lambda f: f'{f[1]}="{self.address(f[2], path, here)}"', body)
        body = re.sub(r"(<table>.*?</table>)", r'<div class="wide">\1</div>', body, flags=re.S)
        title = sections[0][0] if sections else path
        for section, part in zip(sections, re.split(r"<h[1-6] id=", body)[1:]):
            words = html.unescape(re.sub(r"<[^>]*>", " ", part.partition("</h")[2].partition(">")[2]))
            kind = "section" if section[0] != title else "page"
            name = section[0] if kind == "page" else f"{title}: {section[0]}"
            self.entries.append((name, f"{here}#{section[1]}", kind, re.sub(r"\s+", " ", words).strip()))
        return title, body

    def address(self, target, path, here):
        """Of a link of a page, as it is on the site."""
        if re.match(r"[a-z]+:|#", target):
            return target
        file, _, anchor = html.unescape(target).partition("#")
        if file.startswith("../") and here.startswith("reference/") or re.match(r"(\.\./)*(reference|source)/", file):
            return target  # made here
        goal = ((ROOT / path).parent / file).resolve().relative_to(ROOT).as_posix().rstrip("/")
        anchor = f"#{anchor}" if anchor else ""
        if goal.endswith(".md") and goal in self.pages:
            return relative(page_name(goal) + anchor, here)
        if goal.endswith(PICTURES) and goal in self.files:
            (self.folder / goal).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / goal, self.folder / goal)
            return relative(goal, here)
        return relative(self.source(goal) + anchor, here)

    # Files of the repository -----------------------------------------------------------------------------------------

    def source(self, path):
        """The page of a file or folder of the repository."""
        if path not in self.files and path not in self.folders:
            raise SystemExit(f"site: a page links to {path}, which is not in the repository")
        if path not in self.sources:
            self.sources.append(path)
        return f"source/{path}/index.html" if path in self.folders else f"source/{path}.html"

    def write_sources(self):
        done = 0
        while done < len(self.sources):
            path, done = self.sources[done], done + 1
            here = self.source(path)
            if path in self.folders:
                below = sorted({f[len(path) + 1 :].split("/")[0] for f in self.files if f.startswith(path + "/")})
                rows = []
                for name in below:
                    inner = f"{path}/{name}"
                    shown = inner in self.sources or inner in self.folders or "include/xstitch/" in inner
                    words = html.escape(name) + ("/" if inner in self.folders else "")
                    if shown:
                        words = f'<a href="{relative(self.source(inner), here)}">{words}</a>'
                    rows.append(f"<li>{words}</li>")
                self.write(here, path, f"<h1>{html.escape(path)}/</h1>\n<ul class=\"files\">{''.join(rows)}</ul>")
                continue
            text = (ROOT / path).read_text(errors="replace")
            try:
                lexer = pygments.lexers.get_lexer_for_filename(path, stripnl=False)
                lines = pygments.highlight(text, lexer, FORMAT).split("\n")
            except pygments.util.ClassNotFound:
                lines = html.escape(text, quote=False).split("\n")
            code = "\n".join(f'<a class="line" id="L{n}" href="#L{n}"></a>{line}'
                             for n, line in enumerate(lines[:-1], 1))
            self.write(here, path, f'<h1>{html.escape(path)}</h1>\n<pre class="source">{code}</pre>')

    # The whole -------------------------------------------------------------------------------------------------------

    def build(self):
        work = self.folder.parent / (self.folder.name + ".doxygen")
        names = reference.run_doxygen(ROOT, work)
        made = reference.Reference(work / "xml", names)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        for name in ("style.css", "search.js"):
            shutil.copyfile(HERE / name, self.folder / name)
        course, rest, parts = self.order_of_course()
        self.pages = course + rest
        for file in (f for f in self.files if f.startswith("include/xstitch/")):
            header = file.removeprefix("include/xstitch/")
            self.headers[header] = reference.page_of(header) if header in names else self.source(file)
        for path in self.pages:
            first = re.search(r"^# (.*)$", (ROOT / path).read_text(), re.M)[1]
            if path == course[0]:
                self.navigation.append(("First network", page_name(path)))
            elif path == "docs/course.md":
                self.navigation.append(("The course", page_name(path)))
            else:
                if path == rest[0]:
                    self.navigation.append(("Further pages", None))
                number = f"{parts[path]}. " if parts.get(path) else ""
                self.navigation.append((number + first, page_name(path)))
        self.navigation += [("Reference", None), ("All headers", "reference/index.html")]
        self.write_reference(made)
        for path in self.pages:
            title, body = self.markdown(path)
            self.write(page_name(path), title, body)
        self.write_sources()
        index = json.dumps([list(e) for e in self.entries], ensure_ascii=False, separators=(",", ":"))
        (self.folder / "search_index.js").write_text(f"searchIndex={index};\n")
        (work / "public_names.json").write_text(json.dumps(sorted(made.public)))
        print(f"{self.folder}: {len(self.pages)} pages, a reference of {len(names)} headers with {len(made.public)} "
              f"names, {len(self.sources)} sources; {len(self.entries)} entries to search")

    def write_reference(self, made):
        folders, here = {}, "reference/index.html"
        for name in made.names:
            folders.setdefault(name.split("/")[0], []).append(name)
            title, body, entries = made.header_page(name)
            self.entries += entries
            self.source("include/xstitch/" + name)
            self.write(reference.page_of(name), title, body)
        parts = ["<h1>Reference</h1>\n<p>A page a header, with every name that a program writes. What the library is "
                 "made of inside (kernels, graph, plan of memory) is described in the headers themselves and in "
                 '<a href="../docs/design.html">Design</a>.</p>\n']
        for folder, names in folders.items():
            rows = "".join(f'<tr><td><a href="{relative(reference.page_of(n), here)}">{n}</a></td>'
                           f"<td>{html.escape(made.brief(n))}</td></tr>\n" for n in names)
            parts.append(f'<h2 id="{folder}">{folder}</h2>\n<div class="wide"><table>{rows}</table></div>\n')
        self.write(here, "Reference", "".join(parts))


if __name__ == "__main__":
    Site(pathlib.Path(sys.argv[1]).resolve()).build()
