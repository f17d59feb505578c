// Claims checks what Li et al. (2018) say of loss landscapes against sweeps that were run, and writes what it finds as a page.
//
//	claims EXPORTS FOLDER
//
// EXPORTS holds one folder for each sweep file of a figure, as `lossatlas export sweep fig5 EXPORTS/fig5` writes it. FOLDER gets
// README.md with a verdict on each claim, the tables as CSV, the digests of everything, and the figures. All of it follows from the
// exported results, so that the same results give the same files. What a verdict takes to "hold" is said beside it, and
// was written down before the sweeps were run, but for what it says was added later.
package main
