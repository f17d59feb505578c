package pages

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"

	"lossatlas/artifacts"
)

//go:embed style.css
var style []byte

//go:embed live.js
var script []byte

//go:embed pages.html
var pagesHTML string

var templates = template.Must(template.New("pages").Parse(pagesHTML))

// asset is a file that never changes while the program runs.
type asset struct {
	kind    string
	content []byte
}

var assets = map[string]asset{
	"style.css": {"text/css; charset=utf-8", style},
	"live.js":   {"text/javascript; charset=utf-8", script},
}

func (a asset) serve(w http.ResponseWriter, r *http.Request) {
	_ = tagged(w, r, a.kind, artifacts.Of(a.content).Hex(), func() ([]byte, error) { return a.content, nil })
}

const htmlKind = "text/html; charset=utf-8"

// render fills a template, whole or not at all.
func render(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	err := templates.ExecuteTemplate(&b, name, data)
	return b.Bytes(), err
}

// message is a page of words.
func (s *Server) message(w http.ResponseWriter, code int, title, text string) {
	b, err := render("message", map[string]string{"Title": title, "Text": text})
	if err != nil {
		http.Error(w, title+". "+text, code)
		return
	}
	w.Header().Set("Content-Type", htmlKind)
	w.WriteHeader(code)
	_, _ = w.Write(b) // the client may be gone
}
