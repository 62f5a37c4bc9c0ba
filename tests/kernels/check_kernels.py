"""Compiles every kernel of a build once more and looks at what ptxas and the disassembler say of it.

A kernel that spills registers or has a stack frame works, slowly; so does one whose wgmma
instructions ptxas puts one after the other. None of that is an error of nvcc, so it is one here.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

FUNCTION = re.compile(r"Function properties for (\S+)")
MEMORY = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
REGISTERS = re.compile(r"Used (\d+) registers")
SLOW = re.compile(r"warning|Potential Performance Loss|serialized")
# An instruction's line: its address, perhaps a predicate, the operation.
OPERATION = re.compile(r"^\s*/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+\s+)?([A-Z][A-Z0-9_]*)")


def faults_of_log(log):
    """(registers of each function, what is wrong) in the output of nvcc -Xptxas -v."""
    registers, faults, function = {}, [], None
    for line in log.splitlines():
        if found := FUNCTION.search(line):
            function = found[1]
        elif found := MEMORY.search(line):
            for bytes_, what in zip(found.groups(), ("of stack", "of spill stores", "of spill loads")):
                if int(bytes_) > 0:
                    faults.append(f"{function}: {bytes_} bytes {what}")
        elif found := REGISTERS.search(line):
            registers[function] = int(found[1])
        elif SLOW.search(line):
            faults.append(line.strip())
    if not registers:
        faults.append("ptxas names no kernel: either there is none, or its output has changed")
    return registers, faults


def faults_of_sass(listing, needed):
    """(number of each operation, what is wrong) in the output of cuobjdump -sass."""
    operations = collections.Counter(
        found[1] for line in listing.splitlines() if (found := OPERATION.match(line)))
    faults = [f"{operations[name]} {name}: local memory" for name in ("LDL", "STL") if operations[name]]
    faults += [f"no {name}" for name in needed if not operations[name]]
    if not operations:
        faults.append("no instruction: either there is no code, or the listing has changed")
    return operations, faults


def run(command, **more):
    """Both outputs of a command, which must succeed."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **more)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\ncheck_kernels: failed: {shlex.join(map(str, command))}")
    return done.stdout


def compile_again(entry, out):
    """The compilation of compile_commands.json into `out`, with ptxas talking; what it says."""
    command = [word for word in shlex.split(entry["command"]) if word != "-MD"]
    for flag in ("-MT", "-MF"):
        if flag in command:
            at = command.index(flag)
            del command[at:at + 2]
    command[command.index("-o") + 1] = str(out)
    return run(command + ["-Xptxas", "-v"], cwd=entry["directory"])


def disassemble(tools, file):
    """cuobjdump starts nvdisasm, which lies beside it."""
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    return run([pathlib.Path(tools) / "cuobjdump", "-sass", file], env={**os.environ, "PATH": path})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path, help="folder with compile_commands.json")
    parser.add_argument("--disassembler", help="folder of cuobjdump and nvdisasm")
    parser.add_argument("--needs", action="append", default=[], metavar="FILE=OPERATION,...",
                        help="operations that must be in the code of this source")
    options = parser.parse_args()
    needs = {name: operations.split(",") for name, operations in (need.split("=") for need in options.needs)}
    entries = [entry for entry in json.loads((options.build / "compile_commands.json").read_text())
               if entry["file"].endswith(".cu")]
    sources = [pathlib.Path(entry["file"]).name for entry in entries]
    faults = [f"{name}: not a source of this build" for name in needs if name not in sources]
    if not entries:
        faults.append(f"{options.build}: no kernel is part of this build")
    with tempfile.TemporaryDirectory() as folder:
        for name, entry in zip(sources, entries):
            out = pathlib.Path(folder) / (name + ".o")
            registers, wrong = faults_of_log(compile_again(entry, out))
            text = f"{name}: {len(registers)} kernels, {max(registers.values(), default=0)} registers at most"
            if options.disassembler:
                needed = needs.get(name, [])
                operations, more = faults_of_sass(disassemble(options.disassembler, out), needed)
                wrong += more
                text += f", {operations.total()} instructions" + "".join(
                    f", {operations[operation]} {operation}" for operation in needed)
            print(text)
            faults += [f"{name}: {fault}" for fault in wrong]
    for fault in faults:
        print(f"check_kernels: {run(['c++filt'], input=fault)}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
