package app

import (
	"encoding/json"
	"fmt"
)

// PrintJSON writes one value: indented for json, on one line for jsonl.
func (a *App) PrintJSON(v any) error {
	enc := json.NewEncoder(a.Out)
	enc.SetEscapeHTML(false)
	if a.Settings.Output == "json" {
		enc.SetIndent("", "  ")
	}
	return enc.Encode(v)
}

// PrintList writes a list in the chosen form: as one JSON array, as one JSON
// value per line, or by text.
func PrintList[T any](a *App, list []T, text func() error) error {
	switch a.Settings.Output {
	case "json":
		if list == nil {
			list = []T{}
		}
		return a.PrintJSON(list)
	case "jsonl":
		for _, v := range list {
			if err := a.PrintJSON(v); err != nil {
				return err
			}
		}
		return nil
	}
	return text()
}

// Size writes a number of bytes for people.
func Size(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n)/unit, 0
	for f >= unit && i < 3 {
		f /= unit
		i++
	}
	return fmt.Sprintf("%.1f %s", f, []string{"KiB", "MiB", "GiB", "TiB"}[i])
}
