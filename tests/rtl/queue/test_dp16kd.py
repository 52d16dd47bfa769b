# SPDX-License-Identifier: Apache-2.0
"""ly_dp16kd in each of its shapes, against a dictionary: DP16KD.v stands for the cell."""

import cocotb
import pytest
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

import support


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def words_at_random(dut):
    """Writes and reads in every cycle, few addresses and all of them; what was taken stays, and so
    does what was read and not taken."""
    rnd = support.rng("dp16kd")
    words, width = support.param(dut, "WORDS"), support.param(dut, "WIDTH")
    near = [rnd.randrange(words) for _ in range(6)] + [0, 1, words // 2, words - 1]
    held, asked, want = {}, None, None
    dut.i_wr.value = dut.i_rd_en.value = dut.i_rd_take.value = 0
    cocotb.start_soon(Clock(dut.clk, 8000, units="ps").start())
    taken = 0
    for _ in range(8000):
        wr_at, rd_at = (rnd.choice(near) if rnd.random() < 0.7 else rnd.randrange(words)
                        for _ in range(2))
        data, wr, take = rnd.getrandbits(width), rnd.getrandbits(1), rnd.getrandbits(1)
        read = int(rnd.random() < 0.8)
        dut.i_wr.value, dut.i_wr_addr.value, dut.i_wr_data.value = wr, wr_at, data
        dut.i_rd_en.value, dut.i_rd_addr.value, dut.i_rd_take.value = read, rd_at, take
        await RisingEdge(dut.clk)               # the output is still what it was before
        assert want is None or dut.o_rd_data.value == want
        if take:
            want, taken = asked, taken + (asked is not None)
        if read:
            asked = None if wr and wr_at == rd_at else held.get(rd_at, 0)
        if wr:
            held[wr_at] = data
    assert taken > 3000


@pytest.mark.parametrize("width, words", [(8, 2048), (8, 4096), (8, 8192), (8, 16384), (18, 1024),
                                          (15, 256)])
def test_dp16kd(width, words):
    support.run("ly_dp16kd", ["rtl/queue/ly_dp16kd.v", "tests/rtl/queue/DP16KD.v"], "test_dp16kd",
                {"WIDTH": width, "WORDS": words}, f"dp16kd-{width}-{words}")
