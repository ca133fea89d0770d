"""A QR code (ISO/IEC 18004) as a list of rows, and as SVG: byte mode, error correction L, versions 1 to 10 (271 bytes).

Ours, because one short text in one form needs a page of code and no further package.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

# error correction codewords of a block, then the data codewords of each block
_BLOCKS: tuple[tuple[int, tuple[int, ...]], ...] = (
    (7, (19,)),
    (10, (34,)),
    (15, (55,)),
    (20, (80,)),
    (26, (108,)),
    (18, (68, 68)),
    (20, (78, 78)),
    (24, (97, 97)),
    (30, (116, 116)),
    (18, (68, 68, 69, 69)),
)
_ALIGN: tuple[tuple[int, ...], ...] = (
    (), (6, 18), (6, 22), (6, 26), (6, 30), (6, 34), (6, 22, 38), (6, 24, 42), (6, 26, 46), (6, 28, 50),
)  # fmt: skip
_MASKS: tuple[Callable[[int, int], bool], ...] = (
    lambda y, x: (y + x) % 2 == 0,
    lambda y, x: y % 2 == 0,
    lambda y, x: x % 3 == 0,
    lambda y, x: (y + x) % 3 == 0,
    lambda y, x: (y // 2 + x // 3) % 2 == 0,
    lambda y, x: y * x % 2 + y * x % 3 == 0,
    lambda y, x: (y * x % 2 + y * x % 3) % 2 == 0,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2 == 0,
)
_FINDER = (1, 0, 1, 1, 1, 0, 1)
Grid = list[list[int]]
"""1 dark, 0 light; -1 while nothing stands there."""


def rows(text: str) -> Grid:
    """``ValueError`` for more than 271 bytes."""
    data = text.encode()
    version = _version(len(data))
    fixed = _frame(version)
    bits = _interleaved(version, _codewords(version, data))
    return min((_masked(fixed, bits, n) for n in range(len(_MASKS))), key=_penalty)


def svg(text: str, title: str) -> str:
    """A square with a quiet zone of four modules; ``title`` (escaped by the caller) says what it is."""
    grid = rows(text)
    size = len(grid) + 8
    path = "".join(f"M{x + 4} {y + 4}h1v1h-1z" for y, row in enumerate(grid) for x, dark in enumerate(row) if dark)
    space = 'xmlns="http://www.w3.org/2000/svg"'  # without it a file of its own is no picture
    head = f'<svg class="qr" {space} viewBox="0 0 {size} {size}" role="img" shape-rendering="crispEdges">'
    return f'{head}<title>{title}</title><path fill="#000" d="{path}"/></svg>'


def _version(length: int) -> int:
    for version, (_, blocks) in enumerate(_BLOCKS, 1):
        if length <= sum(blocks) - (3 if version > 9 else 2):
            return version
    raise ValueError(f"{length} bytes are too many for a QR code of ours")


def _codewords(version: int, data: bytes) -> list[int]:
    count = 16 if version > 9 else 8
    bits = f"0100{len(data):0{count}b}" + "".join(f"{byte:08b}" for byte in data) + "0000"
    full = sum(_BLOCKS[version - 1][1])
    bits = bits[: full * 8].ljust(-(-len(bits) // 8) * 8, "0")
    found = [int(bits[n : n + 8], 2) for n in range(0, len(bits), 8)]
    return [*found, *(0xEC if n % 2 == 0 else 0x11 for n in range(full - len(found)))]


def _interleaved(version: int, words: Sequence[int]) -> list[int]:
    """The bits in the order in which they are laid out."""
    extra, sizes = _BLOCKS[version - 1]
    starts = [sum(sizes[:n]) for n in range(len(sizes))]
    blocks = [list(words[start : start + size]) for start, size in zip(starts, sizes, strict=True)]
    checks = [_remainder(block, extra) for block in blocks]
    laid = [block[n] for n in range(max(sizes)) for block in blocks if n < len(block)]
    laid += [check[n] for n in range(extra) for check in checks]
    return [word >> bit & 1 for word in laid for bit in range(7, -1, -1)]


def _remainder(block: Sequence[int], extra: int) -> list[int]:
    """Reed and Solomon over GF(256) with 0x11D."""
    exp, log = _field()
    rest = [*block, *[0] * extra]
    factors = _generator(extra)
    for n in range(len(block)):
        if rest[n]:
            for m, factor in enumerate(factors):
                rest[n + m] ^= exp[(log[rest[n]] + log[factor]) % 255] if m else 0
    return rest[len(block) :]


@cache
def _field() -> tuple[list[int], list[int]]:
    exp, log, value = [0] * 255, [0] * 256, 1
    for n in range(255):
        exp[n], log[value] = value, n
        value = value << 1 ^ (0x11D if value & 0x80 else 0)
    return exp, log


@cache
def _generator(degree: int) -> tuple[int, ...]:
    exp, log = _field()
    poly = [1]
    for n in range(degree):
        shifted = [*poly, 0]
        scaled = [0, *(exp[(log[one] + n) % 255] for one in poly)]
        poly = [a ^ b for a, b in zip(shifted, scaled, strict=True)]
    return tuple(poly)


def _frame(version: int) -> Grid:
    """All that is no data: finders, timing, alignment, and light places kept for format and version."""
    size = 17 + 4 * version
    grid = [[-1] * size for _ in range(size)]
    for top, left in ((0, 0), (0, size - 7), (size - 7, 0)):
        _finder(grid, top, left)
    for n in range(8, size - 8):
        grid[6][n] = grid[n][6] = 1 - n % 2
    last = _ALIGN[version - 1][-1:]
    for y in _ALIGN[version - 1]:
        for x in _ALIGN[version - 1]:
            if (y, x) not in {(6, 6), *((6, end) for end in last), *((end, 6) for end in last)}:
                _square(grid, y, x)
    for n in range(9):
        for y, x in ((8, n), (n, 8)):
            grid[y][x] = max(grid[y][x], 0)
    for n in range(8):
        grid[8][size - 1 - n] = grid[size - 1 - n][8] = 0
    grid[size - 8][8] = 1
    if version > 6:
        _version_marks(grid, version)
    return grid


def _finder(grid: Grid, top: int, left: int) -> None:
    size = len(grid)
    for y in range(-1, 8):
        for x in range(-1, 8):
            if 0 <= top + y < size and 0 <= left + x < size:
                ring = max(abs(y - 3), abs(x - 3))
                grid[top + y][left + x] = int(ring in (0, 1, 3))


def _square(grid: Grid, top: int, left: int) -> None:
    for y in range(-2, 3):
        for x in range(-2, 3):
            grid[top + y][left + x] = int(max(abs(y), abs(x)) != 1)


def _version_marks(grid: Grid, version: int) -> None:
    size, marks = len(grid), version << 12 | _bch(version, 0x1F25, 12)
    for n in range(18):
        bit = marks >> n & 1
        grid[n // 3][size - 11 + n % 3] = grid[size - 11 + n % 3][n // 3] = bit


def _bch(value: int, factor: int, degree: int) -> int:
    rest = value << degree
    while rest.bit_length() > degree:
        rest ^= factor << rest.bit_length() - factor.bit_length()
    return rest


def _masked(fixed: Grid, bits: Sequence[int], number: int) -> Grid:
    grid, size = [list(row) for row in fixed], len(fixed)
    mask, stream = _MASKS[number], iter(bits)
    right = size - 1
    upward = True
    while right > 0:
        right -= right == 6  # the timing column
        for y in range(size - 1, -1, -1) if upward else range(size):
            for x in (right, right - 1):
                if fixed[y][x] == -1:
                    grid[y][x] = next(stream, 0) ^ mask(y, x)
        right, upward = right - 2, not upward
    _format(grid, number)
    return grid


def _format(grid: Grid, number: int) -> None:
    size, value = len(grid), 0b01 << 3 | number
    marks = (value << 10 | _bch(value, 0x537, 10)) ^ 0x5412
    beside = [(n, 8) for n in range(6)] + [(7, 8), (8, 8), (8, 7)] + [(8, 14 - n) for n in range(9, 15)]
    apart = [(8, size - 1 - n) for n in range(8)] + [(size - 15 + n, 8) for n in range(8, 15)]
    for n in range(15):
        for y, x in (beside[n], apart[n]):
            grid[y][x] = marks >> n & 1


def _penalty(grid: Grid) -> int:
    lines = [*grid, *([row[x] for row in grid] for x in range(len(grid)))]
    dark = sum(map(sum, grid)) * 100 // len(grid) ** 2
    squares = sum(
        3
        for y in range(len(grid) - 1)
        for x in range(len(grid) - 1)
        if len({grid[y][x], grid[y][x + 1], grid[y + 1][x], grid[y + 1][x + 1]}) == 1
    )
    return sum(_of_line(line) for line in lines) + squares + abs(dark - 50) // 5 * 10


def _of_line(line: Sequence[int]) -> int:
    total, run = 0, 1
    for before, here in zip(line, [*line[1:], -1], strict=True):
        if before == here:
            run += 1
            continue
        total += run - 2 if run >= 5 else 0
        run = 1
    text = "".join(map(str, line))
    finder = "".join(map(str, _FINDER))
    return total + 40 * sum(text[n : n + 11] in (f"{finder}0000", f"0000{finder}") for n in range(len(text) - 10))
