# SPDX-License-Identifier: Apache-2.0
"""ly_regs against a dictionary of registers, a stand-in for ly_stats; and gen_regs.py itself."""

import re
import shutil
import subprocess
import sys

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

import support

PATIENCE = {"timeout_time": 5, "timeout_unit": "ms"}
CLK_HZ, MAX_RECORD, MAC_RESET = 24_000_000, 1526, 0x0100_0000_0002      # the last by default
REGS = {m[1]: int(m[2], 16) for m in re.finditer(
    r"LY_REG_(\w+) = 16'h(\w+);",
    (support.ROOT / "rtl/regs/ly_regs.vh").read_text(encoding="utf-8"))}
COUNTERS = 54
OK, ENOENT, EROFS = 0, -2, -30
WRITABLE = ("CTRL", "MAC_LO", "MAC_HI", "SNAPSHOT", "MDIO", "LINK_CTRL", "HASH_LO", "HASH_HI")
RESET_OF_MAC = (MAC_RESET & 0xFFFF_FFFF, MAC_RESET >> 32)


class Bench:
    """Requests as ly_rec_rx makes them; `time` and `ram` are what the neighbours would show."""

    def __init__(self, dut, name):
        self.dut = dut
        self.rnd = support.rng(name)
        self.ram = [self.rnd.getrandbits(16) for _ in range(256)]
        self.reads, self.snaps, self.time = [], 0, None
        self.latency = 0

    async def begin(self):
        dut = self.dut
        for pin in (dut.i_req_stb, dut.i_req_write, dut.i_req_addr, dut.i_req_wdata, dut.i_val_done,
                    dut.i_snap_busy, dut.i_rd_valid, dut.i_rd_data, dut.i_time, dut.i_mdio_busy,
                    dut.i_mdio_error, dut.i_mdio_access):
            pin.value = 0
        dut.i_link_fixed.value = 1
        dut.i_link_up.value, dut.i_link_fd.value, dut.i_link_mbit.value = 1, 1, 1000
        await support.start(dut.clk, dut.rst)
        cocotb.start_soon(self.stats())

    async def stats(self):
        """Answers reads after a random time; a word must be asked for once and stand meanwhile."""
        dut = self.dut
        while True:
            await RisingEdge(dut.clk)
            self.snaps += int(dut.o_snap_stb.value)
            if dut.o_rd_stb.value == 0:
                continue
            addr = int(dut.o_rd_addr.value)
            self.reads.append(addr)
            for _ in range(self.rnd.randrange(1, 12)):
                await RisingEdge(dut.clk)
                assert dut.o_rd_stb.value == 0 and int(dut.o_rd_addr.value) == addr
            dut.i_rd_valid.value = 1
            dut.i_rd_data.value = self.ram[addr]
            await RisingEdge(dut.clk)
            assert dut.o_rd_stb.value == 0
            dut.i_rd_valid.value = 0
            dut.i_rd_data.value = self.rnd.getrandbits(16)

    async def access(self, addr, write=None, hold=None):
        """One request; returns (value, status). The answer must stand until it is taken."""
        dut = self.dut
        assert dut.o_busy.value == 0
        dut.i_req_addr.value = addr
        dut.i_req_write.value = int(write is not None)
        dut.i_req_wdata.value = self.rnd.getrandbits(32) if write is None else write
        dut.i_req_stb.value = 1
        await RisingEdge(dut.clk)
        dut.i_req_stb.value = 0
        self.latency = 0
        while dut.o_val_valid.value == 0:
            await RisingEdge(dut.clk)
            self.latency += 1
        answer = (int(dut.o_val_data.value), dut.o_val_status.value.signed_integer)
        for _ in range(self.rnd.randrange(0, 6) if hold is None else hold):
            await RisingEdge(dut.clk)
            assert dut.o_val_valid.value == 1 and dut.o_busy.value == 1
            assert (int(dut.o_val_data.value), dut.o_val_status.value.signed_integer) == answer
        dut.i_val_done.value = 1
        await RisingEdge(dut.clk)
        dut.i_val_done.value = 0
        await RisingEdge(dut.clk)
        assert dut.o_val_valid.value == 0
        return answer


@cocotb.test(**PATIENCE)
async def reset_values(dut):
    """Every register as REGISTERS.md says, 2 cycles after the request."""
    bench = Bench(dut, "reset")
    await bench.begin()
    want = {"ID": 0x4C414E59, "VERSION": 0x10001, "CAPS": 0b1_1111_1011, "MAX_RECORD": MAX_RECORD,
            "CTRL": 0, "LINK": 1000 << 16 | 7, "MAC_LO": RESET_OF_MAC[0], "MAC_HI": RESET_OF_MAC[1],
            "CLK_HZ": CLK_HZ, "TIME_LO": 0, "TIME_HI": 0, "SNAPSHOT": 0,
            "MDIO": 0, "LINK_CTRL": 0, "HASH_LO": 0, "HASH_HI": 0}
    assert set(want) | {"COUNTERS"} == set(REGS)
    for name, value in want.items():
        assert await bench.access(REGS[name]) == (value, OK), name
        assert bench.latency == 2
    assert int(dut.o_mac.value) == MAC_RESET
    for pin in (dut.o_tx_en, dut.o_rx_en, dut.o_promisc, dut.o_rx_csum_en, dut.o_allmulti,
                dut.o_pass_pause, dut.o_own_fcs, dut.o_loopback):
        assert pin.value == 0
    assert bench.reads == [] and bench.snaps == 0


@cocotb.test(**PATIENCE)
async def writing(dut):
    """What is writable is written and shown on the pins, what is not is refused and unharmed."""
    bench = Bench(dut, "write")
    await bench.begin()
    state = {"CTRL": 0, "MAC_LO": RESET_OF_MAC[0], "MAC_HI": RESET_OF_MAC[1], "HASH_LO": 0,
             "HASH_HI": 0, "LINK_CTRL": 0}
    mask = {"CTRL": 0xFF, "MAC_LO": 0xFFFF_FFFF, "MAC_HI": 0xFFFF, "HASH_LO": 0xFFFF_FFFF,
            "HASH_HI": 0xFFFF_FFFF, "LINK_CTRL": 0x3F}
    mac = MAC_RESET
    for _ in range(150):
        name = bench.rnd.choice([*state, "ID", "LINK", "CAPS", "TIME_LO", "TIME_HI", "CLK_HZ"])
        value = bench.rnd.getrandbits(32)
        got = await bench.access(REGS[name], write=value)
        if name in state:
            state[name] = value & mask[name]
            if name == "MAC_HI":            # both halves act at once, with the second
                mac = state["MAC_HI"] << 32 | state["MAC_LO"]
            assert got == (state[name], OK)
        else:
            assert got == (0, EROFS)
        for other, kept in state.items():
            assert await bench.access(REGS[other], hold=0) == (kept, OK)
        assert int(dut.o_mac.value) == mac
        assert int(dut.o_link_ctrl.value) == state["LINK_CTRL"]
        assert int(dut.o_hash.value) == state["HASH_HI"] << 32 | state["HASH_LO"]
        pins = (dut.o_tx_en, dut.o_rx_en, dut.o_promisc, dut.o_rx_csum_en, dut.o_allmulti,
                dut.o_pass_pause, dut.o_own_fcs, dut.o_loopback)
        assert sum(int(p.value) << i for i, p in enumerate(pins)) == state["CTRL"]
    for addr in range(REGS["COUNTERS"], REGS["COUNTERS"] + 8 * COUNTERS, 4):
        assert await bench.access(addr, write=1, hold=0) == (0, EROFS)
    assert bench.snaps == 0 and bench.reads == []


@cocotb.test(**PATIENCE)
async def unknown_addresses(dut):
    """Every address without a register: ENOENT, nothing read, nothing changed."""
    bench = Bench(dut, "unknown")
    await bench.begin()
    known = set(REGS.values()) | set(range(0x400, 0x400 + 8 * COUNTERS, 4))
    tried = [*range(0, 0x80), 0x3FC, 0x3FF, 0x401, 0x47E, 0x4FF, 0x5AC, 0x5B0, 0x5B4, 0x5FC, 0x600,
             0x604, 0x1000, 0x1010, 0x8000, 0x8010, 0x8400, 0x2C, 0xB4, 0xB8, 0xC0, 0x4010, 0x4100]
    for addr in tried:
        if addr not in known:
            assert await bench.access(addr, hold=0) == (0, ENOENT), hex(addr)
            assert await bench.access(addr, 0xFFFF_FFFF, hold=0) == (0, ENOENT), hex(addr)
    assert bench.reads == [] and bench.snaps == 0
    assert await bench.access(REGS["CTRL"]) == (0, OK)
    assert int(dut.o_mac.value) == MAC_RESET


@cocotb.test(**PATIENCE)
async def time_is_whole(dut):
    """TIME_HI is the half that stood with the last TIME_LO, whatever time does in between."""
    bench = Bench(dut, "time")
    await bench.begin()

    async def run():
        while True:
            dut.i_time.value = bench.rnd.getrandbits(64)
            await RisingEdge(dut.clk)

    for _ in range(20):
        value = bench.rnd.getrandbits(64)
        dut.i_time.value = value
        low = await bench.access(REGS["TIME_LO"])
        task = cocotb.start_soon(run())
        await bench.access(REGS["TIME_LO"], write=5)       # refused: latches nothing
        await bench.access(REGS["CTRL"])
        assert (low, await bench.access(REGS["TIME_HI"])) == ((value & 0xFFFF_FFFF, OK),
                                                              (value >> 32, OK))
        task.kill()


@cocotb.test(**PATIENCE)
async def link_state(dut):
    """LINK follows its inputs."""
    bench = Bench(dut, "link")
    await bench.begin()
    for fixed, up, duplex, mbit in ((1, 0, 0, 0), (0, 1, 0, 10), (1, 1, 1, 100), (0, 0, 1, 2500)):
        dut.i_link_fixed.value = fixed
        dut.i_link_up.value, dut.i_link_fd.value, dut.i_link_mbit.value = up, duplex, mbit
        await RisingEdge(dut.clk)
        assert await bench.access(REGS["LINK"]) == (mbit << 16 | fixed << 2 | duplex << 1 | up,
                                                      OK)
        assert await bench.access(REGS["CAPS"]) == (0b1_1110_1011 | fixed << 4, OK)


@cocotb.test(**PATIENCE)
async def mdio(dut):
    """A write strobes once, with the request's word; a read shows what ly_mdio tells."""
    bench = Bench(dut, "mdio")
    await bench.begin()
    strobes = []

    async def watch():
        while True:
            await RisingEdge(dut.clk)
            if dut.o_mdio_stb.value == 1:
                strobes.append(int(dut.i_req_wdata.value))

    cocotb.start_soon(watch())
    for _ in range(20):
        busy, error, access = (bench.rnd.getrandbits(n) for n in (1, 1, 27))
        dut.i_mdio_busy.value, dut.i_mdio_error.value = busy, error
        dut.i_mdio_access.value = access
        word, shown = bench.rnd.getrandbits(32), busy << 31 | error << 30 | access
        assert await bench.access(REGS["MDIO"], write=word) == (shown, OK)
        assert await bench.access(REGS["MDIO"]) == (shown, OK)
        assert strobes.pop() == word and not strobes


@cocotb.test(**PATIENCE)
async def counters(dut):
    """Low half from words 0 and 1, high half from word 2 alone."""
    bench = Bench(dut, "counters")
    await bench.begin()
    for _ in range(60):
        i = bench.rnd.randrange(COUNTERS)
        words = bench.ram[4 * i:4 * i + 3]
        bench.reads.clear()
        low, high = REGS["COUNTERS"] + 8 * i, REGS["COUNTERS"] + 8 * i + 4
        if bench.rnd.getrandbits(1):
            assert await bench.access(low) == (words[1] << 16 | words[0], OK)
            assert bench.reads == [4 * i, 4 * i + 1]
        else:
            assert await bench.access(high) == (words[2], OK)
            assert bench.reads == [4 * i + 2]


@cocotb.test(**PATIENCE)
async def snapshot(dut):
    """Writing 1 strobes once and reads busy at once, writing 0 does nothing."""
    bench = Bench(dut, "snapshot")
    await bench.begin()
    addr = REGS["SNAPSHOT"]
    assert await bench.access(addr, write=0xFFFF_FFFE) == (0, OK) and bench.snaps == 0
    assert await bench.access(addr, write=1) == (1, OK) and bench.snaps == 1
    dut.i_snap_busy.value = 1
    assert await bench.access(addr) == (1, OK)
    dut.i_snap_busy.value = 0
    assert await bench.access(addr) == (0, OK) and bench.snaps == 1


@cocotb.test(**PATIENCE)
async def reset_in_mid_request(dut):
    """A reset ends the request and brings every register back."""
    bench = Bench(dut, "midway")
    await bench.begin()
    for name in ("CTRL", "MAC_LO", "MAC_HI", "LINK_CTRL"):
        await bench.access(REGS[name], write=0x5A5A_5A5A)
    dut.i_req_addr.value, dut.i_req_write.value, dut.i_req_stb.value = REGS["ID"], 0, 1
    await RisingEdge(dut.clk)
    dut.i_req_stb.value = 0
    await ClockCycles(dut.clk, 3)
    dut.rst.value = 1
    await RisingEdge(dut.clk)
    dut.rst.value = 0
    await RisingEdge(dut.clk)
    assert dut.o_val_valid.value == 0 and dut.o_busy.value == 0
    assert int(dut.o_mac.value) == MAC_RESET and dut.o_tx_en.value == 0
    for name in ("CTRL", "LINK_CTRL"):
        assert await bench.access(REGS[name]) == (0, OK)


def test_regs():
    support.run("ly_regs", ["rtl/regs/ly_regs.v"], "test_regs",
                {"CLK_HZ": CLK_HZ, "MAX_RECORD_BYTES": MAX_RECORD}, "regs")


GENERATED = ("rtl/regs/ly_regs.vh", "driver/nic_regs.h", "REGISTERS.md")


def gen_regs(root, *args):
    return subprocess.run([sys.executable, str(root / "rtl/regs/gen_regs.py"), *args],
                          capture_output=True, text=True, check=False)


def test_generated_files_are_current():
    done = gen_regs(support.ROOT, "--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_check_names_what_differs(tmp_path):
    """In a copy of the tree: stale and missing files are named, and nothing is written."""
    for path in ("rtl/regs/nic.rdl", "rtl/regs/gen_regs.py", *GENERATED):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(support.ROOT / path, tmp_path / path)
    (tmp_path / "REGISTERS.md").unlink()
    header = tmp_path / "driver/nic_regs.h"
    header.write_text(header.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    done = gen_regs(tmp_path, "--check")
    assert done.returncode == 1 and not (tmp_path / "REGISTERS.md").exists()
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == list(GENERATED[1:])
    assert gen_regs(tmp_path).returncode == 0
    for path in GENERATED:
        assert (tmp_path / path).read_bytes() == (support.ROOT / path).read_bytes()
