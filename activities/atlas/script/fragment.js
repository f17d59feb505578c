// A fragment shows landscapes alone, with the controls folded below them.

document.body.append(announcer);
atlas.prepare();
const landscapesSection = document.getElementById("landscapes");
landscapesSection.append(element("details", { open: new Set(planes.map((l) => l.group)).size > 1 },
  element("summary", {}, "Controls"), landscapesSection.querySelector(".bar"), atlas.turnable));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => changed("theme"));
