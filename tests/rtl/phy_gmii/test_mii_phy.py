# SPDX-License-Identifier: Apache-2.0
"""ly_phy_gmii below 1000 Mbit/s once more, judged by cocotbext-eth's MiiPhy.

Environment: CORE_PS, MII_PS: periods of clk and of the two clocks of the PHY, in ps.
"""

import logging
import os

import cocotb
import pytest
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles
from cocotbext.eth import GmiiFrame, MiiPhy

import support
import test_phy_mii
from test_phy_gmii import SOURCES


class Bench(test_phy_mii.Bench):
    """Its MAC and its core; pins and both of their clocks are the PHY's."""

    async def begin(self):
        dut = self.dut
        for pin in (dut.i_tx_data, dut.i_tx_en, dut.i_tx_er, dut.i_tx_run):
            pin.value = 0
        dut.i_speed.value = 0 if self.slow else 1
        dut.rst.value = dut.rst_mii_rx.value = dut.rst_mii_tx.value = 1
        self.phy = MiiPhy(dut.mii_txd, dut.mii_tx_er, dut.mii_tx_en, dut.mii_tx_clk,
                          dut.mii_rxd, dut.mii_rx_er, dut.mii_rx_dv, dut.mii_rx_clk,
                          speed=4e12 / self.mii_ps)
        for side in (self.phy.tx, self.phy.rx):
            side.log.setLevel(logging.WARNING)
        cocotb.start_soon(Clock(dut.clk, self.core_ps, units="ps").start())
        await ClockCycles(dut.mii_tx_clk, 6)
        dut.rst.value = dut.rst_mii_rx.value = dut.rst_mii_tx.value = 0
        await ClockCycles(dut.mii_tx_clk, 6)
        for task in (self._mac, self._core):
            cocotb.start_soon(task())


@cocotb.test()
async def both_ways(dut):
    """Frames that it makes and takes at once, TX_ER and RX_ER in some octets of some.

    Clause: IEEE 802.3 22.2.2.4, IEEE 802.3 22.2.3
    """
    bench = Bench(dut, "both")
    await bench.begin()
    rnd = bench.rnd
    sent, came = [], []
    for n in range(4 if bench.slow else 40):
        for side in (sent, came):
            frame = GmiiFrame.from_payload(rnd.randbytes(rnd.randrange(46, 120)))
            octets = bytes(frame.data)
            bad = [int(n % 4 == 3 and rnd.random() < 0.1) for _ in octets]
            side.append((octets, bad))
        bench.frames.append(sent[-1])
        bench.phy.rx.send_nowait(GmiiFrame(*came[-1]))
    for octets, bad in sent:
        frame = await bench.phy.tx.recv(compact=False)
        assert bytes(frame.data) == octets and frame.check_fcs()
        assert list(frame.error or [0] * len(octets)) == bad
        assert int(dut.o_txd_high.value) == 0
    await bench.phy.rx.wait()
    await ClockCycles(dut.mii_rx_clk, 40)
    assert bench.phy.tx.empty()
    assert bench.events == [(octets, bad, 0, 0) for octets, bad in came]


@pytest.mark.parametrize("core_ps, mii_ps", [(8_000, 40_000), (41_666, 40_000), (41_666, 400_000)])
def test_mii_phy(core_ps, mii_ps, monkeypatch):
    monkeypatch.setenv("CORE_PS", str(core_ps))
    monkeypatch.setenv("MII_PS", str(mii_ps))
    support.run("ly_bench_mii", [*SOURCES, "tests/rtl/phy_gmii/ly_bench_mii.v"], "test_mii_phy",
                build_tag="phy_mii")
