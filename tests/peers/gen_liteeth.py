# SPDX-License-Identifier: Apache-2.0
"""Verilog of two parts of LiteEth (PyPI, tools/requirements-peers.txt), to be compared with ours.

    gen_liteeth.py [FOLDER]         default: build/peers

liteeth_mac.v       LiteEthMACCore between streams and the registers of LiteEthPHYGMII: 8 bits,
                    preamble, CRC, padding, gap, and its crossings of 32 bytes each way
liteeth_phy_rmii.v  LiteEthPHYRMII, and its speed as an input: 1 for 100, 0 for 10 Mbit/s
Nothing of theirs is changed; the classes here only give their signals the names of ports. What
LiteEth leaves to the vendor's primitives is said here in plain Verilog: the reset of a clock
domain. last_be, which marks the last byte for its CRC, follows last: there is one byte in a beat.
"""
import sys
from pathlib import Path

from litex.gen import LiteXModule
from litex.gen.fhdl.verilog import convert
from litex.soc.interconnect import stream
from liteeth.common import eth_phy_description
from liteeth.mac.core import LiteEthMACCore
from liteeth.phy.gmii import LiteEthPHYGMIIRX, LiteEthPHYGMIITX
from liteeth.phy.rmii import LiteEthPHYRMII
from migen import ClockDomain, ClockDomainsRenamer, Module, Record
from migen.genlib.resetsync import AsyncResetSynchronizer

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("valid", "ready", "data", "last")


class NoReset(Module):
    """In place of AsyncResetSynchronizer: their registers have initial values."""

    @classmethod
    def lower(cls, dr):
        made = cls()
        made.comb += dr.cd.rst.eq(dr.async_reset)
        return made


def named(signals, prefix):
    """Gives signals the names of ports; returns them."""
    for signal, name in signals:
        signal.name_override = f"{prefix}_{name}"
    return {signal for signal, _ in signals}


def stream_ports(prefix, endpoint, parts=PARTS):
    return named([(getattr(endpoint, part), part) for part in parts], prefix)


def domain_ports(module, *names):
    """A clock and a reset input per domain."""
    ios = set()
    for name in names:
        cd = ClockDomain(name)
        setattr(module, f"cd_{name}", cd)
        ios |= named([(cd.clk, "clk"), (cd.rst, "rst")], name)
    return ios


class Gmii(LiteXModule):
    """The registers at the pins that LiteEthPHYGMII has; its clock primitives are left out."""
    dw = 8

    def __init__(self, pads):
        self.tx = ClockDomainsRenamer("eth_tx")(LiteEthPHYGMIITX(pads))
        self.rx = ClockDomainsRenamer("eth_rx")(LiteEthPHYGMIIRX(pads))
        self.sink, self.source = self.tx.sink, self.rx.source
        self.comb += self.source.last_be.eq(self.source.last)


class Mac(LiteXModule):
    def __init__(self):
        self.ios = domain_ports(self, "sys", "eth_tx", "eth_rx")
        pads = Record([("tx_en", 1), ("tx_data", 8), ("rx_dv", 1), ("rx_data", 8)], name="gmii")
        self.phy = Gmii(pads)
        self.core = LiteEthMACCore(self.phy, 8)
        self.comb += self.core.sink.last_be.eq(self.core.sink.last)
        self.ios |= set(pads.flatten())
        self.ios |= stream_ports("s_tx", self.core.sink)
        self.ios |= stream_ports("m_rx", self.core.source, (*PARTS, "error"))


class Rmii(LiteXModule):
    def __init__(self):
        self.ios = domain_ports(self, "sys", "ref")
        pads = Record([("tx_en", 1), ("tx_data", 2), ("crs_dv", 1), ("rx_data", 2)], name="rmii")
        self.phy = LiteEthPHYRMII(None, pads, refclk_cd="ref", with_hw_init_reset=False)
        self.ios |= set(pads.flatten())
        self.ios |= named([(self.phy._control.fields.speed, "speed")], "i")
        self.ios |= stream_ports("s_tx", self.phy.sink)
        self.ios |= stream_ports("m_rx", self.phy.source)


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build/peers"
    folder.mkdir(parents=True, exist_ok=True)
    for name, module in (("liteeth_mac", Mac()), ("liteeth_phy_rmii", Rmii())):
        text = str(convert(module, module.ios, name=name,
                           special_overrides={AsyncResetSynchronizer: NoReset}))
        (folder / f"{name}.v").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
