package atlas

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
)

//go:embed page.html
var pageSource string

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// defaultMaxBytes is the size that a page stays below.
const defaultMaxBytes = 5_000_000

// Page returns one self-contained HTML file: a table of the experiments, and for each of them its pictures, where
// they came from, and the files to download. It works offline: pictures are data URIs, which as images can run no
// script and share no element IDs, and the page's content security policy forbids every request.
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
	Title, Sweep, Summary, Command string
	Facts                          []Pair
	Columns                        []column
	Experiments                    []experimentView // with a row in the table
	Sections                       []experimentView // the experiments, then the comparisons
	Omitted                        bool             // some downloads
	Policy                         string
	Style                          template.CSS
	Script                         template.JS
}

type experimentView struct {
	ID, Name, Note                 string
	Compared                       []Pair   // of a comparison: the experiments by their letters
	Values                         []string // of Columns
	TrainLoss, TestLoss, TestError string
	Pictures                       []pictureView
	Flatness                       []flatnessView
	Provenance                     []Provenance
}

type pictureView struct {
	ID, Title, Caption, Note string
	Src                      template.HTMLAttr // whole, since the template would write each + of base64 as an entity
	Width, Height            int
	Class                    template.HTMLAttr // of its place in the page
	Downloads                []download
	Provenance               []Provenance
}

// download is a link to a file of a picture. Where the page shows that very file, the
// link takes it from there (From, the image's ID) rather than repeat it.
type download struct {
	Label, File, From string
	Href              template.HTMLAttr
}

func newPageView(d Data) (*pageView, error) {
	script := strings.TrimSpace(pageScript)
	hash := sha256.Sum256([]byte(script))
	v := &pageView{
		Title: d.Title, Sweep: d.Sweep, Summary: d.Summary, Command: d.Command, Facts: d.Facts,
		Style: template.CSS(pageStyle), Script: template.JS(script),
		Policy: "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-" +
			base64.StdEncoding.EncodeToString(hash[:]) + "'; base-uri 'none'; form-action 'none'",
	}
	if v.Title == "" {
		v.Title = d.Sweep
	}
	if v.Summary == "" {
		v.Summary = summarize(d.Experiments)
	}
	v.Columns = columns(d.Experiments)
	limit := d.MaxBytes
	if limit <= 0 {
		limit = defaultMaxBytes
	}
	budget := newBudget(d, limit)
	for i, e := range slices.Concat(d.Experiments, d.Comparisons) {
		x := experimentView{
			ID: fmt.Sprintf("experiment-%d", i+1), Name: e.Name, Note: e.Note, Provenance: e.Provenance,
			TrainLoss: measured(e.TrainLoss, 4), TestLoss: measured(e.TestLoss, 4), TestError: measured(e.TestError, 2),
		}
		for _, c := range v.Columns {
			value := "—"
			if j := slices.IndexFunc(e.Params, func(p Pair) bool { return p.Name == c.Path }); j >= 0 {
				value = e.Params[j].Value
			}
			x.Values = append(x.Values, value)
		}
		for _, f := range e.Flatness {
			x.Flatness = append(x.Flatness, newFlatnessView(f))
		}
		for j, p := range e.Pictures {
			id := fmt.Sprintf("picture-%d-%d", i+1, j+1)
			view, err := newPictureView(id, p, fileStem(d.Sweep, e.Name, p.Title), budget)
			if err != nil {
				return nil, fmt.Errorf("page of %q, experiment %q, picture %q: %w", d.Sweep, e.Name, p.Title, err)
			}
			x.Pictures = append(x.Pictures, view)
		}
		if i >= len(d.Experiments) {
			x.Compared = e.Params
		}
		v.Sections = append(v.Sections, x)
	}
	v.Experiments = v.Sections[:len(d.Experiments)]
	v.Omitted = budget.omitted
	return v, nil
}

// flatnessView is a row of the table of flatness.
type flatnessView struct {
	Name          string
	Names, Values []string
}

func newFlatnessView(f Flatness) flatnessView {
	v := flatnessView{Name: f.Name}
	if f.Pairs > 1 {
		v.Name += fmt.Sprintf(" (%d draws)", f.Pairs)
	}
	for _, s := range f.Summary {
		value := number(s.Mean)
		switch {
		case math.IsNaN(s.Mean):
			value = "—"
		case math.IsInf(s.Mean, 0):
			value = "not finite"
		case s.Bounds > 0:
			value = "≥ " + value
		}
		if !math.IsNaN(s.Deviation) {
			value += " ± " + number(s.Deviation)
		}
		v.Names, v.Values = append(v.Names, flatnessName(s.Name)), append(v.Values, value)
	}
	return v
}

// flatnessName is a measure in words: "width at +0.5".
func flatnessName(name string) string {
	for prefix, words := range map[string]string{"width": "width at +", "sharp": "sharpness within "} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return words + rest
		}
	}
	if name == "convex" {
		return "convex (%)"
	}
	return name
}

// column is a swept parameter: its path in the sweep file, and a shorter name where that is clear.
type column struct{ Path, Label string }

// columns returns the swept parameters of all experiments in the order of their first use.
func columns(experiments []Experiment) []column {
	var out []column
	short := map[string]int{}
	for _, e := range experiments {
		for _, p := range e.Params {
			if !slices.ContainsFunc(out, func(c column) bool { return c.Path == p.Name }) {
				label := p.Name[strings.LastIndexByte(p.Name, '.')+1:]
				out = append(out, column{p.Name, label})
				short[label]++
			}
		}
	}
	for i, c := range out {
		if c.Label == "" || short[c.Label] > 1 {
			out[i].Label = c.Path
		}
	}
	return out
}

// measured writes a value with fixed decimals, and a dash for one that is not known.
func measured(v *float64, decimals int) string {
	switch {
	case v == nil:
		return "—"
	case math.IsNaN(*v) || math.IsInf(*v, 0):
		return "not finite"
	case math.Abs(*v) >= 1e5:
		return number(*v)
	}
	return strings.ReplaceAll(fmt.Sprintf("%.*f", decimals, *v), "-", "−")
}

// summarize says how many experiments there are and which has the lowest test error.
func summarize(experiments []Experiment) string {
	count := fmt.Sprintf("%d experiments.", len(experiments))
	if len(experiments) == 1 {
		count = "1 experiment."
	}
	best := -1
	for i, e := range experiments {
		if e.TestError != nil && !math.IsNaN(*e.TestError) && (best < 0 || *e.TestError < *experiments[best].TestError) {
			best = i
		}
	}
	if best < 0 {
		return count
	}
	if len(experiments) == 1 {
		return fmt.Sprintf("%s Its test error is %s %%.", count, measured(experiments[0].TestError, 2))
	}
	return fmt.Sprintf("%s The lowest test error is %s %%, of %s.", count, measured(experiments[best].TestError, 2), experiments[best].Name)
}

// budget is how many bytes are left for what the page could do without.
type budget struct {
	left    int
	small   bool // show the smaller of a picture's files
	omitted bool
}

// encoded is the size of n bytes as a data URI.
func encoded(n int) int { return (n+2)/3*4 + 32 }

// textBytes is set aside for the page's own text, for each picture of it.
const textBytes = 6000

func newBudget(d Data, limit int) *budget {
	var preferred, smallest int
	for _, e := range slices.Concat(d.Experiments, d.Comparisons) {
		for _, p := range e.Pictures {
			n, m := len(p.SVG), len(p.SVG)
			if n == 0 {
				n, m = len(p.PNG), len(p.PNG)
			} else if len(p.PNG) > 0 {
				m = min(m, len(p.PNG))
			}
			preferred += encoded(n) + textBytes
			smallest += encoded(m) + textBytes
		}
	}
	if preferred <= limit {
		return &budget{left: limit - preferred}
	}
	return &budget{left: limit - smallest, small: true}
}

// newPictureView shows the SVG, which stays sharp at any size, unless the page would become too large.
func newPictureView(id string, p Picture, stem string, b *budget) (pictureView, error) {
	v := pictureView{ID: id, Title: p.Title, Caption: p.Caption, Note: p.Note, Provenance: p.Provenance}
	if len(p.SVG) > 0 && !bytes.Contains(p.SVG[:min(len(p.SVG), 1000)], []byte("<svg")) {
		return v, fmt.Errorf("the SVG does not begin as one")
	}
	var width, height int
	if len(p.PNG) > 0 {
		if len(p.PNG) < pngHead || !bytes.HasPrefix(p.PNG, []byte("\x89PNG\r\n\x1a\n")) {
			return v, fmt.Errorf("the PNG does not begin as one")
		}
		width, height = int(binary.BigEndian.Uint32(p.PNG[16:])), int(binary.BigEndian.Uint32(p.PNG[20:]))
	}
	type file struct {
		label, kind, ext string
		data             []byte
	}
	files := []file{{"SVG", "image/svg+xml", "svg", p.SVG}, {"PNG", "image/png", "png", p.PNG}}
	if len(p.SVG) == 0 || (b.small && len(p.PNG) > 0 && len(p.PNG) < len(p.SVG)) {
		slices.Reverse(files)
	}
	if len(files[0].data) == 0 {
		if v.Note == "" {
			v.Note = "This picture has not been drawn."
		}
		return v, nil
	}
	v.Width, v.Height = width, height
	if 2*width > 3*height { // two panels side by side
		v.Class = `class="wide"`
	}
	for i, f := range files {
		if len(f.data) == 0 {
			continue
		}
		d := download{Label: f.label, File: stem + "." + f.ext}
		uri := "data:" + f.kind + ";base64," + base64.StdEncoding.EncodeToString(f.data)
		switch {
		case i == 0:
			v.Src, d.From = template.HTMLAttr(`src="`+uri+`"`), id
		case len(uri) > b.left:
			b.omitted = true
			continue
		default:
			d.Href = template.HTMLAttr(`href="` + uri + `"`)
			b.left -= len(uri)
		}
		v.Downloads = append(v.Downloads, d)
	}
	for _, f := range p.Data {
		uri := "data:" + f.Type + ";base64," + base64.StdEncoding.EncodeToString(f.Data)
		if len(uri) > b.left {
			b.omitted = true
			continue
		}
		b.left -= len(uri)
		v.Downloads = append(v.Downloads, download{Label: f.Label, File: stem + "." + f.Ext, Href: template.HTMLAttr(`href="` + uri + `"`)})
	}
	return v, nil
}

// pngHead is the length of a PNG's signature and IHDR chunk.
const pngHead = 8 + 4 + 4 + 13 + 4

// number writes three digits, without an exponent where that reads better.
func number(v float64) string {
	s := strconv.FormatFloat(v, 'g', 3, 64)
	if a := math.Abs(v); a >= 1e-3 && a < 1e6 {
		if r, err := strconv.ParseFloat(s, 64); err == nil {
			s = strconv.FormatFloat(r, 'f', -1, 64)
		}
	}
	s = strings.NewReplacer("e+0", "e", "e+", "e", "e-0", "e-").Replace(s)
	return strings.ReplaceAll(s, "-", "−")
}

// fileStem makes a file name that every system takes.
func fileStem(parts ...string) string {
	var words []string
	for _, p := range parts {
		p = strings.Map(func(r rune) rune {
			switch {
			case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '_', r == '=':
				return r
			case r >= 'A' && r <= 'Z':
				return r + 'a' - 'A'
			}
			return '-'
		}, p)
		if p = strings.Trim(p, "-."); p != "" {
			words = append(words, p)
		}
	}
	stem := strings.Join(words, "-")
	for strings.Contains(stem, "--") {
		stem = strings.ReplaceAll(stem, "--", "-")
	}
	if stem == "" {
		return "picture"
	}
	return stem[:min(len(stem), 120)]
}
