"""What check_kernels.py finds in outputs of ptxas and cuobjdump; nvcc is not needed."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import check_kernels

KERNEL = """ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'clean' for 'sm_90'
ptxas info    : Function properties for clean
    {stack} bytes stack frame, {stores} bytes spill stores, {loads} bytes spill loads
ptxas info    : Used 40 registers, used 1 barriers
"""
LISTING = """	Function : clean
        /*0000*/                   LDC R1, c[0x0][0x28] ;          /* 0x00000a00ff017b82 */
                                                                   /* 0x000fe20000000800 */
        /*0010*/              @!P0 UTMALDG.2D [UR4], [UR8] ;       /* 0x00000000000079b4 */
        /*0020*/                   HGMMA.64x64x16.F32.BF16 R24, gdesc[UR4], R24 ;
"""


class Ptxas(unittest.TestCase):
    def faults(self, stack=0, stores=0, loads=0, more=""):
        log = KERNEL.format(stack=stack, stores=stores, loads=loads) + more
        return check_kernels.faults_of_log(log)[1]

    def test_a_kernel_in_registers_passes(self):
        log = KERNEL.format(stack=0, stores=0, loads=0)
        self.assertEqual(check_kernels.faults_of_log(log), ({"clean": 40}, []))

    def test_stack_and_spills_are_named_with_their_function(self):
        self.assertEqual(self.faults(stack=8), ["clean: 8 bytes of stack"])
        self.assertEqual(self.faults(stores=16), ["clean: 16 bytes of spill stores"])
        self.assertEqual(self.faults(loads=24), ["clean: 24 bytes of spill loads"])

    def test_serialised_matrix_products_and_warnings_are_faults(self):
        serial = ("ptxas info    : (C7510) Potential Performance Loss: wgmma.mma_async instructions are "
                  "serialized due to non wgmma instructions defining accumulator registers")
        self.assertEqual(self.faults(more=serial), [serial])
        self.assertEqual(len(self.faults(more="ptxas warning : something\n")), 1)

    def test_an_output_without_kernels_is_a_fault(self):
        self.assertEqual(len(check_kernels.faults_of_log("")[1]), 1)


class Sass(unittest.TestCase):
    def test_operations_are_counted_also_behind_a_predicate(self):
        operations, faults = check_kernels.faults_of_sass(LISTING, ["HGMMA", "UTMALDG"])
        self.assertEqual((operations["HGMMA"], operations["UTMALDG"], operations["LDC"], faults), (1, 1, 1, []))

    def test_a_missing_operation_and_local_memory_are_faults(self):
        listing = LISTING.replace("HGMMA.64x64x16", "STL.64")
        self.assertEqual(check_kernels.faults_of_sass(listing, ["HGMMA"])[1], ["1 STL: local memory", "no HGMMA"])

    def test_a_listing_without_instructions_is_a_fault(self):
        self.assertEqual(len(check_kernels.faults_of_sass("Fatbin elf code:", [])[1]), 1)


class Program(unittest.TestCase):
    def test_a_build_without_kernels_fails(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "compile_commands.json").write_text("[]")
            done = subprocess.run([sys.executable, check_kernels.__file__, folder, "--needs", "tiles.cu=HGMMA"],
                                  capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("tiles.cu: not a source of this build", done.stderr)
        self.assertIn("no kernel is part of this build", done.stderr)


if __name__ == "__main__":
    unittest.main()
