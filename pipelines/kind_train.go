package pipelines

import (
	"fmt"
	"time"
)

// KindTrain trains a network.
const KindTrain Kind = "train"

// trainSpec: a training is one long piece of work, and its checkpoints are outputs of their own.
var trainSpec = Spec{
	Version: 4, Numeric: true, Long: true, Attempt: 14 * 24 * time.Hour,
	Outputs: []string{OutWeights, OutLog},
	MoreOutputs: typed(func(p TrainParams) (names []string) {
		for _, epoch := range p.Checkpoints {
			names = append(names, OutCheckpoint(epoch))
		}
		return names
	}),
	Label: typed(func(p TrainParams) string {
		return fmt.Sprintf("%s bs%d wd%g", p.Net, p.BatchSize, p.Optimizer.WeightDecay)
	}),
	Cost: typed(TrainParams.cost),
}

func (p TrainParams) cost() Cost {
	gradients := 1.0
	if p.Optimizer.Rho > 0 {
		gradients = 2
	}
	passes := float64(p.Epochs) * (gradients*trainingPasses*float64(p.Data.Train) + float64(p.Data.Test))
	if p.Average != nil {
		passes += float64(p.Data.Train) // statistics of batch normalization
	}
	return Cost{Net: p.Net, Problem: p.Data.Problem, Passes: passes, Pace: 1, Program: fmt.Sprintf("train %s %d", p.Net, p.BatchSize)}
}

// KindCurve trains the bend of a curve between two minimizers.
const KindCurve Kind = "curve"

var curveSpec = Spec{
	Version: 2, Numeric: true, Long: true, Attempt: trainSpec.Attempt,
	Outputs: []string{OutWeights, OutLog},
	Label:   typed(func(p CurveParams) string { return fmt.Sprintf("%s %s bs%d", p.Shape, p.Net, p.BatchSize) }),
	Cost:    typed(func(p CurveParams) Cost { return p.cost() }),
}

// The shapes of curves.
const (
	CurveBezier  = "bezier"
	CurvePolygon = "polygon"
)

// CurveParams are the recipe of a bend (Garipov et al. 2018). Inputs: weights, where the curve begins; toward_x, where it ends. Outputs: weights,
// of the bend; log, of which the training losses are means over the curve, and the others missing.
type CurveParams struct {
	TrainParams
	Shape string `json:"shape"` // CurveBezier or CurvePolygon
}

// trainingPasses is the cost of a training step in forward passes over the same images.
const trainingPasses = 3

// OutCheckpoint is the name of the output with the weights after an epoch:
// safetensors as OutWeights.
func OutCheckpoint(epoch int) string { return fmt.Sprintf("checkpoint-%05d", epoch) }

// TrainData says which images a training sees: the first Train records of the
// training split, and the first Test of the test split for the recorded test error.
type TrainData struct {
	Name    string  `json:"name"`
	Digest  string  `json:"digest"` // of the whole dataset's content, "sha256:…"
	Problem Problem `json:"problem"`
	Train   int     `json:"train"`
	Test    int     `json:"test"`
}

// Drop multiplies the learning rate by Factor from the start of epoch Epoch (counted from 0).
type Drop struct {
	Epoch  int     `json:"epoch"`
	Factor float64 `json:"factor"`
}

// Optimizer is the update rule and its schedule.
type Optimizer struct {
	Kind        string    `json:"kind"` // "sgd", "adam", "adamw", "rmsprop", "sam" or "asam"
	LR          float64   `json:"lr"`
	Momentum    float64   `json:"momentum"`     // of sgd, sam, asam and rmsprop
	Nesterov    bool      `json:"nesterov"`     // of sgd, sam and asam
	WeightDecay float64   `json:"weight_decay"` // on all parameters, as part of the gradient; of adamw decoupled
	Schedule    []Drop    `json:"schedule"`
	Cosine      bool      `json:"cosine,omitempty"`      // the rate falls to 0 along half a cosine, after the warm-up
	Polynomial  float64   `json:"polynomial,omitempty"`  // the power with which it falls to 0 after the warm-up
	Exponential float64   `json:"exponential,omitempty"` // the factor on it from epoch to epoch after the warm-up
	Warmup      int       `json:"warmup,omitempty"`      // epochs in which the rate rises to its full value
	OneCycle    *OneCycle `json:"onecycle,omitempty"`
	// Constants of adam and adamw.
	Beta1   float64 `json:"beta1,omitempty"`
	Beta2   float64 `json:"beta2,omitempty"`
	Epsilon float64 `json:"epsilon,omitempty"` // also of rmsprop
	// Constants of rmsprop.
	Alpha    float64 `json:"alpha,omitempty"`
	Centered bool    `json:"centered,omitempty"`
	// Constants of sam and asam.
	Rho float64 `json:"rho,omitempty"`
	Eta float64 `json:"eta,omitempty"`
	// Limits of a batch's gradient, 0 for no limit.
	ClipNorm  float64 `json:"clip_norm,omitempty"`
	ClipValue float64 `json:"clip_value,omitempty"`
}

// OneCycle are the options of PyTorch's OneCycleLR; both momenta are 0 where the momentum is not cycled.
type OneCycle struct {
	Start        float64 `json:"pct_start"`
	Div          float64 `json:"div_factor"`
	FinalDiv     float64 `json:"final_div_factor"`
	Linear       bool    `json:"linear,omitempty"`
	BaseMomentum float64 `json:"base_momentum,omitempty"`
	MaxMomentum  float64 `json:"max_momentum,omitempty"`
}

// Average says that the output "weights" is a mean over the weights of a training, with running statistics of its own.
type Average struct {
	Decay float64 `json:"decay,omitempty"` // of a moving average over all steps; 0 is the mean over the weights after epochs
	From  int     `json:"from"`            // the first epoch, counted from 0
}

// EarlyStop ends a training after Patience epochs in a row whose loss was not below the smallest before it by more than MinDelta. With
// RestoreBest the output "weights" is of the epoch with that smallest loss, of a training that reaches its last epoch as well.
type EarlyStop struct {
	Split       string  `json:"split"` // "test": the loss after each epoch; "train": the mean loss of its batches
	Patience    int     `json:"patience"`
	MinDelta    float64 `json:"min_delta,omitempty"`
	RestoreBest bool    `json:"restore_best_weights,omitempty"`
}

// TrainParams is the recipe of one training run.
type TrainParams struct {
	Net       Network   `json:"net"`
	Data      TrainData `json:"data"`
	Optimizer Optimizer `json:"optimizer"`
	Epochs    int       `json:"epochs"`
	BatchSize int       `json:"batch_size"`
	// BNGroup is how many images share batch statistics. A batch is processed in
	// groups of this size and their gradients averaged, so that a large batch
	// fits in memory and the result does not depend on how much there is.
	BNGroup int    `json:"bn_group"`
	Augment bool   `json:"augment"` // random crop with 4 pixels of padding, horizontal flip
	Seed    uint64 `json:"seed"`
	// LabelNoise is the probability with which a training label is a wrong one.
	LabelNoise float64 `json:"label_noise,omitempty"`
	// Checkpoints are the epochs after which the weights are kept, rising; 0 is before
	// the first. The last epoch is not among them: its weights are the output "weights".
	Checkpoints []int      `json:"checkpoints,omitempty"`
	Average     *Average   `json:"average,omitempty"`
	EarlyStop   *EarlyStop `json:"early_stop,omitempty"`
}
