// A fragment shows landscapes alone, with the controls folded below them.

document.body.append(announcer);
atlas.prepare();
const landscapesSection = document.getElementById("landscapes");
const controls = landscapesSection.querySelector(".controls");
controls.open = new Set(planes.map((l) => l.group)).size > 1;
controls.append(atlas.turnable);
landscapesSection.append(controls);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => changed("theme"));
