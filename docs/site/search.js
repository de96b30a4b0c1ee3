// One search over pages and reference. The index is a script, so that it can be read from file:// too; it is fetched
// when somebody begins to search.
"use strict";
(() => {
  const root = document.documentElement.dataset.root;
  const input = document.getElementById("search");
  const list = document.getElementById("found");
  const most = 30;
  let chosen = -1;

  // "roi pool", "RoiPool", "roi_pool" and "data::Folder" are words in lower case.
  const words = (text) => text.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase().split(/[^a-z0-9.]+/).filter(Boolean);

  function score(entry, wanted, typed) {
    if (!entry.lower) {
      entry.lower = entry[0].toLowerCase();
      entry.words = words(entry[0]);
      entry.text = entry[3].toLowerCase();
    }
    let sum = 0;
    for (const word of wanted) {
      if (entry.words.includes(word)) sum += 20;
      else if (entry.words.some((w) => w.startsWith(word))) sum += 10;
      else if (entry.lower.includes(word)) sum += 5;
      else if (entry.text.includes(word)) sum += 1;
      else return 0;
    }
    const last = entry.lower.split(/::|: /).pop();
    if (entry.lower === typed) sum += 100;
    else if (last === typed) sum += 50;
    if (["struct", "class", "page", "concept"].includes(entry[2])) sum += 6;
    if (["section", "header", "function"].includes(entry[2])) sum += 3;
    return sum - entry.lower.length / 100;
  }

  function show() {
    const typed = input.value.trim().toLowerCase();
    list.replaceChildren();
    chosen = -1;
    list.hidden = typed.length === 0;
    if (typed.length === 0 || !window.searchIndex) return;
    const wanted = words(input.value.trim());
    const found = window.searchIndex.map((e) => [score(e, wanted, typed), e]).filter((f) => f[0] > 0);
    found.sort((a, b) => b[0] - a[0]);
    for (const [, entry] of found.slice(0, most)) {
      const link = document.createElement("a");
      link.href = root + entry[1];
      link.textContent = entry[0];
      const kind = document.createElement("span");
      kind.className = "kind";
      kind.textContent = entry[2];
      const text = document.createElement("span");
      text.className = "text";
      text.textContent = entry[3].slice(0, 140);
      const item = document.createElement("li");
      link.append(" ", kind, text);
      item.append(link);
      list.append(item);
    }
    if (found.length === 0) list.append(Object.assign(document.createElement("li"), {className: "none", textContent: "Nothing found"}));
  }

  function load() {
    if (window.searchIndex || document.getElementById("index")) return;
    const script = document.createElement("script");
    script.id = "index";
    script.src = root + "search_index.js";
    script.onload = show;
    document.head.append(script);
  }

  function choose(step) {
    const links = [...list.querySelectorAll("a")];
    if (links.length === 0) return;
    chosen = (chosen + step + links.length) % links.length;
    links[chosen].focus();
  }

  input.addEventListener("focus", load);
  input.addEventListener("input", () => { load(); show(); });
  document.addEventListener("keydown", (event) => {
    const searching = event.target === input || list.contains(event.target);
    if (event.key === "/" && !searching) { event.preventDefault(); input.focus(); }
    else if (event.key === "Escape" && searching) { list.hidden = true; input.blur(); }
    else if (event.key === "ArrowDown" && searching) { event.preventDefault(); choose(1); }
    else if (event.key === "ArrowUp" && searching) { event.preventDefault(); choose(-1); }
    else if (event.key === "Enter" && event.target === input) list.querySelector("a")?.click();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".search") || event.target.closest("#found a")) list.hidden = true;
  });

  // Wide windows show the list of pages open.
  const pages = document.querySelector("nav.pages details");
  const wide = window.matchMedia("(min-width: 60rem)");
  const open = () => { pages.open = wide.matches; };
  wide.addEventListener("change", open);
  open();
})();
