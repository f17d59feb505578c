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
		{short, "one/train", "37c0cfaaf1248dc6"},
		{short, "one/line-directions", "658b27516ce9a515"},
		{short, "one/line-test", "5d0606a3bc19d25b"},
		{short, "one/surface-train", "9c1cff28bd38035c"},
		{short, "report", "d8a093b7a5b7f459"},
		{figures, "one/surface-train", "9c1cff28bd38035c"},
		{figures, "one/surface-train-contour", "90a69ddf0918a37e"},
		{figures, "figures/multiples", "8697d01d32c4c606"},
		{figures, "figures/norms", "91f46b38f0a1b049"},
		{spelled, "one/train", "fbf7bd08b5e6baaf"},
		{spelled, "report", "f36176311f0e28c6"},
	} {
		if got := keysOf(t, mustExpand(t, c.src, ""))[c.step].String(); got[:16] != c.key {
			t.Errorf("the key of %s is %s, and was %s", c.step, got[:16], c.key)
		}
	}
}
