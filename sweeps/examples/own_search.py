"""A searcher of one's own for a sweep with `method: custom`, here a golden-section search for the least metric over x:
python3 sweeps/examples/own_search.py BATCHWRIGHT SWEEP [OPTION...]
"""
import json, subprocess, sys, time

program, sweep, options = sys.argv[1], sys.argv[2], sys.argv[3:]
low, high, shrink = 0.0, 1.0, (5 ** 0.5 - 1) / 2

def call(verb, *words, text=""):
    done = subprocess.run([program, verb, sweep, *words, *options], input=text, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)

while high - low > 0.02:
    wanted = [high - shrink * (high - low), low + shrink * (high - low)]
    asked = call("ask")
    call("tell", "-", text=json.dumps({"first": asked["first"], "points": [{"x": x} for x in wanted]}))
    while True:  # until both have an end
        now = [r for r in call("ask")["results"] if r["ordinal"] >= asked["first"]]
        if all(r["values"] for r in now): break
        time.sleep(0.1)
    left, right = (r["values"][-1] for r in now)
    low, high = (low, wanted[1]) if left < right else (wanted[0], high)
call("tell", "-", text=json.dumps({"end": f"the least lies in [{low:.3f}, {high:.3f}]"}))
