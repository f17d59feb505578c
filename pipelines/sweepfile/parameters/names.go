package parameters

import (
	"encoding/json"
	"strconv"
	"strings"

	"lossatlas/pipelines/syntax"
)

// maxName is the length at which an experiment's name is cut: it becomes a file name.
const maxName = 120

// ExperimentNames names the points of a sweep after their parameters:
// "batch_size=128,weight_decay=0.0005", and just "resnet20" for a network. Names
// are unique, also where upper and lower case are one, and fit for file names.
func ExperimentNames(sweep string, points []Point) []string {
	labels := PathLabels(points)
	taken := make(map[string]bool)
	out := make([]string, len(points))
	for i, p := range points {
		parts := make([]string, len(p.Sets))
		for j, s := range p.Sets {
			parts[j] = part(labels, s)
		}
		name := strings.Join(parts, ",")
		if name == "" {
			name = sweep
		}
		if len(name) > maxName {
			name = name[:maxName]
		}
		unique := name
		for n := 2; taken[strings.ToLower(unique)]; n++ {
			unique = name + "-" + strconv.Itoa(n)
		}
		taken[strings.ToLower(unique)] = true
		out[i] = unique
	}
	return out
}

// part is the part of a name for one value.
func part(labels map[string]string, s Setting) string {
	if labels[s.Path] == "net" {
		return ValueLabel(s.Value)
	}
	return labels[s.Path] + "=" + ValueLabel(s.Value)
}

// Settled are the parts of names that follow from earlier parts of the same name, such as zipped parameters. Names stay distinct
// without them.
func Settled(points []Point) map[string]bool {
	labels := PathLabels(points)
	after := make(map[string]string) // the part that follows some others
	free := make(map[string]bool)    // paths whose parts don't follow
	for _, p := range points {
		before := ""
		for _, s := range p.Sets {
			this := part(labels, s)
			key := before + "," + s.Path
			if other, ok := after[key]; before == "" || ok && other != this {
				free[s.Path] = true
			}
			after[key] = this
			before += "," + this
		}
	}
	settled := make(map[string]bool)
	for _, p := range points {
		for _, s := range p.Sets {
			if !free[s.Path] {
				settled[part(labels, s)] = true
			}
		}
	}
	return settled
}

// PathLabels gives every path the shortest end of it that no other path shares.
func PathLabels(points []Point) map[string]string {
	paths := make(map[string]bool)
	for _, p := range points {
		for _, s := range p.Sets {
			paths[s.Path] = true
		}
	}
	labels := make(map[string]string)
	for path := range paths {
		parts := strings.Split(path, ".")
		for n := 1; n <= len(parts); n++ {
			label := strings.Join(parts[len(parts)-n:], ".")
			labels[path] = label
			shared := false
			for other := range paths {
				shared = shared || other != path && strings.HasSuffix(other, "."+label)
			}
			if !shared {
				break
			}
		}
	}
	return labels
}

// ValueLabel writes a normalised value in characters that file names may hold.
func ValueLabel(v any) string {
	switch v := v.(type) {
	case string:
		return Safe(v)
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = ValueLabel(v[i])
		}
		return strings.Join(parts, "_")
	case interface{ Label() string }:
		return v.Label()
	}
	return Safe(syntax.Canonical(v))
}

// Safe replaces what a file name should not hold.
func Safe(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-', r == '+':
			return r
		}
		return '_'
	}, s)
}

// Plain turns a normalised value into what JSON makes of it, for parameters that
// are shown: a schedule becomes a list of mappings, a number is unchanged.
func Plain(v any) any {
	switch v.(type) {
	case string, bool, int64, float64:
		return v
	}
	var out any
	if err := json.Unmarshal([]byte(syntax.Canonical(v)), &out); err != nil {
		return syntax.Canonical(v)
	}
	return out
}
