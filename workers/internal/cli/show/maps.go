package show

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/sweeps"
	"lossatlas/workers/internal/escape"
	"lossatlas/workers/internal/sketch"
	"lossatlas/workers/internal/table"
)

// showMaps draws the maps of a sweep; maps of one name are next to each other on one scale.
func showMaps(ctx context.Context, a *app.App, w *sweeps.Sweep, found *results.Sweep) error {
	if w.Unfinished() {
		var err error
		if found.Numerics, err = w.NumericsClass(); err != nil {
			return err
		}
	}
	var maps []results.Map
	var lists [][]pipelines.Step
	for _, e := range w.StepGraph.Experiments {
		lists = append(lists, e.Steps)
	}
	for _, steps := range append(lists, w.StepGraph.Final) {
		read, err := found.Maps(ctx, steps)
		if err != nil {
			return err
		}
		maps = append(maps, read...)
	}
	style, width := sketch.Plain, 80
	if f, ok := a.RawOut.(*os.File); ok && app.IsTerminal(f) {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			width = n
		}
		if !a.Settings.NoColor {
			style = sketch.StyleFor(a.Env)
		}
	}
	if err := drawMaps(a.RawOut, maps, style, width); err != nil {
		return err
	}
	return noteMaps(a.RawOut, maps)
}

// noteMaps prints the notes on the values of maps.
func noteMaps(out io.Writer, maps []results.Map) error {
	var b strings.Builder
	for _, m := range maps {
		if notes := m.Notes(); notes != "" {
			if b.Len() == 0 {
				b.WriteString("\n")
			}
			b.WriteString(table.Paragraph(out, "", "  ", m.Step.ID+": "+notes))
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// drawMaps draws lines and planes by name, in the order of their first appearance.
func drawMaps(out io.Writer, maps []results.Map, style sketch.Style, width int) error {
	byName := map[string][]results.Map{}
	var names []string
	for _, m := range maps {
		if m.Kind == pipelines.KindSpectrum {
			continue
		}
		name := m.Step.At.MapSplit()
		if m.Step.At.Comparison != "" {
			name = m.Step.ID
		}
		if byName[name] == nil {
			names = append(names, name)
		}
		byName[name] = append(byName[name], m)
	}
	var b strings.Builder
	for _, name := range names {
		var there []results.Map
		var grids []*surface.Grid
		absent := 0
		for _, m := range byName[name] {
			if m.Grid == nil {
				absent++
				continue
			}
			there, grids = append(there, m), append(grids, m.Grid)
		}
		fmt.Fprintf(&b, "\n%s", escape.Line(name))
		if len(there) == 0 {
			b.WriteString("  not computed yet\n")
			continue
		}
		scale := sketch.NewScale(grids...)
		fmt.Fprintf(&b, "  %s", scale.Legend(style, grids...))
		if absent > 0 {
			fmt.Fprintf(&b, "; %d not begun", absent)
		}
		if bound := surface.LargestError(grids...); bound != "" {
			fmt.Fprintf(&b, "; n/m: points evaluated of all, and the cost as a share of an exact map's; %s", bound)
		}
		b.WriteString("\n")
		if grids[0].IsLine() {
			drawLines(&b, there, scale, style, width)
		} else {
			drawSurfaces(&b, there, scale, style, width)
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// caption is what stands with a map: its experiment, cut where the width asks for it, and how far it is.
func caption(m results.Map, width int) string {
	far := extent(m)
	return padded(cut(escape.Line(m.Step.At.Owner()), width-utf8.RuneCountInString(far))+far, width)
}

// extent is how far a map is, and what share of an exact map an estimated one cost; "" of a finished one that is exact.
func extent(m results.Map) string {
	if m.Done && m.Grid.Estimate == nil {
		return ""
	}
	far := fmt.Sprintf(" %d/%d", m.Grid.CountEvaluated(), len(m.Grid.Mask))
	if m.Grid.Estimate != nil {
		far += fmt.Sprintf(" = %.0f %%", 100*m.Grid.Cost())
	}
	return far
}

const indent = "  "

// barsWidth is how many bars a line has at most.
const barsWidth = 48

func drawLines(b *strings.Builder, maps []results.Map, scale sketch.Scale, style sketch.Style, width int) {
	longest := 0
	for _, m := range maps {
		longest = max(longest, utf8.RuneCountInString(strings.TrimRight(caption(m, width), " ")))
	}
	longest = min(longest, max(width/3, 8))
	for _, m := range maps {
		st := m.Grid.Stats()
		fmt.Fprintf(b, "%s%s  %s", indent, caption(m, longest), scale.Bars(m.Grid, max(min(barsWidth, width-longest-28), 8), style))
		if st.MinIndex >= 0 {
			fmt.Fprintf(b, "  least %s at %s", sketch.Number(st.MinLoss), sketch.Number(m.Grid.X[st.MinIndex]))
		}
		b.WriteString("\n")
	}
}

// leastName is the room for a name above a block.
const leastName = 20

// drawSurfaces puts blocks side by side, as many as fit. Names have room for the longest one where that takes no block from a row; else all have leastName.
func drawSurfaces(b *strings.Builder, maps []results.Map, scale sketch.Scale, style sketch.Style, width int) {
	least, whole := 0, 0
	for _, m := range maps {
		drawn, far := sketch.Width(m.Grid), utf8.RuneCountInString(extent(m))
		least = max(least, len(indent)+max(drawn, leastName+far))
		whole = max(whole, len(indent)+max(drawn, leastName+far, utf8.RuneCountInString(escape.Line(m.Step.At.Owner()))+far))
	}
	each := least
	if inRow := max(width/whole, 1); inRow >= min(width/least, len(maps)) {
		each = max(least, min(whole, width))
	}
	room := each - len(indent)
	for len(maps) > 0 {
		var rows []string
		for used := 0; len(maps) > 0 && (used == 0 || used+each <= width); maps = maps[1:] {
			lines := append([]string{caption(maps[0], room)}, scale.Surface(maps[0].Grid, style)...)
			for len(rows) < len(lines) {
				rows = append(rows, strings.Repeat(" ", used))
			}
			for k := range rows {
				line, filled := "", 0
				if k < len(lines) {
					line, filled = lines[k], sketch.Width(maps[0].Grid)
				}
				if k == 0 {
					filled = room
				}
				rows[k] += indent + line + strings.Repeat(" ", max(room-filled, 0))
			}
			used += each
		}
		for _, row := range rows {
			b.WriteString(strings.TrimRight(row, " ") + "\n")
		}
	}
}

// padded fills a name with spaces to a width.
func padded(name string, width int) string {
	return name + strings.Repeat(" ", max(width-utf8.RuneCountInString(name), 0))
}

// cut shortens a name to a width, in its middle: names of experiments begin alike.
func cut(name string, width int) string {
	r, kept := []rune(name), max(width-1, 0)
	if len(r) <= width {
		return name
	}
	return string(r[:kept/2]) + "…" + string(r[len(r)-(kept-kept/2):])
}
