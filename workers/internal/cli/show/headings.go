package show

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"lossatlas/workers/internal/table"
)

// brief shortens a table for people: headings are the last parts of their paths where these differ, errors have a percent
// sign, and parameters that are equal in all rows are no columns. Common values stand above the table.
func brief(t *table.Table) *table.Table {
	out, above := &table.Table{Right: map[int]bool{}, Rows: make([][]string, len(t.Rows))}, []string{}
	last := map[string]int{}
	for _, name := range t.Header {
		last[lastPart(name)]++
	}
	within := map[string][]string{}
	for i, name := range t.Header {
		heading := name
		if end := lastPart(name); last[end] == 1 {
			heading = end
		}
		if isParameter(name) && isConstant(t.Rows, i) {
			above = append(above, fmt.Sprintf("%s is %s", heading, t.Rows[0][i]))
			continue
		}
		if heading != name {
			path := strings.TrimSuffix(name, "."+heading)
			within[path] = append(within[path], heading)
		}
		out.Right[len(out.Header)] = t.Right[i]
		out.Header = append(out.Header, withUnit(heading))
		for r, row := range t.Rows {
			out.Rows[r] = append(out.Rows[r], row[i])
		}
	}
	for _, path := range slices.Sorted(maps.Keys(within)) {
		above = append(above, path+": "+strings.Join(within[path], ", "))
	}
	out.Above = strings.Join(above, "; ")
	return out
}

// withUnit adds a percent sign to the name of a number in percent.
func withUnit(name string) string {
	if end := lastPart(name); strings.HasPrefix(end, "test_") && strings.HasSuffix(end, "_error") || end == "convex" {
		return name + " %"
	}
	return name
}

// lastPart is the end of a path behind its last dot that no digit follows: width0.5 of surface-train.width0.5.
func lastPart(name string) string {
	for i := len(name) - 2; i > 0; i-- {
		if name[i] == '.' && (name[i+1] < '0' || name[i+1] > '9') {
			return name[i+1:]
		}
	}
	return name
}

// isParameter reports whether a column is of a parameter of the sweep file.
func isParameter(name string) bool {
	first, _, found := strings.Cut(name, ".")
	return found && slices.Contains([]string{"dataset", "train", "maps", "variables"}, first)
}

// isConstant reports whether several rows have the same text in a column.
func isConstant(rows [][]string, column int) bool {
	for _, row := range rows {
		if row[column] != rows[0][column] {
			return false
		}
	}
	return len(rows) > 1
}
