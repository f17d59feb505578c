// Package trainlog defines the stored form of the course of a training.
package trainlog

import (
	"encoding/json"
	"fmt"
	"math"
)

// Number is a float64 that survives JSON even where it is not finite: NaN and
// the infinities are written as the strings "NaN", "+Inf" and "-Inf".
type Number float64

// MarshalJSON writes the number, or its name where it is not finite.
func (n Number) MarshalJSON() ([]byte, error) {
	f := float64(n)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return json.Marshal(fmt.Sprintf("%+g", f))
	}
	return json.Marshal(f)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (n *Number) UnmarshalJSON(b []byte) error {
	var name string
	if json.Unmarshal(b, &name) != nil {
		return json.Unmarshal(b, (*float64)(n))
	}
	switch name {
	case "NaN", "+NaN":
		*n = Number(math.NaN())
	case "+Inf":
		*n = Number(math.Inf(1))
	case "-Inf":
		*n = Number(math.Inf(-1))
	default:
		return fmt.Errorf("%q is not a number", name)
	}
	return nil
}

// Log is the course of a training, the "log" output of a train step.
// Losses are means of the loss function, accuracies percent, NaN where a logit is not finite.
type Log struct {
	Epochs []Epoch `json:"epochs"`
	// Final is the trained network on both splits, without augmentation, BN in eval mode.
	Final Final `json:"final"`
	// Diverged is set when the training ended because its loss became infinite
	// or NaN. There are no weights then, and Final is NaN.
	Diverged *Divergence `json:"diverged,omitempty"`
	// Stopped is set when the training ended before its last epoch.
	Stopped *Stop `json:"stopped,omitempty"`
	// Restored is the epoch, counted from 1, whose weights the trained network has in place of the last ones; 0 for the last ones.
	Restored int `json:"restored,omitempty"`
	// Gradient compares the gradient of an imported network with differences of its loss, nil where that was not asked for.
	Gradient *Gradient `json:"gradient,omitempty"`
}

// Stop says why a training ended early: Patience epochs in a row without a smaller loss.
type Stop struct {
	Epoch    int    `json:"epoch"` // the last one, counted from 1
	Best     int    `json:"best"`  // the epoch with the smallest loss; 0 where no loss was a number
	Loss     Number `json:"loss"`  // that loss
	Split    string `json:"split"` // whose loss
	Patience int    `json:"patience"`
}

// Stop is the reason why a training with these epochs ends after the last of them, nil where it continues: the loss of the split was not below the smallest
// before it by more than delta for so many epochs in a row (as in Lightning's EarlyStopping). It follows from the log alone, so that a resumed
// training stops where an undisturbed one does.
func (l Log) Stop(split string, patience int, delta float64) *Stop {
	s := Stop{Split: split, Patience: patience, Epoch: len(l.Epochs)}
	if s.Best, s.Loss = l.Best(split, delta); s.Epoch-s.Best < patience {
		return nil
	}
	return &s
}

// Best is the last epoch whose loss of the split was below the smallest before it by more than delta, and that loss; 0 and +Inf where no loss was a number.
func (l Log) Best(split string, delta float64) (epoch int, loss Number) {
	smallest := math.Inf(1)
	for _, e := range l.Epochs {
		loss := float64(e.TestLoss)
		if split == "train" {
			loss = float64(e.TrainLoss)
		}
		if loss < smallest-delta {
			smallest, epoch = loss, e.Epoch
		}
	}
	return epoch, Number(smallest)
}

// Short is the place in a few words.
func (s Stop) Short() string { return fmt.Sprintf("stopped early after epoch %d", s.Epoch) }

// String is a sentence without an end.
func (s Stop) String() string {
	best := "no loss was a number"
	if s.Best > 0 {
		best = fmt.Sprintf("the smallest %s loss was %.4g after epoch %d", s.Split, float64(s.Loss), s.Best)
	}
	return fmt.Sprintf("%s: %s, and train.early_stop has a patience of %d", s.Short(), best, s.Patience)
}

// Divergence says where a training's loss stopped being finite.
type Divergence struct {
	Epoch    int    `json:"epoch"`     // counted from 1
	Step     int    `json:"step"`      // within the epoch, counted from 1
	LastLoss Number `json:"last_loss"` // the last finite loss of a batch in that epoch; NaN when there was no finite one
	LR       Number `json:"lr"`        // train.optimizer.lr
}

// String is a sentence with the place and the remedy.
func (d Divergence) String() string {
	return fmt.Sprintf("the training diverged in epoch %d, step %d (%s): lower train.optimizer.lr, which was %g, or warm it up",
		d.Epoch, d.Step, d.last(), float64(d.LR))
}

// Short is the place in a few words.
func (d Divergence) Short() string {
	return fmt.Sprintf("diverged in epoch %d, step %d (%s)", d.Epoch, d.Step, d.last())
}

func (d Divergence) last() string {
	if f := float64(d.LastLoss); !math.IsNaN(f) {
		return fmt.Sprintf("last finite loss %.4g", f)
	}
	return "no finite loss in it"
}

// Epoch holds the results of one epoch. Train values are means over the epoch's
// batches as they were trained on; test values are of the network after it.
type Epoch struct {
	Epoch         int    `json:"epoch"` // counted from 1
	LR            Number `json:"lr"`
	TrainLoss     Number `json:"train_loss"`
	TrainAccuracy Number `json:"train_accuracy"`
	TestLoss      Number `json:"test_loss"`
	TestAccuracy  Number `json:"test_accuracy"`
	WeightNorm    Number `json:"weight_norm"` // ‖θ‖₂
}

// Tested reports whether the test set was evaluated after the epoch: both test values of one that was not are 0, and a
// loss of exactly 0 comes with an accuracy of 100 %.
func (e Epoch) Tested() bool { return e.TestLoss != 0 || e.TestAccuracy != 0 }

// TrainLossMeaning defines the training loss of [Final].
const TrainLossMeaning = "loss of the final weights over all training examples, in evaluation mode"

// Final is the result of a training.
type Final struct {
	TrainLoss     Number `json:"train_loss"`
	TrainAccuracy Number `json:"train_accuracy"`
	TestLoss      Number `json:"test_loss"`
	TestAccuracy  Number `json:"test_accuracy"`
}

// TestError is 100 % minus the test accuracy, NaN where that is missing.
func (f Final) TestError() float64 { return 100 - float64(f.TestAccuracy) }

// Decode reads the JSON form of a log.
func Decode(b []byte) (*Log, error) {
	l := new(Log)
	return l, json.Unmarshal(b, l)
}

// Sound says that the training produced weights whose training loss is finite: one that did not is excluded from means.
func (l Log) Sound() bool {
	loss := float64(l.Final.TrainLoss)
	return l.Diverged == nil && !math.IsNaN(loss) && !math.IsInf(loss, 0)
}
