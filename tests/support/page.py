# SPDX-License-Identifier: Apache-2.0
"""Makes the page that tests serve: one HTML file and three PNG pictures, bytes from a seed."""
import random
import struct
import zlib

# Noise does not compress: a picture of n x n takes 3 n^2 bytes and a little.
PICTURES = {"img/small.png": 31, "img/middle.png": 82, "img/large.png": 190}

HTML = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Lanyard</title></head>
<body>
<h1>It came through the NIC</h1>
{pictures}
</body>
</html>
"""


def _chunk(kind, body):
    """PNG (third edition), 5.3: length, type, data, CRC."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(side, rng):
    """A valid PNG of side x side pixels, 8 bits RGB, of noise."""
    rows = b"".join(b"\0" + rng.randbytes(3 * side) for _ in range(side))
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head)
            + _chunk(b"IDAT", zlib.compress(rows, 0)) + _chunk(b"IEND", b""))


def make(folder, seed=1):
    """Write the page below folder (a Path). Returns {name below folder: bytes}."""
    rng = random.Random(seed)
    files = {name: png(side, rng) for name, side in PICTURES.items()}
    tags = "\n".join(f'<p><img src="{name}" alt="{name}"></p>' for name in PICTURES)
    files["index.html"] = HTML.format(pictures=tags).encode()
    for name, body in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return files
