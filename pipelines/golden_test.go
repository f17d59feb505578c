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
		{short, "one/train", "b22d598795b62aab"},
		{short, "one/line-directions", "68c8caa39ddd3226"},
		{short, "one/line-test", "159f14ed8b2b7cc7"},
		{short, "one/surface-train", "e55969c8cf1623ae"},
		{short, "report", "dcfcb1f8d53f4fa1"},
		{figures, "one/surface-train", "e55969c8cf1623ae"},
		{figures, "one/surface-train-contour", "feea62994e39d927"},
		{figures, "figures/multiples", "d13d6ab8b73c7151"},
		{figures, "figures/norms", "c29acfd8274cc848"},
		{spelled, "one/train", "7562a5b7feecfd2a"},
		{spelled, "report", "7bef06481bd5b508"},
	} {
		if got := keysOf(t, mustExpand(t, c.src, ""))[c.step].String(); got[:16] != c.key {
			t.Errorf("the key of %s is %s, and was %s", c.step, got[:16], c.key)
		}
	}
}
