// Makes libraries.js, libraries.css and LICENSES.txt from the packages that package.json names.
import { readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const packages = ["three", "uplot"];
const described = packages.map((name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")));
const banner = "/*! " + described.map((p) => `${p.name} ${p.version} (${p.license})`).join(", ") + "; see LICENSES.txt */";
await build({
  entryPoints: ["libraries.mjs"], outfile: "libraries.js", bundle: true, minify: true, format: "iife", globalName: "libraries",
  target: "es2022", legalComments: "none", banner: { js: banner },
});
writeFileSync("libraries.css", readFileSync("node_modules/uplot/dist/uPlot.min.css", "utf8").trim() + "\n");
writeFileSync("LICENSES.txt", described.map((p) =>
  `${p.name} ${p.version}\n\n${readFileSync(`node_modules/${p.name}/LICENSE`, "utf8").trim()}\n`).join("\n" + "-".repeat(72) + "\n\n"));
