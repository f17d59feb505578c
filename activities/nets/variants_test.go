package nets_test

import (
	"strings"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/nets"
)

// TestVariants: width scales all filters, and shortcuts of option A have no parameters. ResNet-20 with them has 269,722
// parameters, as in PyTorch implementations for CIFAR-10; a slim VGG-9 is that of the reference, a width as of another
// network makes that network.
func TestVariants(t *testing.T) {
	of := data.Sets()[0].Problem
	sizes := map[string]int{}
	for _, name := range []string{"resnet20:shortcut=pad", "resnet20:width=32", "resnet56:width=32", "wrn56-2", "resnet56:width=16,shortcut=conv", "resnet56",
		"vgg9:width=16", "resnet20-noshort:width=8", "densenet121:width=8", "small:width=4,shortcut=pad", "resnet110:shortcut=pad"} {
		net, err := nets.ByName(name, of)
		if err != nil {
			t.Fatal(err)
		}
		sizes[name] = net.NumParams()
	}
	vgg, err := nets.New("vgg", nets.VGG9(10, 16, 32, 64, 64), of)
	if err != nil {
		t.Fatal(err)
	}
	if sizes["resnet20:shortcut=pad"] != 269722 || sizes["resnet110:shortcut=pad"] != 1727962 || sizes["resnet56:width=32"] != sizes["wrn56-2"] ||
		sizes["resnet56:width=16,shortcut=conv"] != sizes["resnet56"] || sizes["vgg9:width=16"] != vgg.NumParams() {
		t.Errorf("numbers of parameters: %v, and %d of VGG9", sizes, vgg.NumParams())
	}
	for name, want := range map[string]string{
		"resnet20:width=0": "width is \"0\": it is the number of filters of the first layers, from 1 to 1024 (16 unless given)", "vgg9:shortcut=pad": "network vgg9 has no parameter \"shortcut\": it has width",
		"resnet20:shortcut=none": "choose conv or pad", "resnet20:": "has no parameter \"\": it has width and shortcut", "resnet21:width=8": "there is no network called \"resnet21\"",
		"resnet20-noshort:shortcut=pad": "it has width", "densenet121:width=x": "(32 unless given)",
	} {
		if _, err := nets.ByName(name, of); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}
