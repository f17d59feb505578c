package trajectory

import (
	"encoding/json"
	"fmt"

	"lossatlas/activities/trainlog"
)

// Losses are the loss and score at each point of a path, at its own weights and not at their projections, over the images of one map.
type Losses struct {
	Loss  []trainlog.Number `json:"loss"`
	Score []trainlog.Number `json:"score"`
}

// DecodeLosses reads losses from JSON.
func DecodeLosses(b []byte) (*Losses, error) {
	var l Losses
	if err := json.Unmarshal(b, &l); err != nil {
		return nil, fmt.Errorf("losses of a path: %w", err)
	}
	if len(l.Loss) != len(l.Score) {
		return nil, fmt.Errorf("losses of a path: %d losses and %d scores", len(l.Loss), len(l.Score))
	}
	return &l, nil
}
