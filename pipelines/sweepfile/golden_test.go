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
		{short, "one/train", "6a145c2dcf3cdc5b"},
		{short, "one/line-directions", "60d5bf0156eb338c"},
		{short, "one/line-test", "3b6fb754255fefe3"},
		{short, "one/surface-train", "08bf45073a76b0a4"},
		{short, "report", "a74923910aa88198"},
		{figures, "one/surface-train", "08bf45073a76b0a4"},
		{figures, "one/surface-train-contour", "36dc33f10d7aee9e"},
		{figures, "figures/multiples", "53ed88c169edcf1a"},
		{figures, "figures/norms", "6eb3865ef5017593"},
		{spelled, "one/train", "32ebf61b1f0b9e46"},
		{spelled, "report", "5fb3ceb93818fd99"},
	} {
		if got := keysOf(t, mustExpand(t, c.src, ""))[c.step].String(); got[:16] != c.key {
			t.Errorf("the key of %s is %s, and was %s", c.step, got[:16], c.key)
		}
	}
}
