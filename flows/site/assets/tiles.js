"use strict";
// The tiles of the counties show the chosen indicator and year.
addEventListener("DOMContentLoaded", () => {
  const holder = document.getElementById("numbers");
  if (!holder) return;
  const { counties, years, indicators } = JSON.parse(holder.textContent);
  const indicator = document.getElementById("indicator"), year = document.getElementById("year");
  const show = () => {
    const chosen = indicators[indicator.value];
    const { tiles, bounds, maturity } = chosen.years[years.indexOf(Number(year.value))];
    document.getElementById("chosen").textContent = `${year.value}年度${chosen.name}${chosen.unit ? `（${chosen.unit}）` : ""}`;
    document.getElementById("maturity").textContent = maturity;
    document.getElementById("more").href = chosen.address;
    counties.forEach((code, place) => {
      const tile = document.querySelector(`.tile[data-code="${code}"]`), [level, text, coverage] = tiles[place];
      tile.dataset.level = level;
      tile.querySelector("strong").textContent = text;
      tile.querySelector("small").textContent = coverage;
    });
    document.querySelector(".low").textContent = bounds[0] ?? "…";
    document.querySelector(".high").textContent = bounds[1] ?? "…";
  };
  indicator.addEventListener("change", show);
  year.addEventListener("change", show);
  document.querySelector("form.choice").addEventListener("submit", (event) => event.preventDefault());
});
