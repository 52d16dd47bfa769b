#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the three files made from rtl/regs/nic.rdl (make regs).

    gen_regs.py            writes rtl/regs/ly_regs.vh, driver/nic_regs.h, REGISTERS.md
    gen_regs.py --check    writes nothing; exit 1 naming the files that differ

systemrdl-compiler parses and elaborates; this file only prints. PeakRDL's own
C header is not used: it makes packed structs and unions, which the style
forbids. Spelling of the names: see the head of nic.rdl.
"""
import argparse
import pathlib
import sys

from systemrdl import RDLCompiler
from systemrdl.node import FieldNode, RegNode

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = "rtl/regs/nic.rdl"
BANNER = f"GENERATED from {SOURCE}, run make regs"


# ------------------------------------------------------------------ the model

class Const:
    """One constant: value, width in Verilog, and where it belongs."""

    def __init__(self, name, value, bits, desc="", signed=False, plain=False):
        self.name = name            # with LY_ prefix, upper case
        self.value = value
        self.bits = bits
        self.desc = desc
        self.signed = signed        # two's complement of `bits`
        self.plain = plain          # a count or a bit number: decimal, unsized


class Group:
    """A heading and the constants under it."""

    def __init__(self, title, consts):
        self.title = title
        self.consts = consts


def one_line(text):
    return " ".join((text or "").split())


def regs_of(node):
    """Plain registers of an addrmap, without those inside register files."""
    return [n for n in node.children() if isinstance(n, RegNode)]


def files_of(node):
    return [n for n in node.children() if not isinstance(n, RegNode)]


def is_constant(reg):
    """A register whose every field is wired to its reset value."""
    return all(f.get_property("hw").name == "na" for f in reg.fields())


def field_consts(reg):
    out = []
    for f in reg.fields():
        stem = f"LY_{reg.inst_name}_{f.inst_name}".upper()
        if f.width == 1:
            out.append(Const(stem + "_BIT", f.lsb, 32, plain=True))
        else:
            out.append(Const(stem + "_SHIFT", f.lsb, 32, plain=True))
        out.append(Const(stem + "_MASK", ((1 << f.width) - 1) << f.lsb, 32))
    if is_constant(reg):
        value = sum(f.get_property("reset") << f.lsb for f in reg.fields())
        out.append(Const(f"LY_{reg.inst_name}_VALUE".upper(), value, 32))
    return out


def register_groups(nic):
    addrs = [Const(f"LY_REG_{n.inst_name}".upper(), n.address_offset, 16,
                   one_line(n.get_property("name"))) for n in nic.children()]
    fields = [c for r in regs_of(nic) for c in field_consts(r)]
    return [Group("Registers: byte addresses", addrs),
            Group("Register fields (masks in place)", fields)]


def counters_of(nic):
    """The counter registers in order of their index."""
    (bank,) = files_of(nic)
    counters = list(bank.children())
    stride = counters[0].size
    for i, c in enumerate(counters):
        assert c.address_offset == i * stride, f"{c.inst_name}: counters must be contiguous"
    return counters


def counter_group(nic):
    counters = counters_of(nic)
    width = max(1, (len(counters) - 1).bit_length())
    consts = [Const("LY_CTR_COUNT", len(counters), 32, "counters", plain=True),
              Const("LY_CTR_BITS", counters[0].fields()[0].width, 32, "bits each", plain=True),
              Const("LY_CTR_STRIDE_BYTES", counters[0].size, 32,
                    "from one counter's address to the next", plain=True)]
    consts += [Const(f"LY_CTR_{c.inst_name}".upper(), i, width, one_line(c.get_property("desc")))
               for i, c in enumerate(counters)]
    return Group("Counters: index", consts)


def enums_of(rec):
    """Every enum used by a record, once, with the width and sign of its field."""
    seen = {}
    for f in (n for n in rec.descendants() if isinstance(n, FieldNode)):
        enum = f.get_property("encode")
        if enum is not None and enum.type_name not in seen:
            seen[enum.type_name] = (enum, f.width, bool(f.get_property("ly_signed", default=False)))
    return list(seen.values())


def enum_groups(rec):
    return [Group(f"enum {e.type_name}",
                  [Const(f"{e.type_name}_{m.name}".upper(), m.value, width,
                         one_line(m.rdl_desc), signed) for m in e])
            for e, width, signed in enums_of(rec)]


def record_group(rec):
    sizes = [Const(f"LY_REC_{f.inst_name}_BYTES".upper(), f.size, 32,
                   one_line(f.get_property("name")), plain=True) for f in files_of(rec)]
    props = []
    for p in rec.list_properties():
        if p.startswith("ly_"):
            value = rec.get_property(p)
            bits = next(b for b in (8, 32, 64) if value < 1 << b)
            props.append(Const(p.upper(), value, bits, plain=bits == 32))
    return Group("Records: sizes in bytes, and parameters", sizes + props)


def groups_of(nic, rec):
    return register_groups(nic) + [counter_group(nic)] + enum_groups(rec) + [record_group(rec)]


# ---------------------------------------------------------------- the printers

def verilog_value(c):
    if c.plain:
        return f"localparam {c.name} = {c.value};"
    digits = (c.bits + 3) // 4
    value = f"{c.bits}'d{c.value}" if c.bits < 8 else f"{c.bits}'h{c.value:0{digits}X}"
    return f"localparam [{c.bits - 1}:0] {c.name} = {value};"


def comment(text, lead):
    return f"  {lead}{text}" if text else ""


def print_verilog(nic, rec):
    out = ["// SPDX-License-Identifier: Apache-2.0",
           f"// {BANNER}",
           "//",
           "// Register map, counter indices and record constants as localparams: include it",
           "// inside a module. No guard, so that every module may. 64-bit constants hold byte",
           "// 0 of the stream in bits 7:0.",
           "",
           "/* verilator lint_off UNUSEDPARAM */"]
    for g in groups_of(nic, rec):
        out += ["", f"// {g.title}"]
        out += [verilog_value(c) for c in g.consts]
    out += ["", "/* verilator lint_on UNUSEDPARAM */", ""]
    return "\n".join(out)


def c_value(c):
    if c.signed and c.value >> (c.bits - 1):
        return f"(-{(1 << c.bits) - c.value})"
    if c.signed:
        return str(c.value)
    if c.bits == 64:
        return "{ " + ", ".join(f"0x{b:02X}u" for b in c.value.to_bytes(8, "little")) + " }"
    if c.plain or c.bits < 8:
        return f"{c.value}u"
    return f"0x{c.value:0{(c.bits + 3) // 4}X}u"


def print_c(nic, rec):
    out = ["/* SPDX-License-Identifier: Apache-2.0 */",
           f"/* {BANNER} */",
           "/*",
           " * nic_regs.h - register map, counter table and record constants.",
           " *",
           " * _BIT and _SHIFT are bit numbers, _MASK lies in place. A constant of eight",
           " * bytes is an initialiser in the order of the stream.",
           " */",
           "#ifndef LY_DRIVER_NIC_REGS_H",
           "#define LY_DRIVER_NIC_REGS_H"]
    for g in groups_of(nic, rec):
        out += ["", f"/* {g.title} */"]
        out += [f"#define {c.name} {c_value(c)}" for c in g.consts]
    out += ["",
            "/* Every counter in the order of its index: X(UPPER, lower), so that",
            " * LY_CTR_##UPPER is the index and #lower the name. */",
            *c_list("LY_COUNTERS", [f"X({c.inst_name.upper()}, {c.inst_name.lower()})"
                                    for c in counters_of(nic)]),
            "",
            "/* Every other register: X(NAME, writable, reading acts, \"what\"), so that",
            " * LY_REG_##NAME is the address. \"Reading acts\": it changes the device. */",
            *c_list("LY_REGISTERS", register_rows(nic)),
            "", "#endif", ""]
    return "\n".join(out)


def register_rows(nic):
    """One X() a register, for programs that show the map."""
    rows = []
    for r in regs_of(nic):
        flags = ["true" if flag else "false" for flag in (is_writable(r), read_acts(r))]
        rows.append(f'X({r.inst_name.upper()}, {", ".join(flags)}, '
                    f'"{one_line(r.get_property("name"))}")')
    return rows


def c_list(name, rows):
    """A list macro, one row a line."""
    return [f"#define {name}(X) \\"] + [f"    {r} \\" for r in rows[:-1]] + [f"    {rows[-1]}"]


def is_writable(reg):
    return any(f.is_sw_writable for f in reg.fields())


def read_acts(reg):
    """Whether reading it changes the device. SystemRDL's own mark for more than rclr and rset,
    onread = ruser, is for external registers alone."""
    return (reg.get_property("ly_read_acts", default=False)
            or any(f.get_property("onread") is not None for f in reg.fields()))


def access_of(reg):
    return ("rw" if is_writable(reg) else "r") + (", a read acts" if read_acts(reg) else "")


def bits_of(f):
    return f"{f.msb}:{f.lsb}" if f.width > 1 else f"{f.lsb}"


def markdown_registers(nic):
    out = ["| address | name | access | what |", "|---|---|---|---|"]
    for n in nic.children():
        access = access_of(n) if isinstance(n, RegNode) else "r"
        out.append(f"| 0x{n.address_offset:03X} | {n.inst_name} | {access} "
                   f"| {one_line(n.get_property('name'))} |")
    for r in regs_of(nic):
        out += ["", f"### {r.inst_name}, 0x{r.address_offset:03X}", ""]
        desc = one_line(r.get_property("desc"))
        out += [f"{one_line(r.get_property('name')).rstrip('.')}. {desc}".rstrip(), "",
                "| bits | field | reset | what |", "|---|---|---|---|"]
        for f in r.fields():
            reset = f.get_property("reset")
            text = "by build or state" if reset is None else f"0x{reset:X}"
            out.append(f"| {bits_of(f)} | {f.inst_name.upper()} | {text} "
                       f"| {one_line(f.get_property('desc'))} |")
    return out


def markdown_counters(nic):
    (bank,) = files_of(nic)
    out = ["", f"## {one_line(bank.get_property('name'))}", "",
           one_line(bank.get_property("desc")), "",
           "| index | address | name | counts |", "|--:|---|---|---|"]
    for i, c in enumerate(counters_of(nic)):
        out.append(f"| {i} | 0x{bank.address_offset + c.address_offset:03X} | {c.inst_name} "
                   f"| {one_line(c.get_property('desc'))} |")
    return out


def markdown_records(rec):
    out = ["", f"## {one_line(rec.get_property('name'))}", "", one_line(rec.get_property("desc"))]
    for part in files_of(rec):
        out += ["", f"### {one_line(part.get_property('name'))}: {part.size} bytes", "",
                "| byte | bits | field | what |", "|--:|---|---|---|"]
        for r in part.children():
            for f in r.fields():
                label = f.inst_name if len(r.fields()) > 1 else r.inst_name
                enum = f.get_property("encode")
                more = f" ({enum.type_name})" if enum is not None else ""
                out.append(f"| {r.address_offset + f.lsb // 8} | {f.width} | {label} "
                           f"| {one_line(f.get_property('desc'))}{more} |")
    for enum, width, signed in enums_of(rec):
        out += ["", f"### {enum.type_name}", "", "| value | name | meaning |", "|--:|---|---|"]
        for m in enum:
            value = m.value - (1 << width) if signed and m.value >> (width - 1) else m.value
            out.append(f"| {value} | {m.name} | {one_line(m.rdl_desc)} |")
    out += ["", "### Parameters", "", "| name | value |", "|---|---|"]
    for c in record_group(rec).consts:
        value = (" ".join(f"{b:02X}" for b in c.value.to_bytes(8, "little")) if c.bits == 64
                 else str(c.value) if c.plain else f"0x{c.value:02X}")
        out.append(f"| {c.name} | {value} |")
    return out


def print_markdown(nic, rec):
    out = ["<!-- SPDX-License-Identifier: Apache-2.0 -->",
           f"<!-- {BANNER} -->",
           "# Registers and records", "",
           "## " + one_line(nic.get_property("name")), "",
           one_line(nic.get_property("desc")), ""]
    out += markdown_registers(nic) + markdown_counters(nic) + markdown_records(rec)
    return "\n".join(out) + "\n"


# ------------------------------------------------------------------------ main

OUTPUTS = {"rtl/regs/ly_regs.vh": print_verilog,
           "driver/nic_regs.h": print_c,
           "REGISTERS.md": print_markdown}


def generate(root):
    compiler = RDLCompiler()
    compiler.compile_file(str(root / SOURCE))
    nic, rec = (compiler.elaborate(t).top for t in ("nic", "rec"))
    return {path: printer(nic, rec) for path, printer in OUTPUTS.items()}


def first_difference(text, other):
    """The line, from 1, where two texts part."""
    pairs = zip(text.splitlines(), other.splitlines())
    same = next((i for i, (a, b) in enumerate(pairs) if a != b), None)
    return (min(text.count("\n"), other.count("\n")) if same is None else same) + 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true",
                        help="write nothing, exit 1 on a difference")
    args = parser.parse_args()
    stale = False
    for path, text in generate(ROOT).items():
        target = ROOT / path
        there = target.read_text(encoding="utf-8") if target.exists() else ""
        if there == text:
            continue
        stale = True
        if args.check:
            print(f"{path}:{first_difference(there, text)}: differs from what {SOURCE} gives: "
                  "run make regs")
        else:
            target.write_text(text, encoding="utf-8")
            print(f"{path}: written")
    return 1 if args.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
