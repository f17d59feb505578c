package launch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"lossatlas/activities/weights"
	"lossatlas/pipelines/sweepfile"
)

// checkpointFiles are the ends of the names of files with weights.
var checkpointFiles = []string{".pt", ".pth", ".th", ".t7", ".ckpt", ".bin", ".safetensors", ".npz", ".keras", ".h5"}

// alongs are the checkpoints that this process has listed, by path: []sweepfile.Checkpoint.
var alongs sync.Map

// checkpointsAt lists the weights along a training in a folder or in the files that a pattern matches, rising by epoch. Epochs are
// what all files say of themselves, else the last numbers in their names, else their places in the natural order of names.
func checkpointsAt(folder, path string) ([]sweepfile.Checkpoint, error) {
	whole := resolvePath(folder, path)
	if known, ok := alongs.Load(whole); ok {
		return known.([]sweepfile.Checkpoint), nil
	}
	files, err := listCheckpoints(whole)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(files, weights.CompareNames)
	epochs, err := epochsOf(files)
	if err != nil {
		return nil, err
	}
	out := make([]sweepfile.Checkpoint, len(files))
	for i, file := range files {
		if near, err := filepath.Rel(folder, file); err == nil {
			file = near
		}
		out[i] = sweepfile.Checkpoint{File: file, Epoch: epochs[i]}
	}
	slices.SortFunc(out, func(a, b sweepfile.Checkpoint) int { return a.Epoch - b.Epoch })
	alongs.Store(whole, out)
	return out, nil
}

// listCheckpoints lists the files of a folder that may hold weights, or the files that match a pattern. A path without any is an error.
func listCheckpoints(path string) ([]string, error) {
	files, err := checkpointFilesAt(path)
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("there are no weights at %s: name a folder with files that end in %s, or a pattern such as runs/epoch_*.pth", path, strings.Join(checkpointFiles, ", "))
	}
	return files, err
}

func checkpointFilesAt(path string) (files []string, err error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if slices.Contains(checkpointFiles, strings.ToLower(filepath.Ext(e.Name()))) {
				files = append(files, filepath.Join(path, e.Name()))
			}
		}
	} else if files, err = filepath.Glob(path); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return files, nil
}

// epochsOf are the epochs of files in the natural order of their names.
func epochsOf(files []string) ([]int, error) {
	said, numbered, places := make([]int, 0, len(files)), make([]int, 0, len(files)), make([]int, len(files))
	for i, file := range files {
		places[i] = i
		m, err := weights.Info(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if m.Epoch != nil {
			said = append(said, *m.Epoch)
		}
		if n, err := lastNumber(filepath.Base(file)); err == nil {
			numbered = append(numbered, n)
		}
	}
	for _, epochs := range [][]int{said, numbered} {
		if len(epochs) == len(files) && distinct(epochs) {
			return epochs, nil
		}
	}
	return places, nil
}

var digits = regexp.MustCompile(`[0-9]{1,9}`)

// lastNumber is the last number in a name, its extension left out.
func lastNumber(name string) (int, error) {
	all := digits.FindAllString(strings.TrimSuffix(name, filepath.Ext(name)), -1)
	if len(all) == 0 {
		return 0, errors.New("no number")
	}
	return strconv.Atoi(all[len(all)-1])
}

func distinct(epochs []int) bool {
	seen := map[int]bool{}
	for _, e := range epochs {
		if e < 0 || seen[e] {
			return false
		}
		seen[e] = true
	}
	return true
}
