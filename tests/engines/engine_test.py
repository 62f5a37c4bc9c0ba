"""The plugin in fake engines: a plan is installed at one pass on all ranks, and whatever goes wrong leaves the engine
as it is without the plugin."""

import os
import unittest

from runs import Agent, Engine, a_plan

PASSES = "400"


class EngineTest(unittest.TestCase):
    def engine_of(self, engine, *options, **settings):
        started = Engine(engine, *options, **settings)
        self.addCleanup(started.kill)
        return started

    def agent_at(self, path, kind="good"):
        agent = Agent(path, kind)
        self.addCleanup(agent.die)
        return agent

    def expect_in_step(self, ranks):
        """Never two maps in one pass, and every slot has the weights of its expert."""
        for rank in ranks:
            self.assertEqual(rank["changes"], ranks[0]["changes"], "ranks had two maps in one pass")
            self.assertEqual(rank["wrong"], 0, "a slot held the weights of another expert")

    def expect_untouched(self, engine, options, ranks):
        """The maps of every pass are those of a run without the plugin."""
        without = self.engine_of(engine, *options, socket_path="").results()
        self.expect_in_step(ranks)
        self.assertEqual(ranks[0]["changes"], without[0]["changes"])
        self.assertFalse(without[0]["plugin"])


class Apply:
    """What holds for both engines, and for both ways in which vLLM moves experts."""

    engine, options = "", ()

    def start(self, *more, **settings):
        engine = self.engine_of(self.engine, *self.options, *more, **settings)
        return engine, self.agent_at(engine.socket)

    def install(self, agent, rows, **more):
        """Proposes the plan until the ranks, on a busy machine, have voted in time. Its name then."""
        for turn in range(10):
            ident = f"plan {len(agent.messages)}-{turn}"
            agent.propose(ident, rows, **more)
            agent.wait_state(ident, "installed", "aborted")
            if "installed" in agent.states(ident):
                return ident
        self.fail("the ranks never voted in time")

    def test_a_plan_is_installed_at_one_pass_on_all_ranks_and_kept(self):
        engine, agent = self.start()
        ident = self.install(agent, a_plan())
        later = self.installed_at(agent, ident) + 100
        agent.wait(lambda: any(h["passes"] > later for _, h, _ in agent.of("alive")), "intervals of the engine")
        ranks = engine.stop()
        self.expect_in_step(ranks)
        self.assertEqual(self.served(ranks[0]["changes"][-1][1]), self.served(a_plan()))
        self.assertTrue(all(rank["hold"] for rank in ranks))
        self.assertEqual(agent.states(ident), ["received", "voting", "committed", "installed"])
        reported = {h["crc"] for _, h, _ in agent.of("map") if h["id"] == ident}
        self.assertEqual(len(reported), 1, "ranks report different maps")

    def test_without_hold_the_engine_takes_over_again(self):
        engine, agent = self.start()
        ident = self.install(agent, a_plan(), hold=False)
        agent.wait(lambda: any(h["cause"] == "engine" and h["moved"] and h["at"] > self.installed_at(agent, ident)
                               for _, h, _ in agent.of("map")), "the engine's own map")
        ranks = engine.stop()
        self.expect_in_step(ranks)
        self.assertNotEqual(self.served(ranks[0]["changes"][-1][1]), self.served(a_plan()))

    def installed_at(self, agent, ident):
        return min(h["at"] for _, h, _ in agent.of("map") if h["id"] == ident)

    def test_a_second_plan_replaces_the_first(self):
        engine, agent = self.start()
        self.install(agent, a_plan(1))
        self.install(agent, a_plan(2))
        ranks = engine.stop()
        self.expect_in_step(ranks)
        self.assertEqual(self.served(ranks[0]["changes"][-1][1]), self.served(a_plan(2)))

    def test_the_agent_dies_between_proposal_and_decision(self):
        engine, agent = self.start()
        agent.propose("one", a_plan())
        agent.wait_state("one", "voting")
        agent.die()
        os.unlink(engine.socket)
        second = self.agent_at(engine.socket)
        told = lambda: {state for _, h, _ in second.of("hello") for ident, state, _ in h["recent"]} | set(second.states("one"))
        second.wait(lambda: told() & {"installed", "aborted"}, "the outcome")
        ranks = engine.stop()
        self.expect_in_step(ranks)
        self.assertEqual(self.served(ranks[0]["changes"][-1][1]) == self.served(a_plan()), "installed" in told())

    def test_an_absent_agent_changes_nothing(self):
        options = (*self.options, "--passes", PASSES)
        self.expect_untouched(self.engine, options, self.engine_of(self.engine, *options).results())

    def test_a_silent_agent_changes_nothing(self):
        self.expect_untouched_beside("silent")

    def test_a_dripping_agent_changes_nothing(self):
        self.expect_untouched_beside("dripping")

    def test_an_agent_that_talks_nonsense_changes_nothing(self):
        ranks = self.expect_untouched_beside("garbage")
        self.assertGreater(ranks[0]["faults"]["agent: FrameError"], 0)

    def expect_untouched_beside(self, kind):
        options = (*self.options, "--passes", PASSES)
        engine = self.engine_of(self.engine, *options)
        self.agent_at(engine.socket, kind)
        ranks = engine.results()
        self.expect_untouched(self.engine, options, ranks)
        self.assertTrue(all(rank["plugin"] for rank in ranks))
        return ranks

    def test_a_plan_that_cannot_be_served_is_refused(self):
        engine, agent = self.start("--passes", PASSES)
        wrong = {
            "short": a_plan()[:-1],
            "missing": [[0] * len(row) for row in a_plan()],
            "outside": [[row[0] + 100] + row[1:] for row in a_plan()],
        }
        for ident, rows in wrong.items():
            agent.propose(ident, rows)
            agent.wait_state(ident, "refused")
        self.expect_untouched(self.engine, (*self.options, "--passes", PASSES), engine.results())

    def test_one_rank_that_says_no_stops_the_plan_and_is_named(self):
        engine, agent = self.start("--veto", "2")
        agent.propose("one", a_plan())
        agent.wait_state("one", "aborted")
        self.assertIn("rank 2: this rank was told to say no", [h["reason"] for _, h, _ in agent.of("plan")][-1])
        ranks = engine.stop()
        self.expect_in_step(ranks)
        self.assertFalse(any(rows == a_plan() for _, rows in ranks[0]["changes"]))
        self.assertFalse(any(rank["hold"] for rank in ranks))

    def test_a_rank_without_the_plugin_stops_the_plan(self):
        engine, agent = self.start("--without", "3")
        agent.propose("one", a_plan())
        agent.wait_state("one", "aborted")
        ranks = engine.stop()
        self.expect_in_step(ranks)
        self.assertFalse(any(rows == a_plan() for _, rows in ranks[0]["changes"]))

    def test_votes_that_come_after_the_pass_stop_the_plan(self):
        engine, agent = self.start(margin="0.000001", patience="30")
        agent.propose("one", a_plan())
        agent.wait_state("one", "aborted", "installed")
        ranks = engine.stop()
        self.expect_in_step(ranks)
        installed = "installed" in agent.states("one")
        self.assertEqual(self.served(ranks[0]["changes"][-1][1]) == self.served(a_plan()), installed)

    def test_observing_takes_no_plan(self):
        engine, agent = self.start("--passes", PASSES, mode="observe")
        agent.propose("one", a_plan())
        agent.wait_state("one", "refused")
        self.expect_untouched(self.engine, (*self.options, "--passes", PASSES), engine.results())

    def test_suggesting_asks_every_rank_and_installs_nothing(self):
        engine, agent = self.start("--passes", "1200", mode="suggest")
        agent.propose("one", a_plan())
        agent.wait_state("one", "agreed", "aborted")
        self.expect_untouched(self.engine, (*self.options, "--passes", "1200"), engine.results())

    def test_under_elastic_ep_no_plan_is_taken(self):
        engine, agent = self.start("--elastic")
        agent.propose("one", a_plan())
        agent.wait_state("one", "refused")
        self.expect_in_step(engine.stop())

    def test_loads_and_maps_are_reported(self):
        engine, agent = self.start(mode="observe")
        agent.wait(lambda: agent.of("loads") and len({rank for rank, h, _ in agent.of("map") if h["moved"]}) == 4,
                   "loads and maps")
        ranks = engine.stop()
        rank, header, payload = agent.of("loads")[0]
        self.assertEqual(rank, 0)
        self.assertEqual(len(payload), 8 * header["layers"] * header["experts"])
        self.expect_in_step(ranks)

    def served(self, rows):
        """Rows of the layers that hold experts: SGLang's dense layers have none to move."""
        return rows[1:] if self.engine == "sglang" else rows


class SglangTest(Apply, EngineTest):
    engine = "sglang"

    def test_a_disabled_rebalance_leaves_the_plan_out_and_says_so(self):
        engine, agent = self.start("--disabled")
        agent.propose("one", a_plan())
        agent.wait_state("one", "not_installed", "aborted")
        ranks = engine.stop()
        self.expect_in_step(ranks)
        self.assertFalse(any(rank["hold"] for rank in ranks))


class SglangChunksTest(Apply, EngineTest):
    engine, options = "sglang", ("--chunk", "2")


class VllmTest(Apply, EngineTest):
    engine = "vllm"


class VllmAsyncTest(Apply, EngineTest):
    engine, options = "vllm", ("--use-async", "--draft")

    def expect_untouched(self, engine, options, ranks):
        """When the worker has a layer depends on the machine: the maps are the same, not the passes."""
        without = self.engine_of(engine, *options, socket_path="").results()
        self.expect_in_step(ranks)
        common = min(len(ranks[0]["changes"]), len(without[0]["changes"]))
        self.assertEqual(
            [rows for _, rows in ranks[0]["changes"][:common]], [rows for _, rows in without[0]["changes"][:common]]
        )


if __name__ == "__main__":
    unittest.main()
