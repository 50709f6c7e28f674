"""The vision transformer, as in Dosovitskiy et al. (arXiv 2010.11929)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainer import schema
from trainer.health import ConfigError


class Vit(nn.Module):
    """Patches and a class token through pre-norm blocks; the class token answers."""

    def __init__(self, config: schema.Vit, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        _, height, width = shape
        if height % config.patch or width % config.patch:
            raise ConfigError(f"model.patch {config.patch} does not divide {height} × {width}")
        grid = height // config.patch, width // config.patch
        self.stem = _stem(config, shape[0])
        self.token = nn.Parameter(torch.zeros(1, 1, config.width))
        tokens = 1 + grid[0] * grid[1]
        learned = config.positions == "learned"
        self.positions = nn.Parameter(torch.empty(1, tokens, config.width)) if learned else None
        if self.positions is not None:
            nn.init.trunc_normal_(self.positions, std=0.02)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(_Block(config, grid) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width, eps=1e-6)
        self.head = nn.Linear(config.width, classes)

    def forward(self, images: Tensor) -> Tensor:
        """From (n, c, h, w) to (n, classes)."""
        tokens = self.embed(images)
        for block in self.blocks:
            tokens = block(tokens)
        return self.head(self.norm(tokens[:, 0]))

    def embed(self, images: Tensor) -> Tensor:
        """From (n, c, h, w) to (n, 1 + patches, width): the class token first, row by row."""
        patches = self.stem(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(patches.shape[0], -1, -1), patches], dim=1)
        return self.dropout(tokens if self.positions is None else tokens + self.positions)

    @torch.no_grad()
    def attention(self, images: Tensor, layer: int = -1) -> Tensor:
        """Who looks where: (n, heads, tokens, tokens), each row a distribution."""
        tokens = self.embed(images)
        blocks = list(self.blocks)
        for block in blocks[:layer]:
            tokens = block(tokens)
        return blocks[layer].attend.map(blocks[layer].before(tokens))


class _Block(nn.Module):
    def __init__(self, config: schema.Vit, grid: tuple[int, int]) -> None:
        super().__init__()
        width = config.width
        self.before = nn.LayerNorm(width, eps=1e-6)
        self.attend = _Attention(config, grid)
        self.between = nn.LayerNorm(width, eps=1e-6)
        self.think = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.dropout(self.attend(self.before(tokens)))
        return tokens + self.dropout(self.think(self.between(tokens)))


class _Attention(nn.Module):
    def __init__(self, config: schema.Vit, grid: tuple[int, int]) -> None:
        super().__init__()
        self.heads = config.heads
        self.project = nn.Linear(config.width, 3 * config.width)
        self.out = nn.Linear(config.width, config.width)
        self.bias = _RelativeBias(grid, config.heads) if config.positions == "relative" else None

    def forward(self, tokens: Tensor) -> Tensor:
        query, key, value = self._split(tokens)
        bias = None if self.bias is None else self.bias().to(query.dtype)
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        return self.out(seen.transpose(1, 2).flatten(2))

    def map(self, tokens: Tensor) -> Tensor:
        """(n, heads, tokens, tokens): the weights that `forward` sums the values with."""
        query, key, _ = self._split(tokens)
        scores = query @ key.transpose(2, 3) * query.shape[-1] ** -0.5
        return (scores if self.bias is None else scores + self.bias()).softmax(dim=-1)

    def _split(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        parts = self.project(tokens).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return parts[0], parts[1], parts[2]


class _RelativeBias(nn.Module):
    """One number for each head and offset between two patches (Swin, arXiv 2103.14030, 3.2).

    Three more stand for what has no offset: from the class token, to it, and to itself, as in
    BEiT (arXiv 2106.08254).
    """

    def __init__(self, grid: tuple[int, int], heads: int) -> None:
        super().__init__()
        height, width = grid
        offsets = (2 * height - 1) * (2 * width - 1)
        self.table = nn.Parameter(torch.empty(offsets + 3, heads))
        nn.init.trunc_normal_(self.table, std=0.02)
        row, column = torch.arange(height * width) // width, torch.arange(height * width) % width
        down = row[:, None] - row + height - 1
        right = column[:, None] - column + width - 1
        index = functional.pad(down * (2 * width - 1) + right, (1, 0, 1, 0))
        index[0, 1:], index[1:, 0], index[0, 0] = offsets, offsets + 1, offsets + 2
        self.register_buffer("index", index, persistent=False)

    def forward(self) -> Tensor:
        return self.table[self.index].permute(2, 0, 1)


def _stem(config: schema.Vit, channels: int) -> nn.Module:
    if config.stem == "patch":
        return nn.Conv2d(channels, config.width, config.patch, stride=config.patch)
    # Early convolutions see better (arXiv 2106.14881); the patches' grid stays the same.
    half = max(config.width // 2, 1)
    return nn.Sequential(
        nn.Conv2d(channels, half, 3, padding=1, bias=False),
        nn.BatchNorm2d(half),
        nn.ReLU(inplace=True),
        nn.Conv2d(half, config.width, config.patch, stride=config.patch),
    )
