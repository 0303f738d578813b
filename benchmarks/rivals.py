"""What a user would do without convscope: a bare PyTorch pass, and the usual scripts that draw every map."""

import time
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from torch import Tensor, nn

from app.net.manifest import shipped_files

VGG16 = (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M")
GRID_COLUMNS = 8
DPI = 100
MEAN = (123.68, 116.779, 103.939)


def vgg16_features() -> nn.Sequential:
    """torchvision's loop over configuration D, with the shipped weights and the default memory format."""
    layers: list[nn.Module] = []
    channels = 3
    with safe_open(str(shipped_files()["vgg16"].path), framework="pt") as file:
        for entry in VGG16:
            if entry == "M":
                layers.append(nn.MaxPool2d(2, 2))
                continue
            convolution = nn.Conv2d(channels, int(entry), 3, padding=1)
            for name in ("weight", "bias"):
                getattr(convolution, name).data = file.get_tensor(f"features.{len(layers)}.{name}").float()
            layers += [convolution, nn.ReLU(inplace=True)]
            channels = int(entry)
    return nn.Sequential(*layers).eval()


def to_input(photo: NDArray[np.uint8]) -> Tensor:
    """A photo of 224×224×3 bytes as the network's input."""
    return (
        torch.from_numpy(photo.astype(np.float32) - np.array(MEAN, dtype=np.float32))
        .permute(2, 0, 1)[None]
        .contiguous()
    )


def bare_pass(model: nn.Module, image: Tensor) -> float:
    """Seconds of one forward pass."""
    started = time.perf_counter()
    with torch.inference_mode():
        model(image)
    return time.perf_counter() - started


def _captured(model: nn.Sequential, image: Tensor) -> list[Tensor]:
    """What forward hooks on the ReLUs of the 13 convolutions see."""
    seen: list[Tensor] = []
    hooks = [
        layer.register_forward_hook(lambda _module, _inputs, output: seen.append(output.detach().clone()))
        for layer in model
        if isinstance(layer, nn.ReLU)
    ]
    with torch.inference_mode():
        model(image)
    for hook in hooks:
        hook.remove()
    return seen


def draw_grids(model: nn.Sequential, image: Tensor, folder: Path) -> int:
    """Hooks, then one matplotlib figure a layer with a subplot a map; the number of maps drawn."""
    layers = _captured(model, image)
    for number, layer in enumerate(layers):
        maps = layer[0]
        rows = -(-len(maps) // GRID_COLUMNS)
        figure, axes = plt.subplots(rows, GRID_COLUMNS, figsize=(GRID_COLUMNS, rows))
        for axis, values in zip(axes.flat, maps, strict=False):
            axis.imshow(values)
            axis.axis("off")
        figure.savefig(folder / f"layer{number}.png", dpi=DPI)
        plt.close(figure)
    return sum(layer.shape[1] for layer in layers)


def save_maps(model: nn.Sequential, image: Tensor, folder: Path) -> int:
    """Hooks, then `plt.imsave` for every map; the number of maps saved."""
    layers = _captured(model, image)
    for number, layer in enumerate(layers):
        for channel, values in enumerate(layer[0]):
            plt.imsave(folder / f"layer{number}-{channel}.png", values.numpy())
    return sum(layer.shape[1] for layer in layers)


def seconds(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
