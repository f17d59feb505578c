// Package sweepfile reads sweep files, checks them, and expands them into
// experiments and steps.
//
// A sweep file is a YAML mapping:
//
//	name: fig3                         # required; names the sweep
//	title: VGG-9                       # cosmetic
//	variables: {images: 1000}          # $images below is 1000
//	dataset: {name: cifar10, train: 50000, test: 10000}
//	train:
//	  net: vgg9
//	  optimizer: {kind: sgd, lr: 0.1, momentum: 0.9, nesterov: true, weight_decay: 5e-4, schedule: {150: 0.1}}
//	  epochs: 300
//	  batch_size: 128
//	  bn_group: 128
//	  checkpoints: 5                   # weights to keep: of every fifth epoch; or a list of epochs
//	  augment: true
//	  seed: 1
//	sweep:                             # grid by default: every combination is an experiment
//	  train.batch_size: [128, 8192]
//	  zip: {train.net: [vgg9, small], train.optimizer.lr: [0.1, 0.01]}
//	  exclude: [{train.net: small, train.batch_size: 8192}]
//	  include: [{train.net: resnet20}]
//	repeats: 2                         # of each experiment, with train.seed and train.seed + 1; or {train.seed: [1, 2], maps.seed: [1, 2]}
//	maps:
//	  - {kind: line, range: [-1, 1], points: 401, splits: [train, test], images: $images}
//	  - {kind: surface, normalize: filter, ignore: biasbn, resolution: 51, images: "test[0:1000]", seed: 1}
//	  - {kind: trajectory, resolution: 51, error: 0.02}   # estimated from few points, within 2 % of the exact loss
//	plots: [line, {kind: contour, scale: log}, filled, trajectory, training]
//	figures:                           # over several experiments
//	  - {kind: multiples, plot: contour, rows: train.net, columns: train.batch_size}
//	presets:
//	  laptop: {dataset: {train: 10000}, train: {epochs: 12}, maps.resolution: 17, variables: {images: 256}}
//	numerics: exact                    # any: results of all numeric backends count
//	device: gpu                        # which workers compute it, where there are several kinds
//	order: breadth                     # all experiments alike; depth: the first one's maps before the other trainings
//
// Omitted fields have the defaults of Li et al. (2018); the field table in this
// package holds them with the ranges and the help texts, and [Schema] prints it
// for editors.
//
// A sweep may be a list of such mappings, one after the other:
// [{train.net: [vgg9]}, {}, {zip: …}], of which {} is the file as it is.
//
// A variable stands for its value, a number, a text, true or false, or a list of
// these, wherever a whole value may stand: $images. It is put in its place before
// anything is checked, so that the keys are those of the value written out; an
// error names the place of use and that of the value. A preset may give it another
// value, and sweep may vary it (variables.images: [256, 1000]), which reaches all
// of its places: then it may stand in the parameters of dataset, train and maps,
// and in networks. The value of a variable is written out, without variables. A
// text that begins with a dollar sign stands in quotes: "$5".
//
// Repetitions are experiments that differ in seeds alone. Each has its own steps
// and its own row, under the name of its group ([Experiment].Group), over which
// results are summed up; where experiments are chosen by name, that of the group
// stands for all of them. (pairs of a map is something else: it measures the flatness
// of one network along several directions, as one result.)
//
// A parameter is a dotted path below dataset, train or maps, or a variable. maps.resolution is
// the resolution of every map that has one; maps.near.resolution that of the map
// with the name near (a map's name is its kind unless it says otherwise).
//
// The steps of an experiment get their parameters in a normal form, defaults
// filled in and nothing cosmetic, so that two files that mean the same have the
// same keys: [Parse], [Sweep.Expand], then pipelines.MakePlan against the action cache.
package sweepfile
