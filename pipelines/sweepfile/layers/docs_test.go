package layers

import (
	"fmt"
	"strings"
	"testing"

	"lossatlas/deploy/docs"
)

// TestLayersPageIsCurrent holds the table of layers in activities/README.md.
func TestLayersPageIsCurrent(t *testing.T) {
	var b strings.Builder
	b.WriteString("| layer | what it holds | fields |\n|---|---|---|\n")
	for _, form := range layerForms {
		name, fields := "`"+form.kind+"`", []string{}
		if form.value != nil {
			name = fmt.Sprintf("`%s`: %s", form.kind, docs.Values(form.value.Schema(nil)))
			if form.word {
				name = "`" + form.kind + "`, or " + name
			}
		}
		for _, f := range form.fields.Fields {
			fields = append(fields, "`"+f.Name+"`")
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", name, docs.Cell(form.doc), strings.Join(fields, ", "))
	}
	docs.Section(t, "../../../activities/README.md", "layers", b.String())
}
