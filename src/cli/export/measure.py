"""Times two ONNX networks in onnxruntime in turns, for `lacuna export`.

The standard input has a line of JSON with the lengths of the parts, then the parts: the dense network, the compact one, rows of inputs as float32,
and the logits that are expected of them. The answer is a line of JSON.
"""

import json
import math
import sys
import time

BATCHES = (1, 32)
# A burst of runs is so long that the clock is fine enough for it; the bursts of both networks take about so long together.
BURST_S = 0.005
WHOLE_S = 1.5
# The time of the processor, in which other programs do not count. Windows measures it too coarsely.
CLOCK = time.perf_counter if sys.platform == "win32" else time.process_time
LEAST_TURNS = 5
MOST_TURNS = 200


def main():
    head = json.loads(sys.stdin.buffer.readline())
    parts = [sys.stdin.buffer.read(length) for length in head["lengths"]]
    try:
        import numpy
        import onnxruntime
    except ImportError as error:
        print(json.dumps({"missing": str(error)}))
        return
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # One thread: several wait for one another where other programs compute too.
    options.intra_op_num_threads = 1
    open_one = lambda model: onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    dense, compact = (open_one(model) for model in parts[:2])
    rows = numpy.frombuffer(parts[2], "<f4").reshape([-1, *head["shape"]])
    expected = numpy.frombuffer(parts[3], "<f4").reshape([len(rows), -1])
    name = compact.get_inputs()[0].name
    scale = max(1.0, float(numpy.abs(expected).max()))
    differences = [float(numpy.abs(one.run(None, {name: rows})[0] - expected).max()) / scale for one in (dense, compact)]

    def burst(session, feed, count):
        begin = CLOCK()
        for _ in range(count):
            session.run(None, feed)
        return max(CLOCK() - begin, 1e-9) / count

    batches = []
    for batch in BATCHES:
        feed = {name: numpy.ascontiguousarray(rows[numpy.arange(batch) % len(rows)])}
        # The first runs allocate memory.
        counts = [max(1, math.ceil(BURST_S / min(burst(one, feed, 1) for _ in range(3)))) for one in (dense, compact)]
        times = ([], [])
        end = time.perf_counter() + WHOLE_S
        while len(times[0]) < LEAST_TURNS or (time.perf_counter() < end and len(times[0]) < MOST_TURNS):
            for session, count, list_of in zip((dense, compact), counts, times):
                list_of.append(1e3 * burst(session, feed, count))
        batches.append({"batch": batch, "ms": [min(each) for each in times]})
    print(json.dumps({"version": onnxruntime.__version__, "differences": differences, "batches": batches}))


main()
