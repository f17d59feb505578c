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
  const image = document.getElementById(link.dataset.from);
  link.href = image.src;
  link.hidden = false;
  if (link.dataset.raster) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      rasterize(image, Number(link.dataset.raster), link.download);
    });
  }
}
// rasterize saves a picture as a PNG so many dots wide.
async function rasterize(image, width, name) {
  image.loading = "eager";
  await image.decode();
  const canvas = element("canvas", { width, height: Math.round(width * image.naturalHeight / image.naturalWidth) });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => save(name, "image/png", blob));
}
// A link into a closed part opens it.
function reveal() {
  const target = location.hash.length > 1 && !location.hash.includes("=") && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let at = target && target.parentElement; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
}
window.addEventListener("hashchange", reveal);

document.body.append(announcer);
prepareTheme();
prepareTable();
atlas.prepare();
prepareAcross();
prepareLines();
prepareTrainings();
prepareSpectra();
const parts = [...document.querySelectorAll("main > section[id]:not([hidden])")];
if (parts.length) {
  const link = (p) => element("a", { href: `#${p.id}` }, p.querySelector("h2").textContent), first = parts[0].id === "landscapes" ? 1 : 0;
  document.querySelector("header").append(element("nav", { class: "nav", "aria-label": "Parts of the page" },
    ...parts.slice(0, first).map(link), element("a", { href: "#experiments" }, "Experiments"), ...parts.slice(first).map(link),
    ...[...document.querySelectorAll(".overview h2")].map((h) => element("a", { href: `#${h.id}` }, h.textContent)),
    element("a", { href: "#experiment-1" }, "Each experiment")));
}
reveal();
