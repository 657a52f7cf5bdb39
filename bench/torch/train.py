"""Times training steps of PyTorch on the CPU, for `npm run peers`.

usage: python train.py NETWORK

It prints {"ready": true, ...} once it has warmed up. Then it answers each line N of its input with N steps and {"ms": milliseconds a step}.
"""

import json
import os
import sys
import time

import torch
from torch import nn

BATCH = 128
CLASSES = 10
MNIST_PIXELS = 784
CIFAR_IMAGE = (3, 32, 32)
WARM_UP_STEPS = 3

# Channels of the convolutions of vgg16; M is a maximum over 2x2.
VGG16 = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]


def vgg16():
    layers = []
    channels = CIFAR_IMAGE[0]
    for width in VGG16:
        if width == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        # Lacuna has no bias there either: the normalisation would remove it.
        layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        channels = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels, CLASSES))


def mlp(widths):
    layers = []
    inputs = MNIST_PIXELS
    for width in widths:
        layers += [nn.Linear(inputs, width), nn.ReLU()]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, CLASSES))


def network(name):
    """The network of that name and a batch of random images. With the channels last (torch.channels_last) a step of vgg16 took 10 % longer."""
    if name == "vgg16":
        return vgg16(), torch.rand(BATCH, *CIFAR_IMAGE)
    if name.startswith("mlp-"):
        return mlp([int(width) for width in name.removeprefix("mlp-").split("-")]), torch.rand(BATCH, MNIST_PIXELS)
    sys.exit(f"There is no network {name} here; there are mlp-WIDTH-WIDTH and vgg16.")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: python train.py NETWORK")
    torch.manual_seed(1)
    threads = os.cpu_count() or 1
    torch.set_num_threads(threads)
    model, images = network(sys.argv[1])
    labels = torch.arange(BATCH) % CLASSES
    # fused: one kernel for all weights, the fastest of PyTorch's.
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4, fused=True)

    def steps(count):
        begin = time.perf_counter()
        for _ in range(count):
            optimiser.zero_grad(set_to_none=True)
            loss = nn.functional.cross_entropy(model(images), labels)
            loss.backward()
            optimiser.step()
        loss.item()
        return (time.perf_counter() - begin) * 1e3 / count

    steps(WARM_UP_STEPS)
    adapter = f"CPU, {threads} threads, {torch.backends.cpu.get_cpu_capability()}"
    print(json.dumps({"ready": True, "adapter": adapter, "version": torch.__version__}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"ms": steps(int(line))}), flush=True)


if __name__ == "__main__":
    main()
