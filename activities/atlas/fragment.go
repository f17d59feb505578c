package atlas

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the fragment's document and the script that unpacks it
	"encoding/base64"
	"fmt"
	"html"
	"html/template"
)

var (
	//go:embed fragment.html
	fragmentSource string
	//go:embed unpack.js
	unpackScript string
)

var fragmentTemplate = template.Must(template.New("fragment").Parse(fragmentSource))

// fragmentScript is the part of the page's script that shows landscapes.
var fragmentScript = joined("data", "text", "cells", "scale", "state", "plane", "space", "svg", "files", "mesh", "cards", "atlas", "fragment")

// maxFragmentBytes bounds the numbers of a fragment; beyond it they have seven digits.
const maxFragmentBytes = 400_000

// Fragment returns the planes among d's maps as an element to put into any HTML page, next to others of its kind: an iframe that holds the page's
// viewer and the numbers, about 300 kB and more with many points. It is sandboxed, so that it shares nothing with the page around it, and asks for nothing. theme is
// "light", "dark", or "" for the reader's choice. It fails where there is no plane, or no room for one.
func Fragment(d Data, theme string) (string, error) {
	out, _ := pageNumbers(d, maxFragmentBytes)
	planes := 0
	for _, e := range out.Experiments {
		for _, m := range e.Maps {
			switch {
			case m.Arrays == nil:
				return "", fmt.Errorf("no room in a fragment, or no result: %s of %s; choose fewer surfaces", m.Name, e.Name)
			case len(m.X) > 1 && len(m.Y) > 1:
				planes++
			}
		}
	}
	if planes == 0 {
		return "", fmt.Errorf("a fragment of %q has no surface to show", d.Sweep)
	}
	out.Fragment = true
	data, err := out.encode()
	if err != nil {
		return "", err
	}
	script := librariesScript + "\n" + fragmentScript
	packed, err := compressed(script)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	err = fragmentTemplate.Execute(&b, map[string]any{
		"Title": d.Title, "Theme": theme, "Policy": policy(unpackScript, script), "Style": template.CSS(pageStyle), "Data": template.JS(data),
		"Licenses": template.HTML(licenses), "Packed": template.HTML(packed), "Script": template.JS(unpackScript),
	})
	if err != nil {
		return "", fmt.Errorf("write a fragment of %q: %w", d.Sweep, err)
	}
	return fmt.Sprintf("<iframe title=\"%s\" style=\"width: 100%%; height: %drem; border: 0\" sandbox=\"allow-scripts allow-downloads\" srcdoc=\"%s\"></iframe>\n",
		html.EscapeString(d.Title), fragmentHeight, html.EscapeString(b.String())), nil
}

// fragmentHeight is the height of a fragment in rem, which fits one landscape; more scroll.
const fragmentHeight = 36

// compressed is a text in gzip and base64.
func compressed(text string) (string, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err = w.Write([]byte(text)); err == nil {
		err = w.Close()
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), err
}
