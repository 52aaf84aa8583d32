"""The coordinator's HTTP API against clients that make mistakes: every answer is an answer, the process lives on."""
import http.client
import json
import unittest

from harness import BIN, Case, wait_until


class Api(Case):
    def setUp(self):
        super().setUp()
        self.process = self.start([str(BIN / "batchwright"), "coordinator", "--state", "state"])
        endpoint = self.folder / "state" / "endpoint.json"
        wait_until(endpoint.exists, "the coordinator to listen")
        self.endpoint = json.loads(endpoint.read_text())

    def ask(self, method, path, body=b"", token=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.endpoint["http_port"], timeout=20)
        token = self.endpoint["token"] if token is None else token
        connection.putrequest(method, path, skip_accept_encoding=True)
        connection.putheader("Authorization", f"Bearer {token}")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        reply = connection.getresponse()
        text = reply.read().decode()  # strictly: an answer is UTF-8
        connection.close()
        return reply.status, text

    def submit(self, document):
        return self.ask("POST", "/api/v1/sweeps", json.dumps(document, ensure_ascii=False).encode())

    def test_mistakes_are_answered_and_the_coordinator_lives_on(self):
        long_name = "x" + "é" * 100  # cut at a fixed number of bytes, it would end inside a character
        mistakes = [
            self.ask("POST", "/api/v1/sweeps", b"\xff{"),
            self.ask("POST", "/api/v1/sweeps", b"[]"),
            self.submit({"text": 3}),
            self.submit({"text": "method: grid", "fresh": "yes"}),
            self.submit({"text": "method: grid", "file_name": 7}),
            self.submit({"text": "method: grid\nparameters: {model: {value: " + long_name + "}}"}),
            self.submit({"text": "method: grid\nparameters: {" + long_name + ": {value: 1}}"}),
            self.submit({"text": "\u0000\u0001"}),
        ]
        for status, text in mistakes:
            self.assertEqual(status, 400, text)
            self.assertTrue(json.loads(text)["error"])
        for path in ("/nowhere", "/api/v1/sweeps/9", "/api/v1/sweeps/-1", "/api/v1/sweeps/1e9/events"):
            self.assertEqual(self.ask("GET", path)[0], 404, path)
        self.assertEqual(self.ask("GET", "/api/v1/sweeps/1", token="wrong")[0], 401)
        self.assertEqual(self.ask("GET", "/healthz"), (200, "ok\n"))
        self.assertIsNone(self.process.poll())
        self.process.terminate()
        self.assertEqual(self.finish(self.process)[0], 0)

    def test_shutdown_ends_it_in_order(self):
        self.assertEqual(self.ask("POST", "/api/v1/shutdown")[0], 200)
        self.assertEqual(self.finish(self.process)[0], 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
