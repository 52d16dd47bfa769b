# SPDX-License-Identifier: Apache-2.0
"""The record format in plain Python: the judge of ly_rec_rx and ly_rec_tx. See REGISTERS.md."""

FRAME, REG_READ, REG_WRITE, REG_VALUE, EVENT, STAMP, SYNC = range(1, 8)
EVENT_SYNC, EVENT_LINK, EVENT_ERROR = range(1, 4)
ERROR_HDR_CHECK, ERROR_LENGTH, ERROR_GAP = range(1, 4)
SYNC_BODY = bytes.fromhex("A55A4C5953594E43")
FLAG_CSUM_BAD = 1
NEEDS_CSUM, DATA_VALID = 1, 2


def crc8(data):
    """Bit by bit: polynomial 0x07, init 0xFF, MSB first, no final xor."""
    crc = 0xFF
    for byte in data:
        for bit in range(7, -1, -1):
            top = (crc >> 7) ^ (byte >> bit & 1)
            crc = (crc << 1 & 0xFF) ^ (0x07 if top else 0)
    return crc


def header(kind, length, tag=0, flags=0):
    head = bytes([kind, flags]) + tag.to_bytes(2, "little") + length.to_bytes(3, "little")
    return head + bytes([crc8(head)])


def record(kind, payload, tag=0, flags=0):
    return header(kind, len(payload), tag, flags) + payload + bytes(-len(payload) % 4)


def vnet(flags=0, gso=0, start=0, offset=0, buffers=0, hdr_len=0, gso_size=0):
    """struct virtio_net_hdr_v1, virtio 1.2, 5.1.6."""
    fields = (hdr_len, gso_size, start, offset, buffers)
    return bytes([flags, gso]) + b"".join(f.to_bytes(2, "little") for f in fields)


def sync():
    return record(SYNC, SYNC_BODY)


def reg_read(addr, tag):
    return record(REG_READ, addr.to_bytes(4, "little"), tag)


def reg_write(addr, value, tag):
    return record(REG_WRITE, addr.to_bytes(4, "little") + value.to_bytes(4, "little"), tag)


def frame(data, tag=0, **fields):
    return record(FRAME, vnet(**fields) + bytes(data), tag)


class Receiver:
    """What the device must make of a stream: push() bytes, read .out, a list of tuples."""

    def __init__(self, max_length):
        self.max_length = max_length
        self.out = []
        self.hunting, self.matched = True, 0
        self.head, self.body = b"", None

    def push(self, data):
        for byte in data:
            if self.hunting:
                self.hunt(byte)
            elif self.body is None:
                self.head += bytes([byte])
                if len(self.head) == 8:
                    self.header_done()
            else:
                self.body += bytes([byte])
                self.body_byte()

    def hunt(self, byte):
        if byte == SYNC_BODY[self.matched]:
            self.matched += 1
        else:
            self.matched = int(byte == SYNC_BODY[0])
        if self.matched == 8:
            self.out.append(("sync",))
            self.next_record()

    def next_record(self):
        self.hunting, self.matched, self.head, self.body = False, 0, b"", None

    def lost(self, seen, cause):
        """Hunts on in the bytes that proved bad; a SYNC that ends with them heals at once."""
        self.hunting, self.matched, self.head, self.body = True, 0, b"", None
        before = len(self.out)
        for byte in seen:
            self.hunt(byte)
        if self.hunting:
            self.out.insert(before, ("error", cause))

    def header_done(self):
        self.kind, self.tag = self.head[0], int.from_bytes(self.head[2:4], "little")
        self.length = int.from_bytes(self.head[4:7], "little")
        if crc8(self.head[:7]) != self.head[7]:
            return self.lost(self.head, ERROR_HDR_CHECK)
        if self.length > self.max_length or (self.kind == SYNC and self.length != 8):
            return self.lost(self.head, ERROR_LENGTH)
        fixed = {REG_READ: 4, REG_WRITE: 8, SYNC: 8}.get(self.kind)
        self.skip = False
        if self.kind == FRAME:
            if self.length < 12 + 14:
                self.skip = True
                self.out.append(("drop_length",))
        elif self.length != fixed:
            self.skip = True
            self.out.append(("unknown",))
        self.body = b""
        if self.length == 0:
            self.next_record()

    def body_byte(self):
        body = self.body
        if self.kind == FRAME and not self.skip and len(body) == 12:
            if body[1] != 0 or int.from_bytes(body[10:12], "little") > 1:
                self.skip = True
                self.out.append(("drop_length",))
        if len(body) == self.length and not self.skip:
            self.payload_done()
        if self.body is not None and len(self.body) == (self.length + 3) // 4 * 4:
            self.next_record()

    def payload_done(self):
        body = self.body
        if self.kind == FRAME:
            start, offset = (int.from_bytes(body[i:i + 2], "little") for i in (6, 8))
            self.out.append(("frame", body[0] & 1, start, offset, self.tag, body[12:]))
        elif self.kind == SYNC:
            if body != SYNC_BODY:
                self.lost(body, ERROR_HDR_CHECK)
            else:
                self.out.append(("sync",))
        else:
            addr = int.from_bytes(body[:4], "little")
            addr = addr & 0xFFFF | (0x8000 if addr >> 16 else 0)
            value = int.from_bytes(body[4:8], "little") if self.kind == REG_WRITE else None
            self.out.append(("reg", addr, value, self.tag))
