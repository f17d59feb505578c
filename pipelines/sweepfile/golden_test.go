package sweepfile

import (
	"strings"
	"testing"
)

// TestKeysStay pins the keys of sweep files: whatever the grammar gains, results in
// people's stores must be found again. A change here is right only together with a
// raised version of the step or with a change of its parameters.
func TestKeysStay(t *testing.T) {
	spelled := strings.Replace(short, "{net: resnet20}",
		"{net: vgg9, batch_size: 8192, bn_group: 512, optimizer: {kind: sgd, lr: 0.05, momentum: 0, weight_decay: 0, schedule: {20: 0.5}}, seed: 3}", 1)
	figures := short + "plots: [line, {kind: contour, scale: log}]\nfigures: [{kind: multiples}, {kind: norms}]\n"
	for _, c := range []struct{ src, step, key string }{
		{short, "one/train", "f82ef64efc8edb41"},
		{short, "one/line-directions", "f8b4afdbcb13414f"},
		{short, "one/line-test", "fd19f60736a14d9a"},
		{short, "one/surface-train", "fbcdf8125bb60626"},
		{short, "report", "616a34d63dd2aea7"},
		{figures, "one/surface-train", "fbcdf8125bb60626"},
		{figures, "one/surface-train-contour", "b19da94d358413ed"},
		{figures, "figures/multiples", "e628feda2dd515fa"},
		{figures, "figures/norms", "a58e92518f48bade"},
		{spelled, "one/train", "d0ea481efe572798"},
		{spelled, "report", "7a072e680bd00ab5"},
	} {
		if got := keysOf(t, mustExpand(t, c.src, ""))[c.step].String(); got[:16] != c.key {
			t.Errorf("the key of %s is %s, and was %s", c.step, got[:16], c.key)
		}
	}
}
