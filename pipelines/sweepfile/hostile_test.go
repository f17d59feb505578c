package sweepfile

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"lossatlas/pipelines/syntax"
)

// Files made to hurt are refused, and refusing them costs little memory. (The
// parser below needs gigabytes for some of these when it gets them whole.)
func TestHostileFiles(t *testing.T) {
	const size = syntax.MaxSource - 1000
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	var laughs strings.Builder
	laughs.WriteString("a0: &a0 [x, x]\n")
	for range 30 {
		laughs.WriteString("a: &a [*a0, *a0, *a0, *a0, *a0, *a0, *a0, *a0, *a0]\n")
	}
	cases := map[string]string{
		"flow lists":                     fill("["),
		"flow mappings":                  fill("{a: "),
		"block lists":                    fill("- "),
		"question marks":                 fill("? "),
		"keys":                           fill("a:\n"),
		"distinct keys":                  strings.ReplaceAll(numbers(20000), ", ", ": 1\n"),
		"anchors":                        fill("&a "),
		"laughs":                         laughs.String(),
		"tags":                           fill("!a "),
		"quotes":                         fill("\""),
		"one word":                       fill("a"),
		"new lines":                      fill("\n"),
		"spaces":                         fill(" "),
		"block text":                     fill("a: |\n "),
		"a long list":                    "name: [" + fill("1,") + "1]",
		"a long name":                    "name: " + fill("a"),
		"many presets":                   minimal + "presets: {" + strings.TrimSuffix(strings.Repeat("p: {}, ", 3000), ", ") + "}",
		"a long number":                  "name: a\ndataset: {name: cifar10, train: " + fill("9") + "}\n",
		"a list of sweeps":               minimal + "sweep: [" + strings.Repeat("{train.seed: ["+numbers(400)+"]}, ", 60) + "{}]\n",
		"a long variable in many places": minimal + "variables: {a: [" + numbers(1000) + "]}\nplots: [" + strings.Repeat("$a, ", 30000) + "$a]\n",
		"many variables":                 minimal + "variables: {" + strings.ReplaceAll(numbers(3000), ", ", ": 1, a") + ": 1}\n",
		"a variable of variables":        minimal + "variables: {a: [$a, $a, $a], b: [$a, $a]}\ntitle: $b\n",
		"a swept variable in many places": strings.Replace(minimal, "resnet20", "n", 1) + "variables: {a: 8}\nnetworks: {n: [{conv: $a}" + strings.Repeat(", {conv: $a}", 1300) + "]}\n" +
			"sweep: {variables.a: [" + numbers(2000)[len("0, "):] + "]}\n",
		"sweep of sweeps": minimal + "sweep:\n  exclude: [{train.seed: [" + numbers(1999) + "], maps.seed: [" + numbers(1999) + "]}]\n",
	}
	for name, src := range cases {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Parse("sweep.yaml", []byte(src), catalog, "")
			runtime.ReadMemStats(&after)
			var all syntax.Errors
			if !errors.As(err, &all) {
				t.Fatalf("got %v, want Errors", err)
			}
			for _, e := range all {
				if len(e.Message) > 1000 {
					t.Errorf("a message of %d bytes", len(e.Message))
				}
			}
			// A token costs the YAML lexer some 300 bytes, and there may be one per byte.
			const bound = 400 * syntax.MaxSource * 2
			if used := after.TotalAlloc - before.TotalAlloc; used > bound {
				t.Errorf("took %d MiB of allocations, want at most %d", used>>20, bound>>20)
			}
		})
	}
}
