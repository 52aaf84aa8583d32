"""A data-parallel program of one's own, for ddp.yaml: it tells its losses, and stops and goes on when it is asked to."""
import json, os, select, socket
import torch, torch.distributed as dist

point, checkpoint = json.loads(os.environ["BATCHWRIGHT_POINT"]), os.environ["BATCHWRIGHT_CHECKPOINT"]
agent = socket.socket(fileno=int(os.environ["BATCHWRIGHT_FD"]))

def say(**message):
    agent.sendall((json.dumps(message) + "\n").encode())

def is_asked_to_stop():
    return bool(select.select([agent], [], [], 0)[0]) and b'"type":"stop"' in agent.recv(65536)

dist.init_process_group("gloo")  # from RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT
rank, world, step = dist.get_rank(), dist.get_world_size(), 0
torch.manual_seed(point["seed"])
net = torch.nn.Sequential(torch.nn.Linear(20, 64), torch.nn.Tanh(), torch.nn.Linear(64, 1))
model = torch.nn.parallel.DistributedDataParallel(net)
optimizer = torch.optim.Adam(model.parameters(), lr=point["learning_rate"])
if checkpoint:
    step, weights, moments = torch.load(checkpoint)
    model.load_state_dict(weights), optimizer.load_state_dict(moments)
say(type="running", step=step, total_steps=point["steps"])
stops = False
while step < point["steps"] and not stops:
    x = torch.randn(32, 20, generator=torch.Generator().manual_seed(step))[rank::world]
    loss = (model(x) - x.sin().sum(1, keepdim=True)).square().mean()
    optimizer.zero_grad(), loss.backward(), optimizer.step()
    step, sums = step + 1, torch.tensor([loss.item() / world, is_asked_to_stop()])
    dist.all_reduce(sums)  # so that all ranks leave after the same step
    loss, stops = sums[0].item(), sums[1].item() > 0
    say(type="progress", step=step, loss=loss)
    if rank == 0 and (stops or step % 500 == 0 or step == point["steps"]):
        path = os.path.join(os.environ["BATCHWRIGHT_DIR"], f"step-{step}.pt")
        torch.save([step, model.state_dict(), optimizer.state_dict()], path + ".new")
        os.rename(path + ".new", path)
        say(type="epoch_ended", step=step, metrics={"loss": loss})
        say(type="checkpoint_durable", step=step, path=path)
say(type="finished" if step == point["steps"] else "stopped", step=step)
dist.destroy_process_group()
