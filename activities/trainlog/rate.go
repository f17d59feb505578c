package trainlog

// smoothRun is how many epochs in a row change the learning rate of a smooth schedule, such as a warm-up or a cosine.
const smoothRun = 4

// RateChanges are the epochs after which the learning rate is another one.
func RateChanges(epochs []Epoch) (out []int) {
	for i := 1; i < len(epochs); i++ {
		if epochs[i].LR != epochs[i-1].LR {
			out = append(out, epochs[i-1].Epoch)
		}
	}
	return out
}

// RateSteps are the changes, rising, that pictures mark: all but those after at least four epochs in a row.
func RateSteps(changes []int) (out []int) {
	for from, to := 0, 0; from < len(changes); from = to {
		for to = from + 1; to < len(changes) && changes[to] == changes[to-1]+1; {
			to++
		}
		if to-from < smoothRun {
			out = append(out, changes[from:to]...)
		}
	}
	return out
}
