"""The shipped VGG-16 on a photo, every layer against torch's functions called one by one."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

from app.net.graph import INPUT
from app.net.manifest import shipped_files
from app.net.model import preset_model
from app.resources import resource_path
from tests.net.networks import activations

CONVOLUTIONS = (2, 2, 3, 3, 3)  # in each block of configuration D


@pytest.fixture(scope="module")
def photo() -> Tensor:
    """The cat, 1×3×224×224, RGB less the mean colour."""
    with Image.open(resource_path("samples", "chelsea.png")) as image:
        pixels = np.asarray(image.convert("RGB").crop((100, 20, 324, 244)), dtype=np.float32)
    mean = np.array([123.68, 116.779, 103.939], dtype=np.float32)
    return torch.from_numpy((pixels - mean).transpose(2, 0, 1)[None].copy())


def by_hand(photo: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Name and activation of every layer up to pool5, straight from the file."""
    tensors = {name: each.float() for name, each in load_file(str(shipped_files()["vgg16"].path)).items()}
    prefixes = iter(sorted({name.rsplit(".", 1)[0] for name in tensors}, key=lambda name: int(name.split(".")[1])))
    x = photo
    for block, count in enumerate(CONVOLUTIONS, 1):
        for number in range(1, count + 1):
            prefix = next(prefixes)
            x = F.conv2d(x, tensors[f"{prefix}.weight"], tensors[f"{prefix}.bias"], padding=1)
            yield f"conv{block}_{number}", x
            x = F.relu(x)
            yield f"relu{block}_{number}", x
        x = F.max_pool2d(x, 2, 2)
        yield f"pool{block}", x


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_every_layer_equals_torch(photo: Tensor, memory_format: torch.memory_format) -> None:
    model = preset_model("vgg16", 0)
    net = model.network
    reached = [node for node in net.nodes if node.name not in model.source.missing]
    partial = type(net)(net.spec, tuple(reached))
    values = activations(partial, model.source.load().params, photo.contiguous(memory_format=memory_format))
    with torch.inference_mode():
        expected = dict(by_hand(photo))
    assert [node.name for node in reached] == [*expected, "flatten"]
    for node in reached[:-1]:
        ours, theirs = values[node.index], expected[node.name]
        assert (ours - theirs).abs().max() < 1e-5 * theirs.abs().max(), node.name
    assert torch.equal(values[reached[-1].index], values[reached[-2].index].flatten(1))
    assert torch.equal(values[INPUT], photo)
