"""Makes values.json: pickles of some values in all protocols, by Python's two picklers."""

import base64
import collections
import json
import pickle


class Thing(list):
    pass


Thing.__module__ = "shop"
Thing.__qualname__ = "Thing"


def thing():
    import sys
    import types

    shop = types.ModuleType("shop")
    shop.Thing = Thing
    sys.modules["shop"] = shop
    t = Thing([1, 2])
    t.color = "red"
    return t


def cycle():
    a = [1]
    a.append(a)
    return a


values = {
    "constants": [None, True, False],
    "integers": [0, 255, 256, 65535, 65536, -1, 2**31 - 1, -(2**31), 2**31, 2**63 - 1, -(2**63)],
    "long": 2**70,
    "negative long": -(2**70),
    "floats": [0.5, -1e300, float("inf")],
    "texts": ["", "conv1.weight", "ü", "Ā\n\\", "x" * 300],
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
    "dictionary": {"a": 1, "b": {"c": []}, 3: None},
    "ordered": collections.OrderedDict([("z", 1), ("a", 2)]),
    "object": thing(),
    "cycle": cycle(),
    "set": {7},
    "frozen": frozenset([7]),
    "shared": [[1]] * 2,
}

out = [
    {"name": name, "protocol": protocol, "pickle": base64.b64encode(dumps(value, protocol)).decode()}
    for name, value in values.items()
    for protocol in range(6)
    for dumps in (pickle.dumps, pickle._dumps)
]
with open("values.json", "w") as f:
    json.dump(out, f, separators=(",", ":"))
