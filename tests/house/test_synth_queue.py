# SPDX-License-Identifier: Apache-2.0
"""ly_dp16kd is what yosys would have inferred, but for one register.

A memory in plain Verilog is mapped by yosys itself, with a row of flip-flops behind the RAMs. In
ly_dp16kd these are the output registers of the same RAMs. So: the same cells, with the same
parameters but REGMODE_B, and at each pin what stands at the other's.
"""
import json
from pathlib import Path

import pytest
from test_synth import ROOT, yosys

PLAIN = """
module plain #(parameter WIDTH = 8, parameter WORDS = 2048) (
    input clk, input i_wr, input [$clog2(WORDS)-1:0] i_wr_addr, input [WIDTH-1:0] i_wr_data,
    input i_rd_en, input [$clog2(WORDS)-1:0] i_rd_addr, input i_rd_take,
    output reg [WIDTH-1:0] o_rd_data);
    (* ram_style = "block", no_rw_check *) reg [WIDTH-1:0] mem [0:WORDS-1];
    reg [WIDTH-1:0] ram_q;
    always @(posedge clk) if (i_wr) mem[i_wr_addr] <= i_wr_data;
    always @(posedge clk) if (i_rd_en) ram_q <= mem[i_rd_addr];
    always @(posedge clk) if (i_rd_take) o_rd_data <= ram_q;
endmodule
"""
SHAPES = [(8, 2048), (8, 4096), (8, 8192), (8, 16384), (18, 1024), (13, 256)]


class Netlist:
    def __init__(self, module):
        self.cells = module["cells"].values()
        self.reader = {}
        for cell in self.cells:
            for pin, bits in cell["connections"].items():
                if cell["port_directions"][pin] == "input":
                    self.reader.setdefault(bits[0], []).append((cell, pin))
        self.ports = {bit: f"{name}[{k}]" for name, port in module["ports"].items()
                      for k, bit in enumerate(port["bits"]) if port["direction"] == "input"}
        self.outs = {bit: f"{name}[{k}]" for name, port in module["ports"].items()
                     for k, bit in enumerate(port["bits"]) if port["direction"] == "output"}

    def source(self, bit):
        """What drives a net: a port, or a constant."""
        return ("0" if bit in "0x" else bit) if isinstance(bit, str) else self.ports[bit]

    def ram(self, cell):
        """A DP16KD as what is told to it and where its bits go: {pin or parameter: text}."""
        out = {name: value for name, value in cell["parameters"].items()
               if not name.startswith("INITVAL")}
        behind = None
        for pin, bits in cell["connections"].items():
            if cell["port_directions"][pin] == "input":
                out[pin] = self.source(bits[0])
            elif bits[0] in self.outs:
                out[pin] = self.outs[bits[0]]
            elif bits[0] in self.reader:
                (ff, at), = self.reader[bits[0]]
                assert (ff["type"], at) == ("TRELLIS_FF", "DI")
                assert ff["parameters"]["CEMUX"] == "CE"
                out[pin] = self.outs[ff["connections"]["Q"][0]]
                behind = self.source(ff["connections"]["CE"][0])
        if behind:
            assert out["OCEB"] == "1"
            out["OCEB"] = behind
        return out


def synth(top, width, words, file, more=""):
    sets = f"chparam -set WIDTH {width} -set WORDS {words} {top}"
    return yosys(f"read_verilog {file}; {sets}; synth_ecp5 -abc9 -top {top} {more}")


def rams(top, width, words):
    folder = Path("build/test/synth")
    (ROOT / folder).mkdir(parents=True, exist_ok=True)
    file, out = "rtl/queue/ly_dp16kd.v", folder / f"{top}-{width}-{words}.json"
    if top == "plain":
        file = folder / "plain.v"
        (ROOT / file).write_text(PLAIN, encoding="utf-8")
    code, log = synth(top, width, words, file, f"-json {out}")
    assert code == 0, log[-2000:]
    net = Netlist(json.loads((ROOT / out).read_text(encoding="utf-8"))["modules"][top])
    types = {c["type"] for c in net.cells}
    assert types == ({"DP16KD", "TRELLIS_FF"} if top == "plain" else {"DP16KD"})
    found = [net.ram(cell) for cell in net.cells if cell["type"] == "DP16KD"]
    for ram in found:       # pins of the side that does not read, of the one that does not write
        for pin in [p for p in ram if p == "OCEA" or p.startswith("DIB")]:
            assert ram.pop(pin) in "01"
    return sorted(found, key=lambda ram: sorted(ram.items()))


@pytest.mark.parametrize("width, words", SHAPES)
def test_as_inferred(width, words):
    inferred, ours = rams("plain", width, words), rams("ly_dp16kd", width, words)
    assert len(ours) == max(1, width * words // 16384)
    for ram in inferred:
        assert ram.pop("REGMODE_B") == "NOREG" and ram["OCEB"] == "i_rd_take[0]"
    for ram in ours:
        assert ram.pop("REGMODE_B") == "OUTREG"
    assert ours == inferred


@pytest.mark.parametrize("width, words", [(8, 32768), (8, 1024), (9, 2048), (19, 512), (7, 2048)])
def test_refuses(width, words):
    code, log = synth("ly_dp16kd", width, words, "rtl/queue/ly_dp16kd.v", "-run begin:coarse")
    assert code != 0 and "WIDTH_and_WORDS_are_no_shape_of_a_DP16KD" in log
