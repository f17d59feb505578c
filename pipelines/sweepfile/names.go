package sweepfile

import (
	"encoding/json"
	"strconv"
	"strings"

	"lossatlas/pipelines/syntax"
)

// maxName is the length at which an experiment's name is cut: it becomes a file name.
const maxName = 120

// experimentNames names the points of a sweep after what they set:
// "batch_size=128,weight_decay=0.0005", and just "resnet20" for a network. Names
// are unique, also where upper and lower case are one, and fit for file names.
func experimentNames(sweep string, points []point) []string {
	labels := pathLabels(points)
	taken := make(map[string]bool)
	out := make([]string, len(points))
	for i, p := range points {
		parts := make([]string, len(p.sets))
		for j, s := range p.sets {
			parts[j] = valueLabel(s.value)
			if labels[s.path] != "net" {
				parts[j] = labels[s.path] + "=" + parts[j]
			}
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

// pathLabels gives every path the shortest end of it that no other path shares.
func pathLabels(points []point) map[string]string {
	paths := make(map[string]bool)
	for _, p := range points {
		for _, s := range p.sets {
			paths[s.path] = true
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

// valueLabel writes a normalised value in characters that file names may hold.
func valueLabel(v any) string {
	switch v := v.(type) {
	case string:
		return safe(v)
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = valueLabel(v[i])
		}
		return strings.Join(parts, "_")
	case interface{ Label() string }:
		return v.Label()
	}
	return safe(syntax.Canonical(v))
}

// safe replaces what a file name should not hold.
func safe(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-', r == '+':
			return r
		}
		return '_'
	}, s)
}

// plain turns a normalised value into what JSON makes of it, for parameters that
// are shown: a schedule becomes a list of mappings, a number stays what it is.
func plain(v any) any {
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
