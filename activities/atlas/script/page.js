// The page comes to life.

// Light or dark: as the system has it, until the reader says otherwise.
function prepareTheme() {
  const press = document.getElementById("theme"), system = matchMedia("(prefers-color-scheme: dark)");
  let own = stored(local, "lossatlas theme").own || "";
  const dark = () => (own ? own === "dark" : system.matches);
  function show() {
    if (own) document.documentElement.dataset.theme = own; else delete document.documentElement.dataset.theme;
    press.textContent = dark() ? "Light" : "Dark";
    press.setAttribute("aria-label", dark() ? "show the page in light colours" : "show the page in dark colours");
  }
  press.addEventListener("click", () => {
    own = dark() ? "light" : "dark";
    if ((own === "dark") === system.matches) own = ""; // as the system again
    store(local, "lossatlas theme", { own });
    show();
    changed("theme");
  });
  system.addEventListener("change", () => { show(); changed("theme"); });
  show();
  press.hidden = false;
}

// A link to a file that the page shows takes it from there.
for (const link of document.querySelectorAll("a[data-from]")) {
  link.href = document.getElementById(link.dataset.from).src;
  link.hidden = false;
}
// A link into a closed part opens it.
function reveal() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let at = target && target.parentElement; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
}
window.addEventListener("hashchange", reveal);

document.body.append(announcer);
prepareTheme();
prepareTable();
atlas.prepare();
prepareLines();
prepareTrainings();
prepareSpectra();
const parts = [...document.querySelectorAll("main > section[id]:not([hidden])")];
if (parts.length) {
  document.querySelector("header").append(element("nav", { class: "nav", "aria-label": "Parts of the page" },
    element("a", { href: "#experiments" }, "Table"), ...parts.map((p) => element("a", { href: `#${p.id}` }, p.querySelector("h2").textContent)),
    ...[...document.querySelectorAll(".overview h2")].map((h) => element("a", { href: `#${h.id}` }, h.textContent)),
    element("a", { href: "#experiment-1" }, "Each experiment")));
}
reveal();
