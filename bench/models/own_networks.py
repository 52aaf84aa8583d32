"""The networks of the seed collection that no library has, written again in PyTorch, small and plain: references for
`golden.py`. `build(name, classes, channels, side)` gives one in evaluation mode; None for a name that it does not know."""
import re

import torch
from torch import nn


class Sum(nn.Module):
    """activation(path(x) + other(x))"""

    def __init__(self, path, other=None, activation=None):
        super().__init__()
        self.path, self.other = path, other
        self.activation = activation or nn.Identity()

    def forward(self, x):
        return self.activation(self.path(x) + (x if self.other is None else self.other(x)))


class Cat(nn.Module):
    def __init__(self, *paths):
        super().__init__()
        self.paths = nn.ModuleList(paths)

    def forward(self, x):
        return torch.cat([path(x) for path in self.paths], 1)


class Apply(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def mean():
    return Apply(lambda x: x.mean((2, 3)))


def head(width, classes):
    return [mean(), nn.Linear(width, classes)]


def cb(i, o, k=1, s=1, p=0, g=1, bias=False):
    return [nn.Conv2d(i, o, k, s, p, groups=g, bias=bias), nn.BatchNorm2d(o)]


def cbr(*args, activation=nn.ReLU, **kwargs):
    return [*cb(*args, **kwargs), activation()]


def cr(i, o, k=1, s=1, p=0, g=1):
    return [nn.Conv2d(i, o, k, s, p, groups=g), nn.ReLU()]


def alexnet(classes, channels, groups=1, norm=False):
    norms = [nn.LocalResponseNorm(5, 1e-4, 0.75, 2.0)] if norm else []
    pool = nn.MaxPool2d(3, 2)
    return nn.Sequential(
        *cr(channels, 96, 11, 4, 3), *norms, pool, *cr(96, 256, 5, 1, 2, groups), *norms, pool, *cr(256, 384, 3, 1, 1),
        *cr(384, 384, 3, 1, 1, groups), *cr(384, 256, 3, 1, 1, groups), pool, nn.AdaptiveAvgPool2d(6), nn.Flatten(),
        nn.Linear(9216, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, classes))


def nin(classes, channels):
    def block(i, o, k, s, p):
        return [*cr(i, o, k, s, p), *cr(o, o), *cr(o, o)]
    pool = nn.MaxPool2d(3, 2)
    return nn.Sequential(*block(channels, 96, 11, 4, 0), pool, *block(96, 256, 5, 1, 2), pool, *block(256, 384, 3, 1, 1), pool,
                         *block(384, classes, 3, 1, 1), mean())


def googlenet(classes, channels):
    def inception(i, a, b1, b, c1, c, d):
        return Cat(nn.Sequential(*cr(i, a)), nn.Sequential(*cr(i, b1), *cr(b1, b, 3, 1, 1)),
                   nn.Sequential(*cr(i, c1), *cr(c1, c, 5, 1, 2)), nn.Sequential(nn.MaxPool2d(3, 1, 1), *cr(i, d)))
    pool = nn.MaxPool2d(3, 2, 1)
    return nn.Sequential(
        *cr(channels, 64, 7, 2, 3), pool, *cr(64, 64), *cr(64, 192, 3, 1, 1), pool,
        inception(192, 64, 96, 128, 16, 32, 32), inception(256, 128, 128, 192, 32, 96, 64), pool,
        inception(480, 192, 96, 208, 16, 48, 64), inception(512, 160, 112, 224, 24, 64, 64),
        inception(512, 128, 128, 256, 24, 64, 64), inception(512, 112, 144, 288, 32, 64, 64),
        inception(528, 256, 160, 320, 32, 128, 128), pool,
        inception(832, 256, 160, 320, 32, 128, 128), inception(832, 384, 192, 384, 48, 128, 128), *head(1024, classes))


def densenet(classes, channels, depth, k=12):
    count = (depth - 4) // 6
    layers, width = [nn.Conv2d(channels, 2 * k, 3, 1, 1, bias=False)], 2 * k
    for block in range(3):
        for _ in range(count):
            layers.append(Cat(nn.Identity(), nn.Sequential(
                nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, 4 * k, 1, bias=False),
                nn.BatchNorm2d(4 * k), nn.ReLU(), nn.Conv2d(4 * k, k, 3, 1, 1, bias=False))))
            width += k
        if block < 2:
            layers += [nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, width // 2, 1, bias=False), nn.AvgPool2d(2)]
            width //= 2
    return nn.Sequential(*layers, nn.BatchNorm2d(width), nn.ReLU(), *head(width, classes))


def mobilenetv1(classes, channels, alpha=1.0):
    def scaled(width):
        return max(8, int(width * alpha))
    width = scaled(32)
    layers = cbr(channels, width, 3, 2, 1)
    for out, stride in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [(1024, 2), (1024, 1)]:
        layers += cbr(width, width, 3, stride, 1, width) + cbr(width, scaled(out))
        width = scaled(out)
    return nn.Sequential(*layers, *head(width, classes))


def darknet53(classes, channels):
    def leaky():
        return nn.LeakyReLU(0.1)
    layers, width = cbr(channels, 32, 3, 1, 1, activation=leaky), 32
    for out, count in [(64, 1), (128, 2), (256, 8), (512, 8), (1024, 4)]:
        layers += cbr(width, out, 3, 2, 1, activation=leaky)
        for _ in range(count):
            layers.append(Sum(nn.Sequential(*cbr(out, out // 2, activation=leaky), *cbr(out // 2, out, 3, 1, 1, activation=leaky))))
        width = out
    return nn.Sequential(*layers, *head(width, classes))


def xception(classes, channels, padding=1):
    def separable(i, o):
        return [nn.Conv2d(i, i, 3, 1, 1, groups=i, bias=False), nn.Conv2d(i, o, 1, bias=False), nn.BatchNorm2d(o)]

    def block(i, middle, o, first_relu=True):
        path = [*([nn.ReLU()] if first_relu else []), *separable(i, middle), nn.ReLU(), *separable(middle, o), nn.MaxPool2d(3, 2, 1)]
        return Sum(nn.Sequential(*path), nn.Sequential(*cb(i, o, 1, 2)))

    def middle():
        return Sum(nn.Sequential(*[layer for _ in range(3) for layer in (nn.ReLU(), *separable(728, 728))]))
    return nn.Sequential(
        *cbr(channels, 32, 3, 2, padding), *cbr(32, 64, 3, 1, padding), block(64, 128, 128, False), block(128, 256, 256),
        block(256, 728, 728), *[middle() for _ in range(8)], block(728, 728, 1024), *separable(1024, 1536), nn.ReLU(),
        *separable(1536, 2048), nn.ReLU(), *head(2048, classes))


def resnext29(classes, channels, groups, width, stem=3, twice=False):
    layers, i = cbr(channels, 64, stem, 1, stem // 2), 64
    for stage in range(3):
        d = groups * width << stage
        o = 2 * d if twice else 256 << stage
        for n in range(3):
            stride = 2 if stage > 0 and n == 0 else 1
            path = nn.Sequential(*cbr(i, d), *cbr(d, d, 3, stride, 1, groups), *cb(d, o))
            other = nn.Sequential(*cb(i, o, 1, stride)) if stride > 1 or i != o else None
            layers.append(Sum(path, other, nn.ReLU()))
            i = o
    return nn.Sequential(*layers, *head(i, classes))


class Excite(nn.Module):
    def __init__(self, width, squeezed, activation=nn.ReLU, bias=False):
        super().__init__()
        self.gate = nn.Sequential(nn.Linear(width, squeezed, bias), activation(), nn.Linear(squeezed, width, bias))

    def forward(self, x):
        return x * self.gate(x.mean((2, 3))).sigmoid()[:, :, None, None]


def resnet18(classes, channels, bias=False, plain_shortcut=False, excite="", last_idle=False):
    layers, i = [*cbr(channels, 64, 7, 2, 3, bias=bias), nn.MaxPool2d(3, 2, 1)], 64
    if excite == "stage":
        layers.append(Excite(64, 4))
    for stage in range(4):
        o = 64 << stage
        for n in range(2):
            stride = 2 if stage > 0 and n == 0 else 1
            path = [*cbr(i, o, 3, stride, 1, bias=bias), *cb(o, o, 3, 1, 1, bias=bias)]
            if excite == "block":
                path.append(Excite(o, o // 16))
            shortcut = cb(i, o, 1, stride, bias=bias)
            other = nn.Sequential(*(shortcut[:1] if plain_shortcut else shortcut)) if stride > 1 else None
            layers.append(Sum(nn.Sequential(*path), other, nn.ReLU()))
            i = o
        if excite == "stage":
            idle = Excite(o, o // 16)
            layers.append(Idle(idle) if last_idle and stage == 3 else idle)
    return nn.Sequential(*layers, *head(512, classes))


class Idle(nn.Module):
    """Parameters that no forward uses."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return x


def squeezenet_bn(classes, channels):
    def fire(i, s, e):
        return [nn.Conv2d(i, s, 1), nn.BatchNorm2d(s), nn.ReLU(),
                Cat(nn.Sequential(nn.Conv2d(s, e, 1), nn.BatchNorm2d(e)), nn.Sequential(nn.Conv2d(s, e, 3, 1, 1), nn.BatchNorm2d(e))),
                nn.ReLU()]
    pool = nn.MaxPool2d(2)
    return nn.Sequential(
        nn.Conv2d(channels, 96, 3, 1, 1), nn.BatchNorm2d(96), nn.ReLU(), pool, *fire(96, 16, 64), *fire(128, 16, 64), *fire(128, 32, 128),
        pool, *fire(256, 32, 128), *fire(256, 48, 192), *fire(384, 48, 192), *fire(384, 64, 256), pool, *fire(512, 64, 256),
        nn.Conv2d(512, classes, 1), mean())


def shuffle(groups):
    return Apply(lambda x: x.view(x.shape[0], groups, x.shape[1] // groups, *x.shape[2:]).transpose(1, 2).reshape(x.shape))


SHUFFLE_WIDTHS = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}
SHUFFLE_STEMS = {0.25: 6, 0.5: 12, 1.0: 24, 1.5: 24, 2.0: 48}


def shufflenetv1(classes, channels, groups, scale=1.0):
    i = SHUFFLE_STEMS[scale]
    layers = [*cbr(channels, i, 3, 2, 1), nn.MaxPool2d(3, 2, 1)]
    for stage, count in enumerate((4, 8, 4)):
        width = int(SHUFFLE_WIDTHS[groups] * scale) << stage
        for n in range(count):
            stride, o = (2, width - i) if n == 0 else (1, width)
            first = 1 if stage == 0 and n == 0 else groups
            m = width // 4
            path = nn.Sequential(*cbr(i, m, g=first), shuffle(groups), *cb(m, m, 3, stride, 1, m), *cb(m, o, g=groups))
            if n == 0:
                layers += [Cat(nn.AvgPool2d(3, 2, 1), path), nn.ReLU()]
            else:
                layers.append(Sum(path, None, nn.ReLU()))
            i = width
    return nn.Sequential(*layers, *head(i, classes))


def shufflenet_seed(classes, channels, groups=2):
    layers, i = cbr(channels, 24), 24
    for stage, count in enumerate((4, 8, 4)):
        width = 200 << stage
        for n in range(count):
            o = width - i if n == 0 else width
            m = o // 4
            first = 1 if stage == 0 and n == 0 else groups
            path = nn.Sequential(*cbr(i, m, g=first), shuffle(first), *cbr(m, m, 3, 2 if n == 0 else 1, 1, m), *cb(m, o, g=groups))
            layers += [Cat(path, nn.AvgPool2d(3, 2, 1)), nn.ReLU()] if n == 0 else [Sum(path, None, nn.ReLU())]
            i = width
    return nn.Sequential(*layers, *head(i, classes))


class Transposed(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return self.module(x.transpose(1, 2)).transpose(1, 2)


class Patches(nn.Module):
    def __init__(self, channels, width, patch):
        super().__init__()
        self.proj = nn.Conv2d(channels, width, patch, patch)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


def mlp(width, hidden):
    return nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))


class Vit(nn.Module):
    def __init__(self, classes, channels, tokens, patch, width, depth, heads, hidden, qkv_bias):
        super().__init__()
        self.patches = Patches(channels, width, patch)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, tokens + 1, width))
        self.heads = heads
        self.blocks = nn.ModuleList(nn.ModuleDict({
            "norm1": nn.LayerNorm(width), "qkv": nn.Linear(width, 3 * width, bias=qkv_bias), "proj": nn.Linear(width, width),
            "norm2": nn.LayerNorm(width), "mlp": mlp(width, hidden)}) for _ in range(depth))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, classes)

    def forward(self, x):
        x = self.patches(x)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        for block in self.blocks:
            n, tokens, width = x.shape
            q, k, v = block["qkv"](block["norm1"](x)).view(n, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
            weights = (q @ k.transpose(-2, -1) / (width // self.heads) ** 0.5).softmax(-1)
            x = x + block["proj"]((weights @ v).transpose(1, 2).reshape(n, tokens, width))
            x = x + block["mlp"](block["norm2"](x))
        return self.head(self.norm(x)[:, 0])


def mixer(classes, channels, tokens, patch, width, depth, token_hidden, hidden):
    blocks = []
    for _ in range(depth):
        blocks += [Sum(nn.Sequential(nn.LayerNorm(width), Transposed(mlp(tokens, token_hidden)))),
                   Sum(nn.Sequential(nn.LayerNorm(width), mlp(width, hidden)))]
    return nn.Sequential(Patches(channels, width, patch), *blocks, nn.LayerNorm(width), Apply(lambda x: x.mean(1)), nn.Linear(width, classes))


class Affine(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.alpha, self.beta = nn.Parameter(torch.ones(1, 1, width)), nn.Parameter(torch.zeros(1, 1, width))

    def forward(self, x):
        return self.alpha * x + self.beta


class ResMlpBlock(nn.Module):
    def __init__(self, width, tokens, hidden):
        super().__init__()
        self.norm1, self.tokens, self.norm2, self.mlp = Affine(width), nn.Linear(tokens, tokens), Affine(width), mlp(width, hidden)
        self.gamma1, self.gamma2 = nn.Parameter(torch.ones(width)), nn.Parameter(torch.ones(width))

    def forward(self, x):
        x = x + self.gamma1 * self.tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.gamma2 * self.mlp(self.norm2(x))


def resmlp(classes, channels, tokens):
    blocks = [ResMlpBlock(384, tokens, 1536) for _ in range(12)]
    return nn.Sequential(Patches(channels, 384, 16), *blocks, Affine(384), Apply(lambda x: x.mean(1)), nn.Linear(384, classes))


class Gate(nn.Module):
    def __init__(self, width, tokens):
        super().__init__()
        self.norm, self.proj = nn.LayerNorm(width), nn.Linear(tokens, tokens)

    def forward(self, x):
        u, v = x.chunk(2, -1)
        return u * self.proj(self.norm(v).transpose(1, 2)).transpose(1, 2)


def gmlp(classes, channels, tokens):
    blocks = [Sum(nn.Sequential(nn.LayerNorm(256), nn.Linear(256, 1024), nn.GELU(), Gate(512, tokens), nn.Linear(512, 256)))
              for _ in range(6)]
    return nn.Sequential(Patches(channels, 256, 16), *blocks, Apply(lambda x: x.mean(1)), nn.Linear(256, classes))


def cnn(classes, channels):
    def block(i, o):
        return [nn.Conv2d(i, o, 5, 1, 2), nn.BatchNorm2d(o), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*block(channels, 16), *block(16, 32), nn.AdaptiveAvgPool2d(7), nn.Flatten(), nn.Linear(1568, classes))


def lenet_bn(classes, channels, bias=False):
    def features(i, o):
        return [nn.Conv2d(i, o, 5, bias=bias), nn.BatchNorm2d(o), nn.Sigmoid(), nn.AvgPool2d(2)]

    def hidden(i, o):
        return [nn.Linear(i, o, bias=bias), nn.BatchNorm1d(o), nn.Sigmoid()]
    return nn.Sequential(*features(channels, 6), *features(6, 16), nn.Flatten(), *hidden(256, 120), *hidden(120, 84),
                         nn.Linear(84, classes, bias=bias))


def efficientnetv2_seed(classes, channels):
    layers, i = cbr(channels, 24, 3, 2, 1, activation=nn.SiLU), 24
    for fused, stride, expansion, o, count in [(1, 1, 1, 24, 2), (1, 2, 4, 48, 4), (1, 2, 4, 64, 4), (0, 2, 4, 128, 6),
                                               (0, 1, 6, 160, 9), (0, 2, 6, 256, 15)]:
        for n in range(count):
            s, hidden = stride if n == 0 else 1, i * expansion
            if fused:
                path = cbr(i, hidden, 3, s, 1, activation=nn.SiLU)
            else:
                squeezed = max(8, int(i // 4 + 4) // 8 * 8)
                squeezed += 8 if squeezed < 0.9 * (i // 4) else 0
                path = [*cbr(i, hidden, activation=nn.SiLU), *cbr(hidden, hidden, 3, s, 1, hidden, activation=nn.SiLU),
                        Excite(hidden, squeezed, nn.SiLU, True)]
            path = nn.Sequential(*path, *cb(hidden, o))
            layers.append(Sum(path) if s == 1 and i == o else path)
            i = o
    return nn.Sequential(*layers, *cbr(i, 1792, activation=nn.SiLU), *head(1792, classes))


def inceptionv3_seed(classes, channels):
    def c(i, o, k=1, s=1, p=0):
        return nn.Sequential(*cbr(i, o, k, s, p))

    def several(*layers):
        return nn.Sequential(*layers)

    def average():
        return nn.AvgPool2d(3, 1, 1)

    def a(i, pool):
        return Cat(c(i, 64), several(c(i, 48), c(48, 64, 5, 1, 2)), several(c(i, 64), c(64, 96, 3, 1, 1), c(96, 96, 3, 1, 1)),
                   several(average(), c(i, pool, 3, 1, 1)))

    def long(i, m):
        row, column = (1, 7), (7, 1)
        side, up = (0, 3), (3, 0)
        return Cat(c(i, 192), several(c(i, m), c(m, m, column, 1, up), c(m, 192, row, 1, side)),
                   several(c(i, m), c(m, m, column, 1, up), c(m, m, row, 1, side), c(m, m, column, 1, up), c(m, 192, row, 1, side)),
                   several(average(), c(i, 192)))

    def e(i):
        return Cat(c(i, 320), several(c(i, 384), Cat(c(384, 384, (1, 3), 1, (0, 1)), c(384, 384, (3, 1), 1, (1, 0)))),
                   several(c(i, 448), c(448, 384, 3, 1, 1), Cat(c(384, 384, (1, 3), 1, (0, 1)), c(384, 384, (3, 1), 1, (1, 0)))),
                   several(average(), c(i, 192)))
    return nn.Sequential(
        c(channels, 32, 3, 1, 1), c(32, 32, 3, 1, 1), c(32, 64, 3, 1, 1), c(64, 80), c(80, 192, 3),
        a(192, 32), a(256, 64), a(288, 64),
        Cat(c(288, 384, 3, 2), several(c(288, 64), c(64, 96, 3, 1, 1), c(96, 96, 3, 2)), nn.MaxPool2d(3, 2)),
        long(768, 128), long(768, 160), long(768, 160), long(768, 192),
        Cat(several(c(768, 192), c(192, 320, 3, 2)),
            several(c(768, 192), c(192, 192, (1, 7), 1, (0, 3)), c(192, 192, (7, 1), 1, (3, 0)), c(192, 192, 3, 2)), nn.AvgPool2d(3, 2)),
        e(1280), e(2048), *head(2048, classes))


def number(text, default=1.0):
    return float(text) if text else default


def build(name, classes, channels, height, width):
    def tokens(patch):
        return (height // patch) * (width // patch)
    plain = {
        "alexnet": lambda: alexnet(classes, channels), "alexnet_grouped": lambda: alexnet(classes, channels, 2, True),
        "alexnet_lrn": lambda: alexnet(classes, channels, 1, True), "nin": lambda: nin(classes, channels),
        "googlenet": lambda: googlenet(classes, channels), "densenet40": lambda: densenet(classes, channels, 40),
        "densenet100": lambda: densenet(classes, channels, 100), "darknet53": lambda: darknet53(classes, channels),
        "xception": lambda: xception(classes, channels), "xception_valid_stem": lambda: xception(classes, channels, 0),
        "seresnet18": lambda: resnet18(classes, channels, excite="block"),
        "senet_stage": lambda: resnet18(classes, channels, excite="stage"),
        "senet_seed": lambda: resnet18(classes, channels, True, True, "stage", True),
        "resnet_seed": lambda: resnet18(classes, channels, True, True), "resnext_seed": lambda: resnext29(classes, channels, 2, 64, 1),
        "squeezenet_bn": lambda: squeezenet_bn(classes, channels), "shufflenet_seed": lambda: shufflenet_seed(classes, channels),
        "vit": lambda: Vit(classes, channels, tokens(32), 32, 1024, 6, 16, 2048, False),
        "vit_qkvbias": lambda: Vit(classes, channels, tokens(32), 32, 1024, 6, 16, 2048, True),
        "vit_b16": lambda: Vit(classes, channels, tokens(16), 16, 768, 12, 12, 3072, True),
        "mlpmixer": lambda: mixer(classes, channels, tokens(16), 16, 512, 12, 128, 1024),
        "mixer_s16": lambda: mixer(classes, channels, tokens(16), 16, 512, 8, 256, 2048),
        "mixer_b16": lambda: mixer(classes, channels, tokens(16), 16, 768, 12, 384, 3072),
        "resmlp": lambda: resmlp(classes, channels, tokens(16)), "gmlp": lambda: gmlp(classes, channels, tokens(16)),
        "cnn": lambda: cnn(classes, channels), "lenet_bn": lambda: lenet_bn(classes, channels),
        "inceptionv3_seed": lambda: inceptionv3_seed(classes, channels),
        "efficientnetv2_seed": lambda: efficientnetv2_seed(classes, channels),
        "lenet_bn_bias": lambda: lenet_bn(classes, channels, True),
    }
    aliases = {"alexnet_lrn_grouped": "alexnet_grouped", "darknet": "darknet53", "densenet": "densenet40", "densenet40_bc": "densenet40",
               "densenet100_bc": "densenet100", "se_resnet18": "seresnet18", "senet": "seresnet18", "squeezenet_seed": "squeezenet_bn",
               "cnn_3ch": "cnn", "cnn_1ch": "cnn", "shufflenet": "shufflenetv1_g2", "googlenet_seed": "googlenet"}
    name = aliases.get(name, name)
    if name not in plain and re.fullmatch(r".*[a-z0-9]_\d+", name):  # the input's size
        name = aliases.get(name.rpartition("_")[0], name.rpartition("_")[0])
    if name in plain:
        return plain[name]().eval()
    if found := re.fullmatch(r"mobilenetv1(?:_a?([\d.]+))?", name):
        return mobilenetv1(classes, channels, number(found[1])).eval()
    if found := re.fullmatch(r"shufflenetv1_g(\d)(?:_[xa]([\d.]+))?", name):
        return shufflenetv1(classes, channels, int(found[1]), number(found[2])).eval()
    if found := re.fullmatch(r"resnext29_(\d+)x(\d+)d(_paper|_seed)?", name):
        return resnext29(classes, channels, int(found[1]), int(found[2]), *((1, True) if found[3] == "_seed" else ())).eval()
    return None
