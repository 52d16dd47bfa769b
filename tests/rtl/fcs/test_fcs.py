# SPDX-License-Identifier: Apache-2.0
"""ly_fcs against zlib.crc32."""

import zlib

import cocotb
from cocotb.triggers import Timer

import support

ALL = 0xFFFFFFFF


async def step(dut, crc, byte):
    dut.i_crc.value = crc
    dut.i_data.value = byte
    await Timer(1, "ns")
    return int(dut.o_crc.value)


@cocotb.test()
async def every_prefix(dut):
    """After each byte of random messages the register is the complement of zlib's CRC.

    Clause: IEEE 802.3 3.2.9
    """
    rnd = support.rng("prefix")
    for _ in range(40):
        message = rnd.randbytes(rnd.randrange(1, 100))
        crc = ALL
        for n, byte in enumerate(message, 1):
            crc = await step(dut, crc, byte)
            assert crc == zlib.crc32(message[:n]) ^ ALL
        for byte in zlib.crc32(message).to_bytes(4, "little"):
            crc = await step(dut, crc, byte)
        assert crc == 0xDEBB20E3


@cocotb.test()
async def shifts_out(dut):
    """Fed with its own low byte it moves down by one byte: the way the FCS is sent."""
    rnd = support.rng("shift")
    for _ in range(100):
        crc = rnd.getrandbits(32)
        assert await step(dut, crc, crc & 0xFF) == crc >> 8


def test_fcs():
    support.run("ly_fcs", ["rtl/mac/ly_fcs.v"], "test_fcs", build_tag="fcs")
