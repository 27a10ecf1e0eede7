"use strict";
// What the pages do beyond being read: charts, sorted tables. Without this script every number still stands in the page.
(() => {
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // ------------------------------------------------------------------ charts
  const colours = () => {
    const ink = style("--ink"), soft = style("--soft"), line = style("--line"), font = style("--sans");
    const text = { labelFont: font, titleFont: font, labelColor: ink, titleColor: soft, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" };
    return {
      background: "transparent",
      font,
      view: { stroke: null },
      axis: { ...text, gridColor: line, domainColor: soft, tickColor: soft, labelLimit: 140 },
      legend: { ...text, labelLimit: 160 },
      range: { category: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => style(`--c${n}`)) },
      bar: { color: style("--c1") },
      line: { color: style("--c1") },
      point: { color: style("--c1") },
      text: { color: ink, font, fontSize: 12 },
      rule: { color: style("--warn") },
    };
  };

  const draw = async (figure) => {
    const specification = JSON.parse(figure.querySelector("script").textContent);
    const drawing = figure.querySelector(".drawing");
    figure.classList.add("is-drawn");
    figure.drawn?.finalize();
    figure.drawn = await vegaEmbed(drawing, specification, {
      mode: "vega-lite", renderer: "svg", actions: false, config: colours(),
      tooltip: { theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light" },
    });
  };

  const drawAll = () => {
    const figures = [...document.querySelectorAll("figure.chart")];
    if (!figures.length || typeof vegaEmbed === "undefined") return;
    const again = () => figures.forEach((figure) => figure.drawn && draw(figure));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        seen.unobserve(entry.target);
        draw(entry.target);
      }
    }, { rootMargin: "600px" });
    figures.forEach((figure) => seen.observe(figure));
    addEventListener("beforeprint", () => figures.forEach((figure) => figure.drawn || draw(figure)));
  };

  // ------------------------------------------------------------------ tables that can be sorted
  const order = new Intl.Collator("zh-CN", { numeric: true });
  const keyOf = (row, column) => {
    const cell = row.cells[column];
    if (cell.classList.contains("number")) return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
    return cell.textContent.trim();
  };
  const compare = (one, other) => (typeof one === "number" ? one - other : order.compare(one, other));

  const sortBy = (table, head) => {
    const column = head.cellIndex, body = table.tBodies[0];
    const first = head.classList.contains("number") ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const direction = head.getAttribute("aria-sort") === first ? other : first;
    for (const each of head.parentElement.cells) if (each.hasAttribute("aria-sort")) each.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", direction);
    const rows = [...body.rows].map((row) => ({ row, key: keyOf(row, column) }));
    const known = rows.filter(({ key }) => key !== null);
    known.sort((a, b) => (direction === "ascending" ? 1 : -1) * compare(a.key, b.key));
    body.append(...known.map(({ row }) => row), ...rows.filter(({ key }) => key === null).map(({ row }) => row));
  };

  const makeSortable = (table) => {
    for (const head of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => sortBy(table, head));
    }
  };

  // ------------------------------------------------------------------ tables of which only what is looked for stays
  const makeFiltered = (box) => {
    const sections = [...document.querySelectorAll("[data-filtered]")];
    const said = document.getElementById("filtered");
    box.closest(".filter").hidden = false;
    box.addEventListener("input", () => {
      const asked = box.value.trim().normalize("NFKC").toLowerCase();
      let count = 0;
      for (const section of sections) {
        let kept = 0;
        for (const row of section.querySelectorAll("tbody tr")) {
          row.hidden = !row.textContent.normalize("NFKC").toLowerCase().includes(asked);
          kept += row.hidden ? 0 : 1;
        }
        section.hidden = !kept;
        count += kept;
      }
      said.textContent = asked ? `${count}条` : "";
    });
  };

  // ------------------------------------------------------------------ a wide table is a stop for the keyboard where it scrolls
  const watchWidths = () => {
    const watched = new ResizeObserver((entries) => {
      for (const { target } of entries) target.tabIndex = target.scrollWidth > target.clientWidth ? 0 : -1;
    });
    document.querySelectorAll(".wide").forEach((box) => watched.observe(box));
  };

  const begin = () => {
    document.querySelectorAll("#filter").forEach(makeFiltered);
    document.querySelectorAll("table.sortable").forEach(makeSortable);
    watchWidths();
    drawAll();
  };
  document.readyState === "complete" ? begin() : addEventListener("DOMContentLoaded", begin);
})();
