// Measures from experiment to experiment: a plot for each column of the table that is shown, in the table's order, but from the first checkpoint on.

function prepareAcross() {
  const section = document.getElementById("across"), body = document.querySelector("#experiments tbody"), most = 8;
  if (!section || body.rows.length < 3) return;
  const heads = [...document.querySelectorAll("#experiments th[data-path]")], differs = (h) => new Set([...body.rows].map((row) => row.cells[h.cellIndex].textContent)).size > 1;
  const params = heads.slice(1).filter((h) => !h.hasAttribute("data-measure") && differs(h));
  const values = (head, rows) => rows.map((row) => (row.cells[head.cellIndex].dataset.sort === "" ? NaN : Number(row.cells[head.cellIndex].dataset.sort)));
  const measured = heads.filter((h) => h.hasAttribute("data-measure") && values(h, [...body.rows]).filter(Number.isFinite).length > 1);
  if (!measured.length) return;
  section.hidden = false;
  const called = (row) => (params.length ? params.map((h) => row.cells[h.cellIndex].textContent).join(", ") : row.dataset.name);
  const plots = element("div", { class: "plots" }), links = element("div", {}), made = new Map();
  const axis = params.length ? params.map((h) => h.dataset.path.split(".").at(-1)).join(", ") : "experiment";
  section.append(element("div", { class: "bar" }, logSwitch("acrossLog", () => draw())),
    element("p", { class: "legend" }, `The columns that the table shows, the first ${most} of them, for all experiments in its order. Lower bounds stand at their bound.`), plots, links);
  function draw() {
    const rows = [...body.rows];
    if (ofCheckpoints && !state.order.length) rows.reverse(); // time runs to the right
    const shown = measured.filter((h) => !h.hidden).slice(0, most);
    for (const [head, plot] of made) plot.root.hidden = !shown.includes(head);
    for (const head of shown) {
      const label = head.textContent.replace(/[▲▼]$/, "");
      if (!made.has(head)) made.set(head, new Curves(plots, { title: label, x: axis, y: label, sync: "across", height: 220 }));
      const plot = made.get(head);
      plot.options.names = rows.map(called);
      plot.set([{ label, x: rows.map((_, i) => i), y: values(head, rows), color: inks[measured.indexOf(head) % inks.length] }], state.acrossLog !== "linear");
    }
    links.replaceChildren(downloads(...shown.map((h) => made.get(h))));
  }
  listeners.push(draw);
  draw();
}
