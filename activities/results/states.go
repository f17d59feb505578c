package results

import "lossatlas/artifacts"

// tally counts the steps of an experiment or a comparison by their states; "" counts all of
// them, and blocked the steps that another step kept from running.
type tally map[string]int

const blocked = artifacts.StateNotRun + " because"

func (n tally) add(st artifacts.RootStep) {
	n[""]++
	n[st.State]++
	if st.State == artifacts.StateNotRun && st.Error != "" {
		n[blocked]++
	}
}

// sum is the state of all of them together.
func (n tally) sum(diverged bool) string {
	made := n[artifacts.StateCached] + n[artifacts.StateRan]
	switch {
	case n[artifacts.StateFailed] > 0:
		return artifacts.StateFailed
	case n[artifacts.StateRunning] > 0:
		return artifacts.StateRunning
	case n[artifacts.StateInterrupted] > 0:
		return artifacts.StateInterrupted
	case diverged:
		return artifacts.StateDiverged
	case made == n[""]:
		return artifacts.StateDone
	case n[artifacts.StateWaiting] > 0:
		return artifacts.StateWaiting
	case made > 0 && n[blocked] == 0: // stopped between two steps
		return artifacts.StateInterrupted
	}
	return artifacts.StateNotRun
}
