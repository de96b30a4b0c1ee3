"""The reference: Doxygen's XML of the public headers as pages, one a header."""
import html
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import headers

HERE = pathlib.Path(__file__).resolve().parent
TAGS = {"computeroutput": "code", "bold": "strong", "emphasis": "em", "verbatim": "pre", "itemizedlist": "ul",
        "orderedlist": "ol", "listitem": "li", "preformatted": "pre"}
SIGNS = {"sp": " ", "nonbreakablespace": "\u00a0", "ndash": "\u2013", "mdash": "\u2014", "linebreak": "\n"}


def run_doxygen(root, work):
    """Doxygen's XML of the public headers. Every warning is an error, and is said with the header's own path."""
    shutil.rmtree(work, ignore_errors=True)
    prepared = work / "headers"
    names = headers.write_prepared(root / "include/xstitch", prepared)
    settings = (HERE / "Doxyfile").read_text() + f"""
INPUT = {prepared}
OUTPUT_DIRECTORY = {work}
STRIP_FROM_PATH = {prepared}
WARN_LOGFILE = {work}/warnings
"""
    (work / "Doxyfile").write_text(settings)
    subprocess.run(["doxygen", work / "Doxyfile"], check=True)
    warnings = sorted(set((work / "warnings").read_text().splitlines()))
    if warnings:
        for line in warnings:
            print(line.replace(str(prepared), "include/xstitch"), file=sys.stderr)
        raise SystemExit(f"site: {len(warnings)} warnings of Doxygen")
    return names


def text_of(element):
    """Plain text, spaces as single ones."""
    return re.sub(r"\s+", " ", "".join(element.itertext())).strip() if element is not None else ""


def after_namespaces(name):
    return re.sub(r"^xstitch::", "", name)


class Reference:
    """Compounds and members of the XML by the header that declares them."""

    def __init__(self, folder, names):
        self.names = names
        self.pages = {name: {"file": None, "compounds": [], "members": []} for name in names}
        self.where = {}  # id: page#anchor
        self.public = set()  # all names, "Conv", "data::Folder", "Dims::pixels"
        for path in sorted(folder.glob("*.xml")):
            if path.name in ("index.xml", "Doxyfile.xml"):
                continue
            for compound in ElementTree.parse(path).getroot().iter("compounddef"):
                self.take(compound)
        for page in self.pages.values():
            page["compounds"].sort(key=lambda c: int(c.find("location").get("line")))
            page["members"].sort(key=lambda m: int(m.find("location").get("line")))

    def take(self, compound):
        kind, place = compound.get("kind"), compound.find("location")
        file = place.get("file") if place is not None else None
        if kind == "file":
            self.where[compound.get("id")] = page_of(file)
            self.pages[file]["file"] = compound
        elif kind in ("struct", "class", "union", "concept"):
            name = compound.findtext("compoundname")
            if "<" in name and not described(compound):  # an instance of a template, which stands for itself
                return
            self.pages[file]["compounds"].append(compound)
            self.where[compound.get("id")] = f"{page_of(file)}#{compound.get('id')}"
            self.public.add(after_namespaces(re.sub(r"<.*", "", name)))
            for member in compound.iter("memberdef"):
                if member.get("prot") == "private":
                    continue
                self.where[member.get("id")] = f"{page_of(file)}#{member.get('id')}"
                self.public.add(after_namespaces(f"{name}::{member.findtext('name')}"))
                self.add_values(member, name)
        elif kind == "namespace":
            self.public.add(after_namespaces(compound.findtext("compoundname")))
            for member in compound.iter("memberdef"):
                file = member.find("location").get("file")
                self.pages[file]["members"].append(member)
                self.where[member.get("id")] = f"{page_of(file)}#{member.get('id')}"
                self.public.add(after_namespaces(f"{compound.findtext('compoundname')}::{member.findtext('name')}"))
                self.add_values(member, compound.findtext("compoundname"))

    def add_values(self, member, scope):
        for value in member.iter("enumvalue"):
            self.public.add(after_namespaces(f"{scope}::{member.findtext('name')}::{value.findtext('name')}"))

    # Text ------------------------------------------------------------------------------------------------------------

    def content(self, element, here):
        out = [html.escape(element.text or "", quote=False)]
        for child in element:
            out.append(self.render(child, here))
            out.append(html.escape(child.tail or "", quote=False))
        return "".join(out)

    def render(self, element, here):
        tag = element.tag
        if tag in SIGNS:
            return SIGNS[tag]
        if tag == "para":
            # A list or a block of code ends a paragraph of HTML.
            parts = re.split(r"(<pre>.*?</pre>|<ul>.*?</ul>|<ol>.*?</ol>)", self.content(element, here), flags=re.S)
            return "".join(p if i % 2 else f"<p>{p.strip()}</p>\n" if p.strip() else "" for i, p in enumerate(parts))
        if tag == "ref":
            return self.link(element.get("refid"), self.content(element, here), here)
        if tag == "ulink":
            return f'<a href="{html.escape(element.get("url"))}">{self.content(element, here)}</a>'
        if tag in ("verbatim", "preformatted"):
            return f"<pre>{html.escape(''.join(element.itertext()).rstrip(), quote=False)}</pre>"
        if tag in TAGS:
            return f"<{TAGS[tag]}>{self.content(element, here)}</{TAGS[tag]}>"
        raise SystemExit(f"docs/site/reference.py knows no <{tag}> of Doxygen's XML ({here})")

    def link(self, identity, words, here):
        target = self.where.get(identity)
        return f'<a href="{relative(target, here)}">{words}</a>' if target else words

    def description(self, element, here):
        out = ""
        for part in ("briefdescription", "detaileddescription"):
            found = element.find(part)
            if found is not None:
                out += self.content(found, here).strip()

        def header(found):
            name = found[1]
            return f'<a href="{relative(page_of(name), here)}">{name}</a>' if name in self.pages else name

        return re.sub(r"(?<![\w/\">])((?:[a-z_]+/)+[a-z_0-9]+\.hpp)(?![\w.<])", header, out)

    def type_of(self, element, here):
        return self.content(element, here).strip() if element is not None else ""

    def template(self, element, here):
        found = element.find("templateparamlist")
        if found is None:
            return ""
        parameters = []
        for one in found.findall("param"):
            words = self.type_of(one.find("type"), here)
            name, default = one.findtext("declname"), one.find("defval")
            words += f" {html.escape(name)}" if name else ""
            words += f" = {self.type_of(default, here)}" if default is not None else ""
            parameters.append(words)
        needs = element.find("requiresclause")
        needs = f" requires {self.type_of(needs, here)}" if needs is not None else ""
        return f'<span class="template">template &lt;{", ".join(parameters)}&gt;{needs}</span>\n'

    def signature(self, member, here):
        kind, name = member.get("kind"), html.escape(member.findtext("name"))
        name = f'<a class="name" href="#{member.get("id")}">{name}</a>'
        what = self.type_of(member.find("type"), here)
        if kind == "enum":
            values = ", ".join(html.escape(v.findtext("name")) for v in member.findall("enumvalue"))
            return f"enum class {name} {{ {values} }}"
        if kind == "typedef":
            return f"{self.template(member, here)}using {name} = {what}"
        static = "static " if member.get("static") == "yes" and "static" not in what else ""
        what = f"{self.template(member, here)}{static}{what} {name}{html.escape(member.findtext('argsstring') or '')}"
        if kind == "function":
            return what.strip().replace("\n ", "\n")
        value = self.type_of(member.find("initializer"), here)
        value = f" {value}" if value and len(text_of(member.find("initializer"))) < 80 else ""
        return what + value

    def member(self, member, here):
        values = "".join(
            f"<li><code>{html.escape(v.findtext('name'))}</code> {strip_paragraph(self.description(v, here))}</li>"
            for v in member.findall("enumvalue") if described(v))
        values = f"<ul>{values}</ul>" if values else ""
        return (f'<div class="member" id="{member.get("id")}">'
                f'<pre class="signature">{self.signature(member, here)}</pre>'
                f'<div class="words">{self.description(member, here)}{values}</div></div>\n')

    def base(self, element, here):
        """A base, with its arguments where these are not long; nothing where it is hidden."""
        words = after_namespaces("".join(element.itertext()))
        if len(words) > 60:
            words = re.sub(r"<.*", "", words, flags=re.S)
        if element.get("refid") in self.where:
            return self.link(element.get("refid"), html.escape(words), here)
        return None if re.search(r"detail(s)?::", words) else html.escape(words)

    # Pages -----------------------------------------------------------------------------------------------------------

    def header_page(self, name):
        """Title, body, and entries for the search."""
        page, here = self.pages[name], page_of(name)
        file_words = words_of(page["file"])
        source = relative(f"source/include/xstitch/{name}.html", here)
        body = [f"<h1>{name}</h1>\n<p class=\"include\"><code>#include &lt;xstitch/{name}&gt;</code> "
                f'<a href="{source}">source</a></p>\n', self.description(page["file"], here)]
        entries = [(name, here, "header", file_words)]
        for compound in page["compounds"]:
            full = after_namespaces(compound.findtext("compoundname"))
            line = compound.find("location").get("line")
            kind = compound.get("kind")
            words = words_of(compound)
            bases = [self.base(b, here) for b in compound.findall("basecompoundref")]
            bases = [b for b in bases if b]
            body.append(f'<section class="compound" id="{compound.get("id")}"><h2>{html.escape(full)}</h2>\n')
            if kind == "concept":
                body.append(f'<pre class="signature">{self.type_of(compound.find("initializer"), here)}</pre>')
            else:
                below = f" : {', '.join(bases)}" if bases else ""
                body.append(f'<pre class="signature">{self.template(compound, here)}{kind} '
                            f'<a class="name" href="{source}#L{line}">{html.escape(full)}</a>{below}</pre>\n')
            if words != file_words:
                body.append(self.description(compound, here))
            entries.append((full, f"{here}#{compound.get('id')}", kind, words))
            members = [m for m in compound.iter("memberdef") if m.get("prot") != "private"]
            for m in sorted(members, key=lambda m: int(m.find("location").get("line"))):
                body.append(self.member(m, here))
                entries.append((f"{full}::{m.findtext('name')}", f"{here}#{m.get('id')}", m.get("kind"), words_of(m)))
            body.append("</section>\n")
        if page["members"]:
            body.append('<section class="compound"><h2>Functions, constants, types</h2>\n')
            for m in page["members"]:
                body.append(self.member(m, here))
                name_of = after_namespaces(m.findtext("qualifiedname") or m.findtext("name"))
                entries.append((name_of, f"{here}#{m.get('id')}", m.get("kind"), words_of(m)))
            body.append("</section>\n")
        return name, "".join(body), entries

    def brief(self, name):
        """The first sentence of a header."""
        file = self.pages[name]["file"]
        words = text_of(file.find("briefdescription")) or text_of(file.find("detaileddescription"))
        return re.split(r"(?<=[.:]) ", words)[0].rstrip(":.")


def words_of(element):
    """Its description as plain text."""
    return " ".join(filter(None, (text_of(element.find(part)) for part in ("briefdescription", "detaileddescription"))))


def described(element):
    return words_of(element) != ""


def strip_paragraph(words):
    return re.sub(r"^<p>(.*)</p>$", r"\1", words.strip(), flags=re.S)


def page_of(header):
    return f"reference/{header[:-4]}.html"


def relative(target, here):
    """From the page `here` to `target`, both from the root of the site."""
    if target.partition("#")[0] == here and "#" in target:
        return "#" + target.partition("#")[2]
    return "../" * here.count("/") + target
