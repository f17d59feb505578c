package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/gomlx/go-xla/pjrt"
	"golang.org/x/sys/cpu"

	"lossatlas/activities/conv"
)

// formulation counts the ways in which the graphs have been written: orders of
// summation, forms of convolution. A change that can change the last bits of a
// result raises it.
const formulation = 4

// oneDNNClass does the same for the graphs of conv.OneDNN alone: 2 since minimal filtering, o2 for the level at which XLA
// optimizes them, which changes last bits as well.
const oneDNNClass = "onednn2-o2"

// Class names the conditions, besides inputs, that numeric results depend on:
// the backend and its version (for xla the plugin's SHA-256), the number type,
// the kind of device, the flags that change how code is generated, and the
// version of the formulation of the graphs. Within one class results are equal
// bit for bit. It doesn't open the backend.
func Class(o Options) (string, error) {
	kind, err := o.kind()
	if err != nil {
		return "", err
	}
	if kind == "go" {
		arithmetic := "scalar"
		if simd {
			arithmetic = "simd"
		}
		return fmt.Sprintf("go:%s:f32:%s:%s:v%d", moduleVersion("github.com/gomlx/compute"), processor(), arithmetic, formulation), nil
	}
	plugin, err := inspect(o)
	if err != nil {
		return "", err
	}
	class := fmt.Sprintf("xla:sha256:%s:f32:%s:v%d", plugin.digest[:16], plugin.device(), formulation)
	flags := plugin.flags
	if plugin.formulation == conv.OneDNN {
		class += ":" + oneDNNClass
		flags = strings.ReplaceAll(flags, levelFlag, "")
	}
	if flags = relevant(flags); flags != "" {
		class += ":" + flags
	}
	return class, nil
}

// device is the class of device that the plugin computes on.
func (p plugin) device() string {
	if pjrt.IsCUDAName(p.path) {
		return graphicsCard("/proc/driver/nvidia/gpus")
	}
	return processor()
}

// Device is the kind of device that a numerics class computes on: cpu or gpu.
func Device(class string) string {
	if strings.Contains(class, ":"+cuda) {
		return "gpu"
	}
	return "cpu"
}

// processor names the instruction set that code is generated for: wider
// vectors sum in another order.
func processor() string {
	level := ""
	switch {
	case conv.HasLongVectors():
		level = "-avx512"
	case cpu.X86.HasAVX2 && cpu.X86.HasFMA:
		level = "-avx2"
	}
	return "cpu-" + runtime.GOARCH + level
}

// cuda begins the name of a graphics card.
const cuda = "cuda"

// graphicsCard is the model that the driver reports below dir, or "cuda" where it reports no model.
func graphicsCard(dir string) string {
	infos, _ := filepath.Glob(filepath.Join(dir, "*", "information")) // the only error is a malformed pattern
	for _, info := range infos {
		text, err := os.ReadFile(info)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if model, ok := strings.CutPrefix(line, "Model:"); ok {
				return cuda + "-" + strings.Join(strings.Fields(model), "-")
			}
		}
	}
	return cuda
}

// relevant are the flags that can change results, in a canonical order: all
// but those that only write diagnostics, and those that go with the formulation.
func relevant(flags string) string {
	kept := slices.DeleteFunc(strings.Fields(flags), func(f string) bool {
		return strings.HasPrefix(f, "--xla_dump") || strings.HasPrefix(f, "--xla_hlo_profile") || slices.Contains(oneDNNFlags, f)
	})
	slices.Sort(kept)
	return strings.Join(slices.Compact(kept), " ")
}

// moduleVersion is the version of a module that the program was built with.
func moduleVersion(path string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == path {
				return m.Version
			}
		}
	}
	return "unknown"
}
