"""Real Prometheus over a real run: the coordinator named, the agents discovered, every panel of the dashboards with data.

Two jobs of two sweeps train at once under a tight memory limit. Their agent is drained and returned, so that they wait
for slots; they go on with a memory profile that promises too much, so that they run out of memory; their trainers are
killed, then the coordinator, which must set no counter back; they are cancelled. Then every panel must have something
to show.
"""
import json
import os
import re
import shutil
import signal
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from harness import BIN, ROOT, Case, wait_until

SWEEP = """
name: metrics-%d
method: grid
metric: {name: test_accuracy, goal: maximize}
parameters:
  model: {value: cnn}
  dataset: {value: fashion_mnist}
  learning_rate: {value: %s}
  batch_size: {value: %d}
  num_epochs: {value: 1000}
  limit_train_samples: {value: 1280}
  limit_test_samples: {value: 200}
batchwright: {world_size: %d, checkpoint_steps: 7}
"""
DEVICE = "cpu:16MiB,24MiB,24MiB"  # less than the larger batch takes; the jobs' limits and world sizes differ
SCRAPE_SECONDS = 1
DASHBOARDS = sorted((ROOT / "deploy/grafana/provisioning/dashboards").glob("*.json"))
VARIABLES = {"sweep": ".*", "job": ".*", "rank": ".*", "__rate_interval": f"{4 * SCRAPE_SECONDS}s"}


def fetch(url, token="", method="GET"):
    """Status, body, seconds."""
    request = urllib.request.Request(url, method=method, headers={"Authorization": "Bearer " + token})
    begin = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, reply.read().decode(), time.monotonic() - begin
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), time.monotonic() - begin


def panels():
    """(title, query), the variables filled in as Grafana does it."""
    for page in map(json.loads, (path.read_text() for path in DASHBOARDS)):
        for panel in page["panels"]:
            for target in panel.get("targets", []):
                query = target["expr"]
                for name, value in VARIABLES.items():
                    query = query.replace("$" + name, value)
                yield f"{page['title']}: {panel['title']}", query


class Metrics(Case):
    maxDiff = None

    def setUp(self):
        super().setUp()
        self.state = self.folder / "state"
        self.process = self.start_coordinator()
        wait_until((self.state / "scrape_token").exists, "the coordinator to listen")
        self.start([str(BIN / "batchwright"), "worker", "--state", str(self.state), "--device", DEVICE,
                    "--name", "host/0"])
        self.endpoint = json.loads((self.state / "endpoint.json").read_text())
        self.coordinator = f"http://127.0.0.1:{self.endpoint['http_port']}"
        self.token = (self.state / "scrape_token").read_text().strip()

    def start_coordinator(self):
        return self.start([str(BIN / "batchwright"), "coordinator", "--state", str(self.state)])

    def start_prometheus(self):
        process = self.start([str(ROOT / "deploy/prometheus/start"), str(self.state), "127.0.0.1:0"],
                             variables={"BATCHWRIGHT_SCRAPE_INTERVAL": f"{SCRAPE_SECONDS}s"})
        said = lambda: re.search(r'msg="Listening on" address=(\S+)', open(process.stderr_file.name).read())
        self.prometheus = "http://" + wait_until(said, "Prometheus to listen").group(1)

    def ask(self, path, **query):
        status, body, _ = fetch(f"{self.prometheus}/api/v1/{path}?" + urllib.parse.urlencode(query))
        self.assertEqual(status, 200, body)
        return json.loads(body)["data"]

    def series(self, query):
        return self.ask("query", query=query)["result"]

    def shortfall(self, query):
        """What the query lacks over the run, or nothing."""
        result = self.ask("query_range", query=query, start=self.began, end=time.time(), step=SCRAPE_SECONDS)["result"]
        jobs = {series["metric"].get("job") for series in result} - {None}
        values = {value for series in result for _, value in series["values"]} - {"NaN", "+Inf", "-Inf"}
        return "" if len(jobs) >= 2 and len(values) >= 2 else f"{len(jobs)} jobs, {len(values)} values"

    def spoil_profiles(self):
        """Profiles that promise a quarter of the memory that a sample takes."""
        def weaken(match):
            fixed, *slopes = match.group(1).split()
            return " ".join(["plane", fixed, *(repr(float(slope) / 4) for slope in slopes)])
        spoilt = 0
        for path in (self.state / "profiles").glob("*.profile"):
            lines = [line for line in path.read_text().splitlines() if not line.startswith("confirmed ")]
            path.write_text("\n".join(re.sub(r"^plane (.*)$", weaken, line) for line in lines) + "\n")
            spoilt += 1
        return spoilt

    def test_who_may_read(self):
        for path in ("/metrics", "/sd"):
            self.assertEqual(fetch(self.coordinator + path, self.token)[0], 200)
            self.assertEqual(fetch(self.coordinator + path, self.endpoint["token"])[0], 200)
            self.assertEqual(fetch(self.coordinator + path)[0], 401)
            self.assertEqual(fetch(self.coordinator + path, self.token, "POST")[0], 401)
        self.assertEqual(fetch(self.coordinator + "/healthz")[0], 200)
        self.assertEqual(fetch(self.coordinator + "/api/v1/sweeps", self.token)[0], 401, "it opens nothing else")
        self.assertEqual(fetch(self.coordinator + "/api/v1/shutdown", self.token, "POST")[0], 401)
        discover = lambda: json.loads(fetch(self.coordinator + "/sd", self.token)[1])
        agent = "http://" + wait_until(discover, "the agent to join")[0]["targets"][0] + "/metrics"
        self.assertEqual(fetch(agent, self.token)[0], 200)
        self.assertEqual(fetch(agent, self.endpoint["token"])[0], 401, "what goes over the network in clear is not it")
        self.assertEqual((self.state / "scrape_token").stat().st_mode & 0o777, 0o600)

    @unittest.skipUnless(shutil.which("prometheus"), "prometheus is not installed (Debian package \"prometheus\")")
    def test_every_panel_has_data(self):
        self.began = time.time()
        self.start_prometheus()
        for sweep, (rate, batch, world) in enumerate(((0.001, 256, 2), (0.002, 32, 1)), start=1):
            self.client("submit", str(self.write_sweep(SWEEP % (sweep, rate, batch, world))))
        self.until_both("batchwright_job_state == 3 and batchwright_job_start_seconds > 0")
        self.until_both("batchwright_train_checkpoint_step >= 14")
        self.report_scrapes()

        self.client("drain", "host/0")
        self.until_both("batchwright_job_slots == 0 and batchwright_job_queue_seconds_total > 0")
        self.client("pause", "2")  # its small batch fits, and would correct the profile that both use
        self.assertGreater(self.spoil_profiles(), 0)
        self.client("return", "host/0")
        self.until("batchwright_rank_ooms_total > 0", jobs=1)
        self.client("resume", "2")
        self.until_both('batchwright_train_step{attempt="2"}')

        for pid in self.marked.pids("batchwright-trainer"):  # those of the jobs: a slot at work warms none
            os.kill(pid, signal.SIGKILL)
        self.until_both("batchwright_job_attempts == 3 and batchwright_job_failures == 1")
        self.until_both('batchwright_train_step{attempt="3"}')

        self.process.kill()
        self.finish(self.process)
        self.start_coordinator()
        self.until('changes(batchwright_start_time_seconds{job="batchwright-coordinator"}[1m]) == 1', jobs=1)
        self.until_both("batchwright_job_state == 3")
        self.check_counters()
        for sweep in ("1", "2"):
            self.client("cancel", sweep)
        self.check_panels()
        self.check_targets_and_rules()

    def client(self, *words):
        self.run_to_end([str(BIN / "batchwright"), *words, "--state", str(self.state)])

    def until(self, query, jobs):
        wait_until(lambda: len({series["metric"]["job"] for series in self.series(query)}) == jobs, query, watchdog=60)

    def until_both(self, query):
        self.until(query, jobs=2)

    def check_panels(self):
        queries = list(panels())
        lacks = {query: "" for _, query in queries}

        def all_there():
            for query in list(lacks):
                lacks[query] = self.shortfall(query)
                if not lacks[query]:
                    del lacks[query]
            return not lacks
        try:
            wait_until(all_there, "every panel to have data", watchdog=20)
        except AssertionError:
            pass  # told below, by name
        titles = {title for title, _ in queries}
        bad = {title: f"{query}: {lacks[query]}" for title, query in queries if query in lacks}
        print(f"panels with data / panels: {len(titles) - len(bad)} / {len(titles)}, {len(queries)} queries")
        self.assertEqual(bad, {})
        for _, query in queries:
            self.assertIsNone(re.search(r"\bvector\s*\(|\bor\b|\babsent", query), query)

    def report_scrapes(self):
        """Bytes and milliseconds of one scrape while two jobs train."""
        targets = {"coordinator": self.coordinator + "/metrics"}
        for entry in json.loads(fetch(self.coordinator + "/sd", self.token)[1]):
            targets["agent"] = f"http://{entry['targets'][0]}/metrics"
        for who, url in targets.items():
            fetched = sorted((fetch(url, self.token) for _ in range(9)), key=lambda reply: reply[2])
            _, body, seconds = fetched[4]
            samples = sum(1 for line in body.splitlines() if line and not line.startswith("#"))
            print(f"{who}: {len(body)} bytes, {samples} samples, {seconds * 1e3:.1f} ms (median of 9) at 2 running jobs")
        for series in self.series("scrape_duration_seconds"):
            print(f"scrape_duration_seconds {series['metric']['job']}: {float(series['value'][1]) * 1e3:.1f} ms")

    def check_counters(self):
        """A restart of the coordinator sets nothing back that an open sweep counts."""
        for name in ("attempts_started_total", "attempts_ended_total", "jobs_ended_total", "work_device_seconds_total",
                     "lost_work_device_seconds_total", "job_work_device_seconds_total", "journal_events_total"):
            counts = self.series(f"resets(batchwright_{name}[5m])")
            self.assertGreater(len(counts), 0, name)
            self.assertEqual({count["value"][1] for count in counts}, {"0"}, name)

    def check_targets_and_rules(self):
        up = {series["metric"]["job"]: series["value"][1] for series in self.series("up")}
        self.assertEqual(up, {"batchwright-coordinator": "1", "batchwright-agents": "1"})
        rules = [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]
        self.assertGreater(len(rules), 10)
        for rule in rules:
            self.assertNotEqual(rule["health"], "err", rule)


if __name__ == "__main__":
    unittest.main(verbosity=2)
