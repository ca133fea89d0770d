"""GB 18030 as of 2022.

Python 3.11 to 3.13 decode GB 18030-2000, which maps 25 characters to the private use area. GB 18030-2022 (in force since
2023-08-01) maps them to characters proper. The pairs follow the recommendation of the Unicode Technical Committee (L2/23-003R,
"GB 18030-2022 recommendations") that ICU 73 (ICU-22357) and the WHATWG Encoding Standard (2024) adopted: both the two-byte and
the four-byte form decode to the proper character, so nothing that was written by an older system becomes unreadable. The six of
row FE that the standard left in the private use area (FE51, FE52, FE53, FE6C, FE76, FE91) take their ideographs of
extension B, as that row of the WHATWG index does. The area for users (AAA1…) is left alone.
"""

from __future__ import annotations

_ROWS = {
    0xA6D9: (0xE78D, 0xFE10),
    0xA6DA: (0xE78E, 0xFE12),
    0xA6DB: (0xE78F, 0xFE11),
    0xA6DC: (0xE790, 0xFE13),
    0xA6DD: (0xE791, 0xFE14),
    0xA6DE: (0xE792, 0xFE15),
    0xA6DF: (0xE793, 0xFE16),
    0xA6EC: (0xE794, 0xFE17),
    0xA6ED: (0xE795, 0xFE18),
    0xA6F3: (0xE796, 0xFE19),
    0xA8BC: (0xE7C7, 0x1E3F),
    0xFE51: (0xE816, 0x20087),
    0xFE52: (0xE817, 0x20089),
    0xFE53: (0xE818, 0x200CC),
    0xFE59: (0xE81E, 0x9FB4),
    0xFE61: (0xE826, 0x9FB5),
    0xFE66: (0xE82B, 0x9FB6),
    0xFE67: (0xE82C, 0x9FB7),
    0xFE6C: (0xE831, 0x215D7),
    0xFE6D: (0xE832, 0x9FB8),
    0xFE76: (0xE83B, 0x2298F),
    0xFE7E: (0xE843, 0x9FB9),
    0xFE90: (0xE854, 0x9FBA),
    0xFE91: (0xE855, 0x241FE),
    0xFEA0: (0xE864, 0x9FBB),
}
"""Bytes -> (what Python says, what GB 18030-2022 means)."""

_CURRENT = dict(_ROWS.values())


def decode(data: bytes) -> str:
    """``data`` as text. Raises UnicodeDecodeError.

    >>> decode(bytes.fromhex("A6D9")) == decode(bytes.fromhex("84318236")) == "\\ufe10"
    True
    """
    return data.decode("gb18030").translate(_CURRENT)
