// The table of experiments: sort it, filter it, pick columns, choose what is compared.

function prepareTable() {
  const region = document.getElementById("experiments");
  const table = region.querySelector("table"), body = table.tBodies[0], head = table.tHead.rows[0];
  const rows = [...body.rows];
  if (!rows.length) return;
  if (ofCheckpoints) body.append(...rows.reverse());
  const columns = [...head.cells].map((cell, i) => ({ cell, cells: rows.map((row) => row.cells[i]), label: cell.textContent }));
  for (const row of rows) {
    row.dataset.name = row.cells[0].dataset.sort;
    const link = row.querySelector("a");
    link.replaceChildren(...breakable(link.textContent));
  }

  // Sorting: rising, falling, as at first: in the order of the sweep file, of checkpoints the latest first.
  for (const column of columns) {
    const mark = element("span", { class: "mark", "aria-hidden": "true" });
    const press = button("", null, { class: "sort", title: column.cell.title || null });
    press.append(column.label, mark);
    column.mark = mark;
    column.cell.replaceChildren(press);
    column.cell.addEventListener("click", () => sort(column));
  }
  function sort(column) {
    const next = { ascending: "descending", descending: "none" }[column.cell.getAttribute("aria-sort")] || "ascending";
    for (const c of columns) {
      c.cell.removeAttribute("aria-sort");
      c.mark.textContent = "";
    }
    const order = [...rows];
    if (next !== "none") {
      column.cell.setAttribute("aria-sort", next);
      column.mark.textContent = next === "ascending" ? "▲" : "▼";
      const at = columns.indexOf(column) + offset, sign = next === "ascending" ? 1 : -1;
      order.sort((a, b) => compared(a.cells[at].dataset.sort, b.cells[at].dataset.sort, sign));
    }
    body.append(...order);
    state.order = next === "none" ? [] : order.map((row) => row.dataset.name);
    changed("chosen"); // what is compared stands in the table's order
    announce(next === "none" ? "not sorted" : `sorted by ${column.label}, ${next}`);
  }

  // Choosing what is compared.
  const several = names.length > 0 && numbersElement !== null;
  const offset = several ? 1 : 0;
  const boxes = new Map();
  if (several) {
    head.prepend(element("th", { scope: "col", class: "choose" }, element("span", { class: "unseen" }, "compare")));
    for (const row of rows) {
      const { name } = row.dataset;
      const box = element("input", { type: "checkbox", "aria-label": `compare ${name}`, onchange: () => choose([name], box.checked) });
      boxes.set(name, box);
      row.prepend(element("td", { class: "choose" }, box));
    }
  }
  function refresh() {
    for (const [name, box] of boxes) {
      box.checked = state.chosen.has(name);
      box.closest("tr").classList.toggle("chosen", box.checked);
      box.style.setProperty("accent-color", inkOf(name));
    }
    count.textContent = `${visible().length} of ${rows.length} shown` + (several ? `, ${state.chosen.size} compared` : "");
  }

  // Filtering: every word must occur in the row.
  const visible = () => rows.filter((row) => !row.hidden);
  const filter = element("input", { type: "search", placeholder: "filter: adam 128", "aria-label": "filter the experiments by words", oninput: sift });
  function sift() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = [...row.cells].filter((c) => !c.hidden).map((c) => c.textContent).join(" ").toLowerCase();
      row.hidden = !words.every((w) => text.includes(w));
    }
    refresh();
  }
  const count = element("span", { class: "count", role: "status" });

  // Picking columns. The legend explains the marks in those that are shown.
  const show = (column, on) => { for (const cell of [column.cell, ...column.cells]) cell.hidden = !on; };
  function explain() {
    const shown = columns.filter((c) => !c.cell.hidden).flatMap((c) => c.cells);
    for (const note of document.querySelectorAll("[data-mark]")) note.hidden = !shown.some((cell) => new RegExp(note.dataset.mark).test(cell.textContent));
  }
  const picks = columns.slice(1).map((column) => {
    show(column, !column.cell.hidden);
    return tick(column.label, !column.cell.hidden, (on) => { show(column, on); explain(); changed("columns"); });
  });
  explain();
  const tools = document.getElementById("table-tools");
  tools.append(filter, menu("Columns", ...picks));
  if (several) {
    tools.append(button("Compare all shown", () => choose(visible().map((r) => r.dataset.name), true)), button("Clear selection", () => choose(names, false)));
  }
  tools.append(button("Table as CSV", () => save(`${stem(pageData.sweep)}-table.csv`, "text/csv", tableCSV())), count);
  tools.hidden = false;
  function tableCSV() {
    const quote = (s) => (/[",\n]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s);
    // Behind a measure of which some values are lower bounds stands how many of those are behind each number.
    const bounded = columns.map((c) => c.cells.some((cell) => cell.dataset.bounds));
    const line = (of) => columns.flatMap((c, i) => of(c, i).slice(0, bounded[i] ? 2 : 1).map(quote)).join(",");
    const lines = [line((c, i) => (i ? [c.cell.dataset.path, `${c.cell.dataset.path}.bounds`] : ["experiment"]))];
    for (const row of body.rows) if (!row.hidden) lines.push(line((c, i) => [row.cells[i + offset].dataset.sort, row.cells[i + offset].dataset.bounds || "0"]));
    return lines.join("\n") + "\n";
  }
  listeners.push((what) => { if (what === "chosen") refresh(); });
  refresh();
}

// compared orders two values: numbers by size, then words, what is not there last in either direction.
function compared(a, b, sign) {
  if (a === b) return 0;
  if (a === "" || b === "") return a === "" ? 1 : -1;
  const x = Number(a), y = Number(b), nanX = Number.isNaN(x), nanY = Number.isNaN(y);
  if (!nanX && !nanY) return sign * (x - y);
  if (nanX !== nanY) return nanX ? 1 : -1;
  return sign * a.localeCompare(b, undefined, { numeric: true });
}
