# SPDX-License-Identifier: Apache-2.0
"""The core's end of a module of rtl/phy: sends frames as ly_mac_tx steps, collects what comes."""

import zlib

import cocotb
from cocotb.triggers import RisingEdge, Timer

PREAMBLE = b"\x55" * 7 + b"\xd5"
GAP = 12


def frame(rnd, size):
    """Preamble, SFD, random octets and their FCS."""
    data = rnd.randbytes(size)
    return PREAMBLE + data + zlib.crc32(data).to_bytes(4, "little")


def is_frame(octets):
    """Would a MAC take this carrier event for a good frame?"""
    data = octets.lstrip(b"\x55")
    return (len(data) > 5 and data[0] == 0xD5
            and zlib.crc32(data[1:-4]).to_bytes(4, "little") == data[-4:])


class CoreSide:
    def __init__(self, dut):
        self.dut = dut
        self.frames = []        # to be sent: (octets, er of each)
        self.taken = 0          # octets of frames that the PHY side has taken
        self.sending = False
        self.events = []        # received: (octets, er of each, er of the end mark, odd)
        for pin in (dut.i_tx_data, dut.i_tx_en, dut.i_tx_er, dut.i_tx_run):
            pin.value = 0

    def begin(self):
        cocotb.start_soon(self._mac())
        cocotb.start_soon(self._watch())

    async def _tick(self):
        """One byte time of the MAC: what stands is taken."""
        await RisingEdge(self.dut.clk)
        while not int(self.dut.o_tx_tick.value):
            await RisingEdge(self.dut.clk)

    async def _mac(self):
        """Preamble, octets, a gap of 12 byte times; run is high up to the gap's last one."""
        dut = self.dut
        while True:
            self.sending = bool(self.frames)
            if not self.frames:
                await Timer(200, "ns")
                continue
            await self._tick()
            octets, errors = self.frames.pop(0)
            dut.i_tx_run.value = dut.i_tx_en.value = 1
            for octet, er in zip(octets, errors):
                dut.i_tx_data.value, dut.i_tx_er.value = octet, er
                await self._tick()
                self.taken += 1
            dut.i_tx_en.value = dut.i_tx_er.value = dut.i_tx_data.value = 0
            for _ in range(GAP - 1):
                await self._tick()
            dut.i_tx_run.value = 0

    async def _watch(self):
        dut, data, errors = self.dut, bytearray(), []
        while True:
            await RisingEdge(dut.clk)
            if not int(dut.o_rx_stb.value):
                await RisingEdge(dut.o_rx_stb)
                continue
            if int(dut.o_rx_dv.value):
                data.append(int(dut.o_rx_data.value))
                errors.append(int(dut.o_rx_er.value))
            else:
                assert data, "an end mark without an event"
                self.events.append((bytes(data), errors, int(dut.o_rx_er.value),
                                    int(dut.o_rx_odd.value)))
                data, errors = bytearray(), []
