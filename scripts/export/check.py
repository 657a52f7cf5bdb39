"""Compares exported networks in onnxruntime and PyTorch, for `npm run test:export`.

usage: python check.py DENSE.onnx FILE...

The outputs of each file, .onnx or .safetensors, are compared with those of the dense network on random rows. The code of docs/export.md that
reads .safetensors is loader.py in the folder of the networks. The answer is a line of JSON with the largest difference of each file.
"""

import json
import pathlib
import sys

import numpy
import onnx
import onnxruntime
import torch

ROWS = 16
SPREAD = 1e-2


def run_onnx(path, rows):
    onnx.checker.check_model(onnx.load(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    if rows is None:
        shape = session.get_inputs()[0].shape[1:]
        rows = numpy.random.default_rng(1).integers(0, 256, [ROWS, *shape]).astype(numpy.float32)
    return rows, session.run(["logits"], {"input": rows})[0]


def run_torch(path, rows):
    from loader import Network

    with torch.no_grad():
        return Network(str(path))(torch.from_numpy(rows)).numpy()


def main():
    dense, *files = [pathlib.Path(name) for name in sys.argv[1:]]
    sys.path.insert(0, str(dense.parent))
    torch.set_num_threads(1)
    rows, expected = run_onnx(dense, None)
    scale = float(numpy.abs(expected).max())
    # Outputs that are the same for all rows would say nothing.
    spread = float(numpy.ptp(expected, axis=0).max()) / scale
    if not spread > SPREAD:
        sys.exit(f"the outputs of {dense.name} differ between rows by {spread} of the largest only: train it for longer")
    differences = {}
    for file in files:
        found = run_onnx(file, rows)[1] if file.suffix == ".onnx" else run_torch(file, rows)
        if found.shape != expected.shape:
            sys.exit(f"{file.name} gives {found.shape}, not {expected.shape}")
        differences[file.name] = float(numpy.abs(found - expected).max()) / scale
    print(json.dumps(differences))


main()
