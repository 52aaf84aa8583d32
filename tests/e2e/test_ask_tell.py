"""A searcher of one's own: over the CLI it drives a real sweep to its end; over HTTP a telling that crossed another one is
refused, and what cannot be a point is named.

Command: python3 tests/e2e/test_ask_tell.py
"""
import http.client
import json
import sys
import unittest

from harness import BIN, ROOT, Api, Case, wait_until

PROGRAM = """
import json, os
x = json.loads(os.environ["BATCHWRIGHT_POINT"])["x"]
line = json.dumps({"type": "epoch_ended", "step": 1, "metrics": {"loss": (x - 0.3) ** 2}})
os.write(int(os.environ["BATCHWRIGHT_FD"]), (line + "\\n").encode())
"""
SWEEP = """
method: custom
command: [python3, point.py]
metric: {name: loss, goal: minimize}
parameters: {x: {min: 0.0, max: 1.0}, kept: {value: 7}}
batchwright: {world_size: 1}
"""


class AskTell(Case):
    def begin(self):
        (self.folder / "point.py").write_text(PROGRAM)
        state = self.folder / "state"
        process = self.start(self.command(self.write_sweep(SWEEP), state, "--json"))
        wait_until(lambda: self.try_ask(state) or process.poll() is not None, "the sweep")
        return process, state

    def end(self, process):
        status, out, err = self.finish(process)
        self.assertEqual(status, 0, err)
        return json.loads(out)

    def try_ask(self, state):
        try:
            return Api(state).get("/api/v1/sweeps/last/ask")
        except (OSError, LookupError):
            return None

    def has_room(self, state):
        asked = self.try_ask(state)
        return asked if asked and asked["count"] > 0 else None

    def tell(self, state, body):
        """(status, answer)."""
        endpoint = Api(state).endpoint
        connection = http.client.HTTPConnection(endpoint["host"], endpoint["http_port"], timeout=30)
        connection.request("POST", "/api/v1/sweeps/last/tell", json.dumps(body),
                           {"Authorization": "Bearer " + endpoint["token"], "Content-Type": "application/json"})
        reply = connection.getresponse()
        answer = json.loads(reply.read())
        connection.close()
        return reply.status, answer

    def test_a_searcher_in_twenty_lines_drives_a_sweep_to_its_end(self):
        process, state = self.begin()
        searcher = [sys.executable, str(ROOT / "sweeps/examples/own_search.py"), str(BIN / "batchwright"), "last"]
        self.run_to_end(searcher + ["--state", str(state)])
        points = self.end(process)["points"]
        self.assertEqual([point["ordinal"] for point in points], list(range(len(points))), "each ordinal once")
        self.assertEqual(len(points), 18, "nine halvings by the golden section, two points each")
        self.assertEqual({point["state"] for point in points}, {"finished"})
        self.assertEqual({point["params"]["kept"] for point in points}, {7}, "what the file holds need not be told")
        best = min(points, key=lambda point: point["metrics"]["loss"])
        self.assertAlmostEqual(best["params"]["x"], 0.3, delta=0.02)

    def test_a_telling_that_crossed_another_is_refused_and_runs_nothing(self):
        process, state = self.begin()
        asked = wait_until(lambda: self.has_room(state), "slots")
        self.assertEqual((asked["first"], asked["results"]), (0, []))
        self.assertEqual(asked["metric"], {"name": "loss", "goal": "minimize"})
        self.assertEqual(asked["count"], 2, "as many as there are slots")
        status, answer = self.tell(state, {"first": 0, "points": [{"x": 0.5}]})
        self.assertEqual((status, answer["first"], answer["accepted"], answer["next"]), (200, 0, 1, 1), answer)
        status, answer = self.tell(state, {"first": 0, "points": [{"x": 0.5}]})
        self.assertEqual(status, 409, answer)
        self.assertIn("the next point of the sweep is 1, not 0", json.dumps(answer))
        for body, problem in (({"points": [3]}, "points[0]"), ({"point": []}, "the body"), ({"end": 3}, "end")):
            status, answer = self.tell(state, body)
            self.assertEqual(status, 400, answer)
            self.assertIn(problem, json.dumps(answer))
        self.assertEqual(self.tell(state, {"end": "enough"})[0], 200)
        points = self.end(process)["points"]
        self.assertEqual([(point["ordinal"], point["state"], point["attempts"]) for point in points],
                         [(0, "finished", 1)])
        self.assertEqual(points[0]["metrics"]["loss"], 0.04000000000000001)


if __name__ == "__main__":
    unittest.main(verbosity=2)
