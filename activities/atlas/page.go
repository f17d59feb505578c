package atlas

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"lossatlas/activities/trainlog"
)

//go:embed page.html
var pageSource string

//go:embed page.css
var pageStyle string

// The libraries that draw, as libraries/build.mjs bundles them.
var (
	//go:embed libraries/libraries.js
	librariesScript string
	//go:embed libraries/libraries.css
	librariesStyle string
	//go:embed libraries/LICENSES.txt
	licenses string
)

//go:embed script/*.js
var scripts embed.FS

// pageScript is the page's own script: the files in the order in which they use each other.
var pageScript = joined("data", "text", "cells", "scale", "state", "table", "plane", "space", "svg", "files", "mesh", "cards", "atlas", "curves", "across", "page")

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// joined puts the named files into one function, so that they share names among themselves and with no other script.
func joined(names ...string) string {
	var b strings.Builder
	b.WriteString("(() => {\n\"use strict\";\n")
	for _, name := range names {
		source, err := scripts.ReadFile("script/" + name + ".js")
		if err != nil {
			panic(err) // the files are part of the program
		}
		b.Write(source)
	}
	b.WriteString("})();")
	return b.String()
}

// defaultMaxBytes is the size that a page stays below. Files that it could do without are in it up to fewBytes in all.
const (
	defaultMaxBytes = 24_000_000
	fewBytes        = 4_000_000
)

// Page returns one self-contained HTML file: a table of the experiments, their maps as data that the page draws
// itself, and for each experiment its pictures, where they came from, and the files to download. It works offline:
// pictures are data URIs, which as images can run no script and share no element IDs, and the page's content security
// policy forbids every request.
// The bytes depend on d alone. It fails when a picture is neither SVG nor PNG.
func Page(d Data) ([]byte, error) {
	v, err := newPageView(d)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, v); err != nil {
		return nil, fmt.Errorf("write the page of %q: %w", d.Sweep, err)
	}
	return b.Bytes(), nil
}

// pageView is the page as its template sees it.
type pageView struct {
	Title, Sweep, Summary, Command, Missing string
	TrainLoss                               string // what it is
	Tested                                  string // how large the test sets are, "" for large ones
	Facts                                   []Pair
	Columns                                 []column
	Experiments                             []experimentView // with a row in the table
	Marks                                   []Pair           // patterns of marks in the cells of the table, and what each means
	MeanColumns                             []column         // of the table of means over repetitions
	Means                                   []meanView
	Sections                                []experimentView // the experiments, then the comparisons
	Omitted                                 bool             // some downloads
	Shortened                               string           // what of the maps had no room
	Draws                                   bool             // there is something to draw
	Watched                                 bool             // the latest experiments come first
	Policy                                  string
	Style                                   template.CSS
	Libraries, Script                       template.JS
	Licenses                                string
	Data                                    template.JS
}

type experimentView struct {
	ID, Name, Note                 string
	Comparison, Overview           bool
	Compared                       []Pair // of a comparison: the experiments by their letters
	Open                           bool   // its pictures are shown without being asked for
	Params                         []Pair
	Values                         []cell // of Columns
	TrainLoss, TestLoss, TestError string
	Test                           string // what TestError is, with its unit; "" for none
	Errors                         []Pair // the training error of imported weights
	Untested                       bool   // there is no test set
	Pictures                       []pictureView
	Flatness                       []flatnessView
	Sharpness                      []flatnessView // of maps that are no grids
	Provenance                     []Provenance
}

// fewPictures of a page are shown without being asked for, and those of which the page has no numbers.
const fewPictures = 8

func newPageView(d Data) (*pageView, error) {
	v := &pageView{
		Title: d.Title, Sweep: d.Sweep, Summary: d.Summary, Command: d.Command, Facts: d.Facts, Missing: missing(d), Watched: d.Watched, TrainLoss: trainlog.TrainLossMeaning,
		Style: template.CSS(pageStyle), Script: template.JS(pageScript),
	}
	if v.Title == "" {
		v.Title = d.Sweep
	}
	if v.Summary == "" {
		v.Summary, v.Tested = summarize(d.Experiments), tested(d.Experiments)
	}
	limit := d.MaxBytes
	if limit <= 0 {
		limit = defaultMaxBytes
	}
	limit -= len(pageStyle) + len(pageScript)
	if v.Draws = draws(d); v.Draws {
		v.Libraries, v.Style, v.Licenses = template.JS(librariesScript), template.CSS(librariesStyle+pageStyle), licenses
		limit -= len(librariesScript) + len(librariesStyle) + len(licenses)
	}
	data, note, err := embedded(d, max(limit-shown(d), limit/2)) // maps are worth more than sharp pictures
	if err != nil {
		return nil, fmt.Errorf("page of %q: %w", d.Sweep, err)
	}
	v.Data, v.Shortened = template.JS(data), note
	v.Policy = policy(string(v.Libraries), string(v.Script))

	params := columns(d.Experiments)
	measured, values := results(d.Experiments)
	for i := range measured {
		measured[i].Measured = true
	}
	v.Columns = slices.Concat(params, measured)
	v.Marks = marks(values)
	v.MeanColumns, v.Means = means(d.Experiments, measured, values)
	budget := newBudget(d, limit-len(data))
	budget.left = max(min(budget.left, fewBytes-len(data)-len(v.Libraries)-shown(d)), 0)
	all, pictures := slices.Concat(d.Experiments, d.Comparisons), 0
	for _, e := range all {
		pictures += len(e.Pictures)
	}
	for i, e := range all {
		x, err := newExperimentView(d.Sweep, i, e, budget)
		if err != nil {
			return nil, err
		}
		x.Open = pictures <= fewPictures || e.Training == nil && len(e.Maps) == 0
		if i < len(d.Experiments) {
			for _, c := range params {
				x.Values = append(x.Values, c.value(e))
			}
			x.Values = append(x.Values, values[i]...)
			x.Params = e.Params
		} else {
			x.Comparison, x.Compared = true, e.Params
		}
		v.Sections = append(v.Sections, x)
	}
	v.Experiments = slices.Clone(v.Sections[:len(d.Experiments)])
	slices.SortStableFunc(v.Sections, func(a, b experimentView) int {
		switch {
		case a.Overview == b.Overview:
			return 0
		case a.Overview:
			return -1
		}
		return 1
	})
	v.Omitted = budget.omitted
	return v, nil
}

// newExperimentView is the section of experiment i.
func newExperimentView(sweep string, i int, e Experiment, b *budget) (experimentView, error) {
	x := experimentView{
		ID: experimentID(i), Name: e.Name, Note: e.Note, Overview: e.Overview, Provenance: e.Provenance,
		TrainLoss: measured(e.TrainLoss, 4), TestLoss: measured(e.TestLoss, 4), TestError: measured(e.TestError, 2), Test: e.Score.TestLabel(),
	}
	if x.Untested = e.isUntested(); x.Untested {
		x.Test = ""
	}
	if e.TrainError != nil {
		x.Errors = []Pair{{trainErrorLabel, measured(e.TrainError, 2)}}
	}
	for _, f := range e.Flatness {
		if f.Single {
			x.Sharpness = append(x.Sharpness, newFlatnessView(f))
		} else {
			x.Flatness = append(x.Flatness, newFlatnessView(f))
		}
	}
	for j, p := range e.Pictures {
		view, err := newPictureView(fmt.Sprintf("picture-%d-%d", i+1, j+1), p, fileStem(sweep, e.Name, p.Title), b)
		if err != nil {
			return x, fmt.Errorf("page of %q, experiment %q, picture %q: %w", sweep, e.Name, p.Title, err)
		}
		x.Pictures = append(x.Pictures, view)
	}
	return x, nil
}

// experimentID is the ID of the section of experiment i, counted from 0, comparisons after the others.
func experimentID(i int) string { return fmt.Sprintf("experiment-%d", i+1) }

// policy allows the page its own scripts by their hashes, and no request at all.
func policy(scripts ...string) string {
	var hashes []string
	for _, s := range scripts {
		if s != "" {
			hash := sha256.Sum256([]byte(s))
			hashes = append(hashes, "'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"'")
		}
	}
	return "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src " + strings.Join(hashes, " ") + "; base-uri 'none'; form-action 'none'"
}
