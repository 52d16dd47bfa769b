# SPDX-License-Identifier: Apache-2.0
"""The PHY's end of RMII 1.2, from the specification alone: what a carrier event looks like."""

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge, Timer


def dibits(octets):
    return [octet >> shift & 3 for octet in octets for shift in (0, 2, 4, 6)]


def octets_of(line):
    return bytes(sum(d << 2 * i for i, d in enumerate(line[n:n + 4]))
                 for n in range(0, len(line) // 4 * 4, 4))


class RmiiPhy:
    def __init__(self, dut, rnd):
        self.dut, self.rnd = dut, rnd
        self.slow = False       # 10 Mbit/s: each di-bit for 10 cycles
        self.wire = []          # transmitted by the MAC: (di-bits, silent di-bits before)
        dut.rmii_rxd.value = dut.rmii_crs_dv.value = dut.rmii_rx_er.value = 0

    def begin(self):
        cocotb.start_soon(self._listen())

    async def _listen(self):
        """One item per frame; a di-bit that is cut or changes in mid time stands as None."""
        dut, line, run, idle, before = self.dut, [], [], 0, 0
        while True:
            await RisingEdge(dut.rmii_ref_clk)
            times = 10 if self.slow else 1
            if int(dut.rmii_tx_en.value):
                if not line and not run:
                    before, idle = idle / times, 0
                run.append(int(dut.rmii_txd.value))
                if len(run) == times:
                    line.append(run[0] if run == run[:1] * times else None)
                    run = []
            else:
                assert not int(dut.rmii_txd.value)
                if line or run:
                    self.wire.append((line + [None] * bool(run), before))
                    line, run = [], []
                idle += 1

    async def event(self, line, errors=(), early=2, tail=0, gap=48):
        """A carrier event: di-bits, RX_ER of each of them, CRS_DV with 00 before them, nibbles
        that are left when the carrier has gone, then silence."""
        dut, times = self.dut, 10 if self.slow else 1
        first = len(line) - 2 * tail
        pins = [(0, 1, 0)] * early
        for n, di in enumerate(line):
            pins.append((di, 1 if n < first else (n - first) % 2, bool(errors and errors[n])))
        pins += [(0, 0, 0)] * gap
        await RisingEdge(dut.rmii_ref_clk)
        if early:
            await Timer(self.rnd.randrange(1, 19_000), "ps")    # not synchronous
            dut.rmii_crs_dv.value = 1
            await RisingEdge(dut.rmii_ref_clk)
        for n, (di, dv, er) in enumerate(pins):
            # At 10 Mbit/s RX_ER may be there in one of the ten cycles only.
            spot = self.rnd.randrange(times)
            dut.rmii_rxd.value, dut.rmii_crs_dv.value = di, dv
            if not er:
                dut.rmii_rx_er.value = 0
                await self._cycles(times)
                continue
            for cycle in range(times):
                dut.rmii_rx_er.value = cycle == spot
                await self._cycles(1)
        dut.rmii_rx_er.value = 0

    async def _cycles(self, n):
        if n == 1:
            await RisingEdge(self.dut.rmii_ref_clk)
        else:
            await ClockCycles(self.dut.rmii_ref_clk, n)
