"use strict";
// Searches nianbaoSearch (assets/search_index.js): entries, and for each pair of neighbouring characters which entries have it,
// each told by its distance from the one before.
addEventListener("DOMContentLoaded", () => {
  const box = document.getElementById("q"), list = document.getElementById("results"), found = document.getElementById("found");
  const { entries, pairs } = globalThis.nianbaoSearch;
  const MOST = 50;

  const fold = (text) => text.normalize("NFKC").toLowerCase();
  const cut = (text) => {
    const runs = fold(text).match(/[0-9a-z_.\u3400-\u9fff]+/g) ?? [];
    return runs.flatMap((run) => (run.length === 1 ? [run] : [...run.slice(1)].map((_, at) => run.slice(at, at + 2))));
  };

  const walk = (steps) => { let at = 0; return steps.map((step) => (at += step)); };

  const candidates = (wanted) => {
    if (wanted.every((pair) => pair.length === 1)) {
      const has = (number) => wanted.every((one) => fold(entries[number][0] + entries[number][1]).includes(one));
      return entries.map((_, number) => number).filter(has);
    }
    const lists = wanted.filter((pair) => pair.length === 2).map((pair) => walk(pairs[pair] ?? [])).sort((a, b) => a.length - b.length);
    return lists.reduce((kept, other) => { const known = new Set(other); return kept.filter((number) => known.has(number)); });
  };

  // The lower the better: the very name or id, its beginning, within it, within what is said about it.
  const rank = (number, asked) => {
    const [title, code] = entries[number].map(fold);
    if (title === asked || code === asked) return 0;
    if (title.startsWith(asked) || code.startsWith(asked)) return 1;
    if (title.includes(asked) || code.includes(asked)) return 2;
    return 3;
  };

  const show = () => {
    const asked = fold(box.value.trim()), wanted = cut(asked);
    list.replaceChildren();
    if (!wanted.length) { found.textContent = ""; return; }
    const ranked = candidates(wanted).map((number) => ({ number, rank: rank(number, asked) }))
      .sort((a, b) => a.rank - b.rank || entries[a.number][0].length - entries[b.number][0].length || a.number - b.number);
    found.textContent = !ranked.length ? "没有找到，请换一个词。" : ranked.length > MOST ? `找到${ranked.length}项，列出前${MOST}项。` : `找到${ranked.length}项。`;
    for (const { number } of ranked.slice(0, MOST)) {
      const [title, code, kind, address, about] = entries[number];
      const item = document.createElement("li"), link = document.createElement("a"), tag = document.createElement("span");
      const id = document.createElement("code"), note = document.createElement("p");
      link.href = address; link.textContent = title;
      tag.className = "tag"; tag.textContent = kind;
      id.textContent = code; note.textContent = about;
      item.append(link, " ", tag, " ", id);
      if (about) item.append(note);
      list.append(item);
    }
  };

  const move = (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const stops = [box, ...list.querySelectorAll("a")], at = stops.indexOf(document.activeElement);
    if (at < 0) return;
    event.preventDefault();
    stops[Math.min(Math.max(at + (event.key === "ArrowDown" ? 1 : -1), 0), stops.length - 1)].focus();
  };

  box.value = new URLSearchParams(location.search).get("q") ?? "";
  box.addEventListener("input", show);
  box.form.addEventListener("submit", (event) => {
    event.preventDefault();
    show();
    list.querySelector("a")?.focus();
  });
  box.closest("main").addEventListener("keydown", move);
  show();
  if (!box.value) box.focus();
});
