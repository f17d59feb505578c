package atlas

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"html/template"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

type pictureView struct {
	ID, Title, Caption, Note string
	Src                      template.HTMLAttr // whole, since the template would write each + of base64 as an entity
	Width, Height            int               // of its PNG, in dots
	Size                     int               // the width on paper, in CSS pixels, at which its text has the intended size; 0 if not known
	Scrolls                  bool
	Downloads                []download
	Provenance               []Provenance
}

// download is a link to a file of a picture. Where the page shows that very file, the
// link takes it from there (From, the image's ID) rather than repeat it.
type download struct {
	Label, File, From string
	Raster            int // of a PNG that the page's script makes of the picture: its width in dots; 0 for other files
	Href              template.HTMLAttr
}

// budget is how many bytes are left for what the page could do without.
type budget struct {
	left    int
	small   bool // show the smaller of a picture's files
	omitted bool
}

// encoded is the size of n bytes as a data URI.
func encoded(n int) int { return (n+2)/3*4 + 32 }

// attribute is a file as a data URI in an attribute, in single quotes. An SVG stays text, which takes a quarter less than base64.
func attribute(name, kind string, data []byte) template.HTMLAttr {
	if kind != svgType {
		return template.HTMLAttr(name + "='data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(data) + "'")
	}
	var b strings.Builder
	b.WriteString(name + "='data:" + kind + ",")
	for _, c := range data {
		if c < ' ' || c > '~' || strings.IndexByte("%#&'<>", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	b.WriteString("'")
	return template.HTMLAttr(b.String())
}

const svgType = "image/svg+xml"

// textBytes is set aside for the page's own text, for each picture of it.
const textBytes = 6000

// shown is about how large the pictures of a page are at least.
func shown(d Data) int {
	_, smallest := pictureBytes(d)
	return smallest
}

// pictureBytes is about how large the pictures of a page are: each as SVG where there is one, and each as the smaller of its files.
func pictureBytes(d Data) (preferred, smallest int) {
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
	return preferred, smallest
}

func newBudget(d Data, limit int) *budget {
	preferred, smallest := pictureBytes(d)
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
	files := []file{{"SVG", svgType, "svg", p.SVG}, {"PNG", "image/png", "png", p.PNG}}
	if len(p.SVG) == 0 || (b.small && len(p.PNG) > 0 && len(p.PNG) < len(p.SVG)) {
		slices.Reverse(files)
	}
	if len(files[0].data) == 0 {
		if v.Note == "" {
			v.Note = "This picture has not been drawn."
		}
		return v, nil
	}
	v.Width, v.Height, v.Size = width, height, paperWidth(p.SVG)
	v.Scrolls = v.Size > fitting
	for i, f := range files {
		if len(f.data) == 0 {
			continue
		}
		d := download{Label: f.label, File: stem + "." + f.ext}
		switch uri := attribute("href", f.kind, f.data); {
		case i == 0:
			v.Src, d.From = attribute("src", f.kind, f.data), id
		case f.ext == "png": // made of the SVG
			d.From, d.Raster = id, width
		case len(uri) > b.left:
			b.omitted = true
			continue
		default:
			d.Href = uri
			b.left -= len(uri)
		}
		v.Downloads = append(v.Downloads, d)
	}
	for _, f := range p.Data {
		uri := attribute("href", f.Type, f.Data)
		if len(uri) > b.left {
			b.omitted = true
			continue
		}
		b.left -= len(uri)
		v.Downloads = append(v.Downloads, download{Label: f.Label, File: stem + "." + f.Ext, Href: uri})
	}
	return v, nil
}

// fitting is the width, in CSS pixels, up to which pictures are shrunk to fit the screen of a phone. Wider ones would be unreadable there: they scroll.
const fitting = 6 * 96

var svgWidth = regexp.MustCompile(`<svg [^>]*\bwidth="([0-9.]+)pt"`)

// paperWidth is the width of an SVG in CSS pixels, 0 where it has no width in points.
func paperWidth(svg []byte) int {
	m := svgWidth.FindSubmatch(svg[:min(len(svg), 1000)])
	if m == nil {
		return 0
	}
	points, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		return 0
	}
	return int(math.Round(points * 96 / 72))
}

// pngHead is the length of a PNG's signature and IHDR chunk.
const pngHead = 8 + 4 + 4 + 13 + 4

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
