// Keeps a page as it is now: asks for the state while something runs, and loads
// what has changed. The map that is being looked at is loaded anew at most every ten seconds.
(() => {
  "use strict";
  const body = document.body, state = body.dataset.state, frame = document.querySelector("iframe"), hold = document.getElementById("hold");
  if (!state) return;
  let version = body.dataset.version, shown = version, loaded = 0, live = body.dataset.live === "true";
  const soon = 3000, later = 15000, pause = 10000;

  const text = (id, value) => { const e = document.getElementById(id); if (e) e.textContent = value; };
  const cell = (row, content) => { const td = document.createElement("td"); td.append(content); row.append(td); return td; };

  function steps(open) {
    const list = document.getElementById("open");
    if (!list) return;
    list.replaceChildren(...open.map(o => {
      const row = document.createElement("tr");
      cell(row, o.state + (o.percent >= 0 ? " " + o.percent + " %" : ""));
      if (o.run) {
        const a = document.createElement("a");
        a.href = o.run; a.textContent = o.step;
        cell(row, a);
      } else cell(row, o.step);
      cell(row, o.note || "").className = "wide";
      return row;
    }));
    document.getElementById("missing").hidden = open.length === 0;
    text("count", open.length);
  }

  function update(now) {
    text("summary", now.summary);
    const badge = document.getElementById("state");
    if (badge) { badge.textContent = now.doing; badge.className = "state " + now.state; }
    const bar = document.getElementById("bar");
    if (bar) { bar.max = now.steps || 1; bar.value = now.done; }
    steps(now.open);
  }

  function load() {
    if (shown === version || (hold && hold.checked) || document.hidden || Date.now() - loaded < pause) return;
    shown = version; loaded = Date.now();
    if (frame) frame.contentWindow.location.reload();
    else location.reload();
  }

  async function ask() {
    try {
      const answer = await fetch(state, { cache: "no-store" });
      if (answer.ok) {
        const now = await answer.json();
        version = now.version; live = now.live;
        if (frame) update(now);
        body.classList.remove("gone");
        load();
      } else if (answer.status === 403) text("summary", "lossatlas was started again: `lossatlas open` leads to the new page");
    } catch (e) { // the program has ended; it may come back
      text("summary", "lossatlas no longer answers: this is the last it said");
    }
    setTimeout(ask, live ? soon : later);
  }
  setTimeout(ask, live ? soon : later);
})();
