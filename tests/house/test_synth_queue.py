# SPDX-License-Identifier: Apache-2.0
"""The queue's memory out of ECP5's cells is what yosys would have inferred, but for one register.

MEM "BRAM" is mapped by yosys itself, with a row of flip-flops behind the RAMs. In MEM "DP16KD"
these are the output registers of the same RAMs. So: the same cells, with the same parameters but
REGMODE_B, and at each pin what stands at the other's, followed back to the module's ports.
"""
import json

import pytest
from test_synth import ROOT, yosys

FILES = ["rtl/queue/ly_queue_mem.v", "rtl/queue/ly_dp16kd.v"]


class Netlist:
    def __init__(self, module):
        self.cells = module["cells"].values()
        self.driver, self.reader = {}, {}
        for cell in self.cells:
            for pin, bits in cell["connections"].items():
                table = self.driver if cell["port_directions"][pin] == "output" else self.reader
                for bit in bits:
                    table.setdefault(bit, []).append((cell, pin))
        self.ports = {bit: f"{name}[{k}]" for name, port in module["ports"].items()
                      for k, bit in enumerate(port["bits"]) if port["direction"] == "input"}
        self.outs = {bit: f"{name}[{k}]" for name, port in module["ports"].items()
                     for k, bit in enumerate(port["bits"]) if port["direction"] == "output"}

    def source(self, bit):
        """What drives a net, down to the ports, as a text."""
        if isinstance(bit, str):
            return "0" if bit in "0x" else bit
        if bit in self.ports:
            return self.ports[bit]
        cell, pin = self.driver[bit][0]
        ins = {p: self.source(b[0]) for p, b in sorted(cell["connections"].items())
               if cell["port_directions"][p] == "input"}
        if cell["type"] == "LUT4":
            return f"LUT4({cell['parameters']['INIT']}, {ins})"
        assert cell["type"] == "TRELLIS_FF" and pin == "Q"
        assert cell["parameters"]["REGSET"] == "RESET" and ins["LSR"] == "0"
        return f"FF({ins['DI']}, CE {ins['CE'] if cell['parameters']['CEMUX'] == 'CE' else '1'})"

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


def read(mem, words):
    return (f"read_verilog {' '.join(FILES)}; "
            f"chparam -set WORDS {words} -set MEM \"{mem}\" ly_queue_mem")


def rams(mem, words):
    out = f"build/test/synth/mem-{mem}-{words}.json"
    (ROOT / out).parent.mkdir(parents=True, exist_ok=True)
    code, log = yosys(f"{read(mem, words)}; synth_ecp5 -abc9 -top ly_queue_mem; write_json {out}")
    assert code == 0, log[-2000:]
    net = Netlist(json.loads((ROOT / out).read_text(encoding="utf-8"))["modules"]["ly_queue_mem"])
    found = [net.ram(cell) for cell in net.cells if cell["type"] == "DP16KD"]
    for ram in found:       # pins of the side that does not read, of the one that does not write
        for pin in [p for p in ram if p == "OCEA" or p.startswith("DIB")]:
            assert ram.pop(pin) in "01"
    return sorted(found, key=lambda ram: sorted(ram.items()))


@pytest.mark.parametrize("words", [2048, 4096, 8192, 16384])
def test_as_inferred(words):
    inferred, ours = rams("BRAM", words), rams("DP16KD", words)
    assert len(ours) == len(inferred) == words // 1024
    for ram in inferred:
        assert ram.pop("REGMODE_B") == "NOREG" and ram["OCEB"] == "i_rd_take[0]"
    for ram in ours:
        assert ram.pop("REGMODE_B") == "OUTREG"
    assert ours == inferred


def test_refuses():
    code, log = yosys(f"{read('DP16KD', 32768)}; synth_ecp5 -top ly_queue_mem -run begin:coarse")
    assert code != 0 and "WORDS_must_be_2048_4096_8192_or_16384" in log
