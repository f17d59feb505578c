package show

import (
	"slices"
	"strings"

	"lossatlas/workers/internal/table"
)

// brief shortens a table for people: parameters are named by the last parts of their paths where these differ, measures stand
// below the names of their maps, errors have a percent sign, parameters that are equal in all rows stand above the table, and columns without any value are left out.
func brief(t *table.Table) *table.Table {
	out, common := &table.Table{Right: map[int]bool{}, Rows: make([][]string, len(t.Rows)), Fold: true}, []string{}
	last := map[string]int{}
	for _, name := range t.Header {
		last[lastPart(name)]++
	}
	for i, name := range t.Header {
		heading, end := withUnit(name), lastPart(name)
		switch {
		case !slices.ContainsFunc(t.Rows, func(row []string) bool { return row[i] != "-" }):
			continue
		case isParameter(name):
			if last[end] == 1 {
				heading = end
			}
			if isConstant(t.Rows, i) {
				common = append(common, heading+"="+t.Rows[0][i])
				continue
			}
		case end != name:
			heading = strings.TrimSuffix(name, "."+end) + "\n" + withUnit(end)
		}
		out.Right[len(out.Header)] = t.Right[i]
		out.Header = append(out.Header, heading)
		for r, row := range t.Rows {
			out.Rows[r] = append(out.Rows[r], row[i])
		}
	}
	if len(common) > 0 {
		out.Above = "the same in all rows: " + strings.Join(common, ", ")
	}
	return out
}

// withUnit adds a percent sign to the name of a number in percent.
func withUnit(name string) string {
	if end := lastPart(name); (strings.HasPrefix(end, "test_") || strings.HasPrefix(end, "train_")) && strings.HasSuffix(end, "_error") || slices.Contains([]string{"convex", "pc1", "pc2"}, end) {
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
