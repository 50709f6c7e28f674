"""The residual network, as in He et al. (arXiv 1512.03385)."""

from torch import Tensor, nn
from torch.nn import functional

from trainer import schema


class ResNet(nn.Module):
    """Stages of residual blocks; each stage but the first halves height and width."""

    def __init__(self, config: schema.ResNet, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        first, block = config.widths[0], BLOCKS[config.block]
        self.stem = nn.Sequential(*_stem(config.stem, shape[0], first))
        stages, channels = [], first
        for stage, (width, count) in enumerate(zip(config.widths, config.blocks, strict=True)):
            for position in range(count):
                stride = 2 if stage and not position else 1
                stages.append(block(channels, width, stride))
                channels = width * block.expansion
        self.blocks = nn.Sequential(*stages)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(channels, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        """From (n, c, h, w) to (n, classes)."""
        features = self.blocks(self.stem(images)).mean(dim=(2, 3))
        return self.head(self.dropout(features))


class Basic(nn.Module):
    """Two 3×3 convolutions beside a shortcut."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_convolution(inputs, width, 3, stride),
            nn.ReLU(inplace=True),
            *_convolution(width, width, 3, 1),
        )
        self.shortcut = _shortcut(inputs, width, stride)

    def forward(self, features: Tensor) -> Tensor:
        """From (n, c, h, w) to (n, width, h / stride, w / stride)."""
        return functional.relu(self.body(features) + self.shortcut(features))


class Bottleneck(nn.Module):
    """1×1, 3×3 and 1×1 convolutions beside a shortcut; the stride is the 3×3's."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * self.expansion
        self.body = nn.Sequential(
            *_convolution(inputs, width, 1, 1),
            nn.ReLU(inplace=True),
            *_convolution(width, width, 3, stride),
            nn.ReLU(inplace=True),
            *_convolution(width, outputs, 1, 1),
        )
        self.shortcut = _shortcut(inputs, outputs, stride)

    def forward(self, features: Tensor) -> Tensor:
        """From (n, c, h, w) to (n, 4 × width, h / stride, w / stride)."""
        return functional.relu(self.body(features) + self.shortcut(features))


BLOCKS = {"basic": Basic, "bottleneck": Bottleneck}


def _stem(kind: str, channels: int, width: int) -> list[nn.Module]:
    if kind == "small":
        return [*_convolution(channels, width, 3, 1), nn.ReLU(inplace=True)]
    pool = nn.MaxPool2d(3, stride=2, padding=1)
    return [*_convolution(channels, width, 7, 2), nn.ReLU(inplace=True), pool]


def _convolution(inputs: int, outputs: int, size: int, stride: int) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False)
    return [convolution, nn.BatchNorm2d(outputs)]


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    return nn.Sequential(*_convolution(inputs, outputs, 1, stride))
