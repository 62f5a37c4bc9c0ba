"""Parts of the plugin that have no need of an engine: frames, plans, settings, the socket."""

import os
import stat
import subprocess
import sys
import tempfile
import time
import unittest

import runs
from moescope_engine.faults import Faults
from moescope_engine.frames import MOST_HEADER, FrameError, Reader, encode
from moescope_engine.link import Link, check_private
from moescope_engine.plans import Shape, logical_to_slots, map_bytes, problem_of, rows_of
from moescope_engine.settings import read_settings

SHAPE = Shape(layers=2, slots=6, experts=4, ranks=2)
ROWS = [[0, 1, 2, 3, 0, 1], [3, 2, 1, 0, 3, 3]]


class FramesTest(unittest.TestCase):
    def test_frames_come_whole_whatever_the_pieces(self):
        stream = encode({"t": "a"}, b"123") + encode({"t": "b"})
        for size in (1, 2, 5, len(stream)):
            reader, got = Reader(), []
            for i in range(0, len(stream), size):
                got += reader.feed(stream[i : i + size])
            self.assertEqual(got, [({"t": "a"}, b"123"), ({"t": "b"}, b"")])

    def test_what_is_no_frame_is_refused_at_once(self):
        for bad in (b"HTTP/1.1 200", b"MOES" + b"\xff" * 8, encode({})[:12] + b"[]", b"MOES\x02\0\0\0\0\0\0\0nu",
                    b"MOES" + (MOST_HEADER).to_bytes(4, "little") + bytes(4) + b"[" * MOST_HEADER):
            with self.assertRaises(FrameError):
                Reader().feed(bad)

    def test_a_frame_that_is_too_large_is_not_sent(self):
        with self.assertRaises(FrameError):
            encode({"t": "x" * MOST_HEADER})


class PlansTest(unittest.TestCase):
    def test_a_map_survives_its_bytes(self):
        self.assertEqual(rows_of(map_bytes(ROWS), SHAPE), ROWS)
        with self.assertRaises(ValueError):
            rows_of(map_bytes(ROWS)[:-4], SHAPE)

    def test_problems_name_the_layer(self):
        self.assertIsNone(problem_of(ROWS, SHAPE))
        self.assertIn("layer 1 leaves 1 experts", problem_of([ROWS[0], [0, 1, 2, 2, 1, 0]], SHAPE))
        self.assertIn("layer 0 names an expert outside 0..3", problem_of([[0, 1, 2, 3, 4, 0], ROWS[1]], SHAPE))
        self.assertIn("outside", problem_of([[0, 1, 2, 3, -1, 0], ROWS[1]], SHAPE))
        self.assertIn("2 layers", problem_of(ROWS[:1], SHAPE))
        self.assertIn("spread", problem_of(ROWS, Shape(2, 6, 4, 4)))

    def test_slots_of_experts_ascend_and_are_padded(self):
        slots, counts = logical_to_slots(ROWS, 4)
        self.assertEqual(slots, [[[0, 4, -1], [1, 5, -1], [2, -1, -1], [3, -1, -1]],
                                 [[3, -1, -1], [2, -1, -1], [1, -1, -1], [0, 4, 5]]])
        self.assertEqual(counts, [[2, 2, 1, 1], [1, 1, 1, 3]])


class SettingsTest(unittest.TestCase):
    def test_without_a_socket_there_is_nothing_to_do_and_observing_is_the_default(self):
        settings = read_settings({})
        self.assertEqual((settings.socket, settings.mode), ("", "observe"))
        self.assertGreater(settings.margin, settings.patience)

    def test_what_means_nothing_is_the_default(self):
        with self.assertLogs("moescope"):
            settings = read_settings({"MOESCOPE_MODE": "aply", "MOESCOPE_MARGIN_S": "soon", "MOESCOPE_PATIENCE_S": "-1"})
        self.assertEqual(settings, read_settings({}))


class LinkTest(unittest.TestCase):
    def test_a_folder_that_others_may_open_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            with self.assertRaises(PermissionError):
                check_private(folder)
            os.chmod(folder, 0o700)
            check_private(folder)
            self.assertEqual(stat.S_IMODE(os.stat(folder).st_mode), 0o700)

    def test_an_open_folder_costs_a_fault_that_is_logged_once(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            faults = Faults()
            link = Link(os.path.join(folder, "agent"), lambda: ({}, b""), lambda: ({}, b""), None, faults)
            with self.assertLogs("moescope") as logged:
                link.start()
                deadline = time.monotonic() + 20
                while faults.counts().get("agent: PermissionError", 0) < 3 and time.monotonic() < deadline:
                    time.sleep(0.02)
                link.stop()
                link.join(20)
        self.assertGreaterEqual(faults.counts()["agent: PermissionError"], 3)
        self.assertEqual(len(logged.output), 1)
        self.assertFalse(link.connected())

    def test_what_waits_for_an_absent_agent_is_bounded(self):
        link = Link("/nowhere/agent", None, None, None, Faults())
        for i in range(10_000):
            link.say({"i": i})
        self.assertLessEqual(len(link._out), 256)


class HooksTest(unittest.TestCase):
    def test_without_an_engine_registering_is_logged_and_harmless(self):
        code = "from moescope_engine import sglang_hooks as s, vllm_hooks as v; s.register(); v.register(); print('on')"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60,
                              env=dict(os.environ, PYTHONPATH=runs.PLUGIN))
        self.assertEqual(done.stdout, "on\n")
        self.assertEqual(done.stderr.count("the engine runs without MoEscope"), 2)


if __name__ == "__main__":
    unittest.main()
