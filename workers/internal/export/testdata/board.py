"""Prints what TensorBoard reads from a run's folder: [step, value] of each curve, [step, [width, height]] of each picture."""
import json
import math
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

run = EventAccumulator(sys.argv[1])
run.Reload()
tags = run.Tags()
found = {tag: [[e.step, round(e.value, 6) if math.isfinite(e.value) else str(e.value)] for e in run.Scalars(tag)] for tag in tags["scalars"]}
for tag in tags["images"]:
    found[tag] = [[e.step, [e.width, e.height]] for e in run.Images(tag)]
print(json.dumps(found))
