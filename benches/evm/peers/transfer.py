"""1,000 ERC-20 transfers with pyrevm: microseconds of the median run on standard output. Usage: transfer.py SCENE CALL_DATA"""

import json
import statistics
import sys
import time

import pyrevm

scene = json.load(open(sys.argv[1], encoding="utf-8"))
data = bytes.fromhex(sys.argv[2])
environment = pyrevm.Env(block=pyrevm.BlockEnv(number=1, timestamp=2_000_000_000, gas_limit=1_000_000_000))
evm = pyrevm.EVM(spec_id="CANCUN", gas_limit=1_000_000_000, env=environment)
for person in scene["people"]:
    evm.set_balance(person, 10**22)
for step in scene["setup"]:
    code = bytes.fromhex(step["data"][2:])
    if step["to"] is None:
        evm.deploy(step["from"], code)
    else:
        evm.message_call(caller=step["from"], to=step["to"], calldata=code)
sender, airdrop = scene["people"][0], scene["contracts"]["airdrop"]
times = []
for _ in range(30):
    mark = evm.snapshot()
    start = time.perf_counter()
    evm.message_call(caller=sender, to=airdrop, calldata=data, gas=900_000_000)
    times.append((time.perf_counter() - start) * 1e6)
    evm.revert(mark)
print(statistics.median(times[5:]))
