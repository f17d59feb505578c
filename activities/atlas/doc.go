// Package atlas makes the page of a sweep: one self-contained HTML file on which its experiments are compared.
//
// The page is made from data alone, and its bytes depend on nothing else. It works offline: it asks for nothing, and its content
// security policy forbids that it could. Text from sweep files is text wherever it is shown.
//
// Its table, sections and pictures are HTML that is there without any script. The numbers of maps and trainings are in it once, as
// JSON with packed arrays (embed.go), from which the page's own script (script/, plain files that are joined into one function) draws surfaces,
// contours and curves, and makes the files that can be downloaded. Two libraries draw for it: three.js and uPlot, bundled by
// libraries/build.mjs at the time of development and committed, so that building needs Go alone.
package atlas
