package pipelines

import (
	"strings"
	"testing"
)

// TestKeysStay pins the keys of sweep files as they were first released:
// whatever the grammar gains, results in people's stores must be found again. A
// change here is right only together with a raised version of the step.
func TestKeysStay(t *testing.T) {
	spelled := strings.Replace(short, "{net: resnet20}",
		"{net: vgg9, batch_size: 8192, bn_group: 512, optimizer: {kind: sgd, lr: 0.05, momentum: 0, weight_decay: 0, schedule: {20: 0.5}}, seed: 3}", 1)
	figures := short + "plots: [line, {kind: contour, scale: log}]\nfigures: [{kind: multiples}, {kind: norms}]\n"
	for _, c := range []struct{ src, step, key string }{
		{short, "one/train", "cb27e30a9d82fe06"},
		{short, "one/line-directions", "9cf11a4fd56fb9a8"},
		{short, "one/line-test", "1498d25fdd2c8eb2"},
		{short, "one/surface-train", "5512f87444f55cf5"},
		{short, "report", "f9e5ff1e82c42b29"},
		{figures, "one/surface-train", "5512f87444f55cf5"},
		{figures, "one/surface-train-contour", "2dfacb6842306427"},
		{figures, "figures/multiples", "1654ca1e39a4eeec"},
		{figures, "figures/norms", "2e79d98caef96a25"},
		{spelled, "one/train", "c9ab0b65b9494cb6"},
		{spelled, "report", "876d249a05fa896f"},
	} {
		if got := keysOf(t, mustExpand(t, c.src, ""))[c.step].String(); got[:16] != c.key {
			t.Errorf("the key of %s is %s, and was %s", c.step, got[:16], c.key)
		}
	}
}
