"""Reads a coordinator's journal from outside: every event, in order. Knows Protobuf's wire format and the numbers of
wire/events.proto, nothing of our code."""
import pathlib
import sqlite3

KINDS = {5: "agent_joined", 6: "agent_lost", 7: "attempt_placed", 9: "attempt_running", 10: "checkpoint_accepted",
         12: "rank_ended", 14: "job_requeued", 15: "job_ended"}
NAMES = {
    "agent_joined": {1: "agent", 2: "epoch", 3: "name", 4: "host"},
    "agent_lost": {1: "agent", 2: "epoch", 3: "reason"},
    "attempt_placed": {1: "job", 2: "attempt", 3: "slots", 5: "resume"},
    "attempt_running": {1: "job", 2: "attempt", 3: "step"},
    "checkpoint_accepted": {1: "job", 2: "attempt", 3: "checkpoint"},
    "rank_ended": {1: "job", 2: "attempt", 3: "rank", 4: "outcome", 7: "reason"},
    "job_requeued": {1: "job", 2: "attempt", 4: "reason"},
    "job_ended": {1: "job", 2: "state", 3: "reason"},
}
CHECKPOINT = {1: "step", 2: "path"}


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    """Pairs of number and value: int, or bytes."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = varint(data, at)
        else:
            size, at = varint(data, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
            value, at = data[at:at + size], at + size
        yield number, value


def named(data, names):
    """Absent numbers are 0, as in Protobuf; repeated messages and absent texts are left to the caller."""
    found = {}
    for number, value in fields(data):
        if number in names:
            found.setdefault(names[number], []).append(value)
    return found


def event(data):
    for number, body in fields(data):
        if number not in KINDS:
            continue
        kind = KINDS[number]
        found = {"kind": kind, "agents": []}
        for name, values in named(body, NAMES[kind]).items():
            if name == "slots":
                found["agents"] = [dict(fields(slot)).get(1, 0) for slot in values]
            elif name in ("resume", "checkpoint"):
                found[name] = {key: value[0] for key, value in named(values[0], CHECKPOINT).items()}
            else:
                found[name] = values[0]
        return {key: value.decode() if isinstance(value, bytes) else value for key, value in found.items()}
    return None


def read(state):
    """The events that these tests look at; the coordinator must not be running."""
    database = sqlite3.connect(pathlib.Path(state) / "journal.db")
    try:
        bodies = [row[0] for row in database.execute("SELECT body FROM batches ORDER BY first")]
    finally:
        database.close()
    events = [event(value) for body in bodies for number, value in fields(body) if number == 1]
    return [one for one in events if one is not None]


def of(events, kind):
    return [one for one in events if one["kind"] == kind]
