"use strict";
(() => {
  const at = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const data = JSON.parse(at("#data").textContent);
  const table = at("#table");
  if (!table) return;

  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => ({ row, text: row.textContent.toLowerCase() }));
  const heads = [...table.tHead.rows[0].cells];
  const names = heads.map((head) => at("button", head).firstChild.textContent.trim().toLowerCase());
  const value = (row, column) => row.cells[column].dataset.v;

  const compare = (column, up) => (a, b) => {
    const [x, y] = [value(a.row, column), value(b.row, column)];
    if (x === undefined && y === undefined) {
      const text = (item) => item.row.cells[column].textContent;
      return (up ? 1 : -1) * text(a).localeCompare(text(b), undefined, { numeric: true });
    }
    const [p, q] = [parseFloat(x), parseFloat(y)];
    // What has no number stays below, whichever way is up.
    if (Number.isNaN(p) || Number.isNaN(q)) return Number.isNaN(p) - Number.isNaN(q);
    return up ? p - q : q - p;
  };
  heads.forEach((head, column) => {
    const button = at("button", head);
    button.disabled = false;
    button.addEventListener("click", () => {
      const better = at(".goal", head)?.textContent;
      const first = better === "↑" || (!better && column === 0) ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      const next = head.getAttribute("aria-sort") === first ? other : first;
      heads.forEach((h) => h.setAttribute("aria-sort", h === head ? next : "none"));
      rows.sort(compare(column, next === "ascending"));
      body.append(...rows.map((item) => item.row));
      apply();
    });
  });

  const filter = at("#filter");
  const count = at("#count");
  const test = (word) => {
    const parts = /^(.+?)(<=|>=|<|>|=)(-?[\d.,e+-]+)$/.exec(word);
    const column = parts ? names.indexOf(parts[1]) : -1;
    if (column < 0) return (item) => item.text.includes(word);
    const limit = parseFloat(parts[3].replace(",", "."));
    const ways = { "<": (v) => v < limit, ">": (v) => v > limit, "<=": (v) => v <= limit, ">=": (v) => v >= limit, "=": (v) => v === limit };
    return (item) => ways[parts[2]](parseFloat(value(item.row, column)));
  };
  // A browser lays out a few hundred rows at once; thousands make every sort wait.
  const page = 200;
  let limit = page;
  const more = at("#more");
  function apply() {
    const tests = filter.value.toLowerCase().split(/\s+/).filter(Boolean).map(test);
    let found = 0;
    for (const item of rows) {
      const keep = tests.every((passes) => passes(item));
      item.row.hidden = !keep || found >= limit;
      found += keep;
    }
    count.textContent = `${found} ${data.of} ${rows.length}`;
    more.hidden = found <= limit;
    more.textContent = `${data.more} (${found - limit})`;
  }
  const everything = () => {
    limit = Infinity;
    apply();
  };
  more.addEventListener("click", everything);
  addEventListener("beforeprint", everything);
  filter.disabled = false;
  filter.addEventListener("input", apply);
  apply();

  const open = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const details = target?.closest("details");
    if (!details) return;
    details.open = true;
    details.scrollIntoView({ block: "start" });
    at("summary", details).focus({ preventScroll: true });
  };
  addEventListener("hashchange", open);
  open();

  all(".chart").forEach((figure) => {
    const metric = Number(figure.dataset.metric);
    const range = (name) => figure.dataset[name].split(",").map(Number);
    const [low, high] = range("x");
    const [bottom, top] = range("y");
    const area = at(".area", figure);
    const [cursor, tip] = [at(".cursor", figure), at(".tip", figure)];
    const height = 260;
    const points = data.runs
      .map(([number, id, label], index) => ({ number, id, label, value: data.values[metric][index] }))
      .filter((point) => point.value);
    if (points.length > 150) figure.classList.add("many");
    let chosen = -1;
    const share = (point) => (point.number - low) / (high - low);
    const level = (point) => 1 + (height - 1) * (1 - (point.value[0] - bottom) / (top - bottom));
    const choose = (index) => {
      chosen = Math.max(0, Math.min(points.length - 1, index));
      const point = points[chosen];
      const width = area.clientWidth;
      const x = share(point) * width;
      cursor.removeAttribute("hidden");
      for (const name of ["x1", "x2"]) at("line", cursor).setAttribute(name, x);
      at("circle", cursor).setAttribute("cx", x);
      at("circle", cursor).setAttribute("cy", level(point));
      tip.hidden = false;
      tip.textContent = `${point.id}  ${point.value[1]}`;
      const left = area.getBoundingClientRect().left - figure.getBoundingClientRect().left + x;
      tip.style.left = `${Math.max(0, Math.min(figure.clientWidth - tip.offsetWidth, left - tip.offsetWidth / 2))}px`;
    };
    const leave = () => {
      cursor.setAttribute("hidden", "");
      tip.hidden = true;
    };
    const nearest = (event) => {
      const box = area.getBoundingClientRect();
      let best = 0;
      let distance = Infinity;
      points.forEach((point, index) => {
        const dx = box.left + share(point) * box.width - event.clientX;
        const dy = box.top + level(point) - event.clientY;
        const d = dx * dx + 0.05 * dy * dy;
        if (d < distance) [best, distance] = [index, d];
      });
      return best;
    };
    const visit = () => { if (chosen >= 0) location.hash = points[chosen].id; };
    if (!points.length) return;
    figure.addEventListener("pointermove", (event) => choose(nearest(event)));
    figure.addEventListener("pointerleave", leave);
    figure.addEventListener("blur", leave);
    figure.addEventListener("click", (event) => { choose(nearest(event)); visit(); });
    figure.addEventListener("keydown", (event) => {
      const steps = { ArrowRight: chosen + 1, ArrowLeft: chosen < 0 ? points.length - 1 : chosen - 1, Home: 0, End: points.length - 1 };
      if (event.key === "Enter") visit();
      else if (event.key === "Escape") leave();
      else if (event.key in steps) choose(steps[event.key]);
      else return;
      event.preventDefault();
    });
  });
  document.documentElement.dataset.ready = "yes";
})();
