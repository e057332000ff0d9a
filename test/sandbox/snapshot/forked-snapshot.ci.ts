/** Environments that are copies of one process: what each has for itself, and what none of them can do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostProblem, snapshotOf } from './snapshot-host.ts';

const problem = await hostProblem();
assert.equal(problem, undefined, `snapshots cannot be tested: ${problem}`);
snapshotTests();

const STATE = `
import os, random, uuid
IDENTITY = str(uuid.uuid4())
PROCESS = os.getpid()
with open("/tmp/init", "w") as file:
    file.write("from init")
os.makedirs("/tmp/folder/inside")
OFFSET = open("/var/task/app.py")
OFFSET.read(5)
UNLINKED = open("/tmp/unlinked", "w+")
UNLINKED.write("kept")
UNLINKED.flush()
os.unlink("/tmp/unlinked")
READ, WRITE = os.pipe()
def handler(event, context):
    if "write" in event:
        open(event["write"], "w").close()
        os.write(WRITE, b"mine")
        UNLINKED.write(" changed")
        UNLINKED.flush()
    os.set_blocking(READ, False)
    try:
        piped = os.read(READ, 100).decode() if "read" in event else None
    except BlockingIOError:
        piped = ""
    UNLINKED.seek(0)
    permitted = next(line for line in open("/proc/self/status") if line.startswith("CapPrm"))
    return {"identity": IDENTITY, "random": random.random(), "tmp": sorted(os.listdir("/tmp")),
            "init": open("/tmp/init").read(), "text": OFFSET.read(4), "unlinked": UNLINKED.read(), "piped": piped,
            "processes": [name for name in os.listdir("/proc") if name.isdigit()], "own": str(os.getpid()),
            "capabilities": int(permitted.split()[1], 16), "routes": open("/proc/net/fib_trie").read(),
            "readOnly": not os.access("/proc/self/oom_score_adj", os.W_OK)}
`;

function snapshotTests(): void {
  test('copies go on where init ended, and change nothing for one another', async (context) => {
    const { restore } = await snapshotOf(context, STATE);
    const [one, other] = [await restore(), await restore()];
    const first = await one.invoke({ write: '/tmp/of-one' });
    const second = await other.invoke({ read: true });
    assert.equal(first['identity'], second['identity']);
    assert.notEqual(first['random'], second['random']);
    assert.deepEqual(first['tmp'], ['folder', 'init', 'of-one']);
    assert.deepEqual(second['tmp'], ['folder', 'init']);
    for (const answer of [first, second]) {
      assert.equal(answer['init'], 'from init');
      // The offset in a file that was open when the snapshot was taken is each copy's own.
      assert.equal(answer['text'], 'rt o');
      assert.equal(answer['capabilities'], 0);
      assert.equal(answer['readOnly'], true);
    }
    assert.deepEqual([first['unlinked'], second['unlinked']], ['kept changed', 'kept']);
    assert.equal(second['piped'], '');
  });

  test('copies see no process but their own, and have a network of their own', async (context) => {
    const { restore } = await snapshotOf(context, STATE);
    const copies = [await restore(), await restore()];
    const answers = await Promise.all(copies.map((copy) => copy.invoke({})));
    for (const { processes, own } of answers) assert.deepEqual(processes, ['1', own]);
    const [first, second] = answers.map(({ routes }) => String(routes));
    // Where the host can make networks at all, each has an address of its own in it.
    if (first!.includes('169.254.')) assert.notEqual(first, second);
  });

  test('a copy that ends takes no other with it; the snapshot takes all', async (context) => {
    const { restore, snapshot } = await snapshotOf(context, STATE);
    const [one, other] = [await restore(), await restore()];
    await one.environment.kill();
    assert.equal((await other.invoke({}))['init'], 'from init');
    await snapshot.close();
    await assert.rejects(restore());
  });

  test('a copy that is made ahead is as any other, once it has an owner', async (context) => {
    const code = `
import os
from snapshot_restore_py import register_after_restore
HEARD = []
register_after_restore(lambda: HEARD.append(os.environ["NUMBER"]))
def handler(event, context):
    return {"heard": HEARD, "number": os.environ["NUMBER"]}
`;
    const { sandbox, snapshot, restore } = await snapshotOf(context, code, 1);
    snapshot.expect!();
    while (sandbox.pooledEnvironments === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const ahead = await restore();
    assert.equal(sandbox.pooledEnvironments, 0);
    const other = await restore();
    const answers = [await ahead.invoke({}), await other.invoke({})];
    for (const { heard, number } of answers) assert.deepEqual(heard, [number]);
    assert.notEqual(answers[0]!['number'], answers[1]!['number']);
  });

  test('event loops of init run in the copies, and its connections are dead there', async (context) => {
    const { restore } = await snapshotOf(
      context,
      `
import asyncio, socket
loop = asyncio.new_event_loop()
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
async def ticks():
    await asyncio.sleep(0.001)
    return await loop.run_in_executor(None, lambda: "ticked")
def received():
    try:
        return client.recv(10).decode()
    except ConnectionError:
        return ""
def handler(event, context):
    return {"ran": loop.run_until_complete(ticks()), "received": received()}
`,
    );
    for (const copy of [await restore(), await restore()])
      assert.deepEqual(await copy.invoke({}), { ran: 'ticked', received: '' });
  });

  test('neither init nor a copy can leave its namespaces', async (context) => {
    const attempt = `
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def attempt():
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)(1 << 21, 1 << 21)
    libc.capset(header, sets)
    number = {"x86_64": 272, "aarch64": 97}[os.uname().machine]
    found = []
    for flags in (0x28020000, 0x68020000, 0x10000000):
        for guess in (0, 1, 2**63):
            call = [ctypes.c_ulong(value) for value in (flags, 0, 0, 0, 0, guess)]
            found.append(libc.syscall(ctypes.c_long(number), *call))
    found.append(libc.mount(b"x", b"/tmp", b"tmpfs", 0, None))
    return found
IN_INIT = attempt()
def handler(event, context):
    return {"init": IN_INIT, "copy": attempt()}
`;
    const { restore } = await snapshotOf(context, attempt);
    const refused = Array.from({ length: 10 }, () => -1);
    assert.deepEqual(await (await restore()).invoke({}), { init: refused, copy: refused });
  });

  test('hooks run in their order, before once and after in every copy', async (context) => {
    const { restore, printed } = await snapshotOf(
      context,
      `
from snapshot_restore_py import register_after_restore, register_before_snapshot
for number in (1, 2):
    register_before_snapshot(print, "before", number)
@register_after_restore
def one():
    print("after", 1)
register_after_restore(print, "after", 2)
def handler(event, context):
    return {}
`,
    );
    assert.deepEqual(await printed(2), ['before 2', 'before 1']);
    for (const copy of [await restore(), await restore()])
      assert.deepEqual(await copy.printed(2), ['after 1', 'after 2']);
  });

  test('a hook that raises fails the snapshot, or the copy', async (context) => {
    const before = `
from snapshot_restore_py import register_before_snapshot
register_before_snapshot(lambda: 1 / 0)
handler = None
`;
    await assert.rejects(snapshotOf(context, before), /Runtime\.BeforeSnapshotError.*division by zero/);
    const after = `
from snapshot_restore_py import register_after_restore
register_after_restore(lambda: 1 / 0)
handler = None
`;
    const { restore } = await snapshotOf(context, after);
    await assert.rejects(restore(), /Runtime\.AfterRestoreError.*division by zero/);
  });

  test('directories that init has gone to or opened are the copy’s own', async (context) => {
    const { restore } = await snapshotOf(
      context,
      `
import os
os.chdir("/tmp")
PROC = os.open("/proc", os.O_RDONLY)
TMP = os.open("/tmp", os.O_RDONLY)
os.mkdir("gone")
GONE = os.open("gone", os.O_RDONLY)
os.rmdir("gone")
def handler(event, context):
    if "write" in event:
        open(event["write"], "w").close()
    return {"here": os.listdir("."), "tmp": os.listdir(TMP), "processes": [name for name in os.listdir(PROC) if name.isdigit()]}
`,
    );
    const [one, other] = [await restore(), await restore()];
    const first = await one.invoke({ write: 'mine' });
    assert.deepEqual([first['here'], first['tmp']], [['mine'], ['mine']]);
    const { here, tmp, processes } = await other.invoke({});
    assert.deepEqual([here, tmp], [[], []]);
    assert.equal((processes as string[]).length, 2);
  });

  test('a process that init leaves running is refused', async (context) => {
    const code = `
import subprocess
subprocess.Popen(["sleep", "1000"])
handler = None
`;
    await assert.rejects(snapshotOf(context, code), /left processes running/);
  });

  test('a thread that init leaves running is refused by name', async (context) => {
    const code = `
import threading
threading.Thread(target=threading.Event().wait, name="poller", daemon=True).start()
handler = None
`;
    await assert.rejects(snapshotOf(context, code), /left threads running.*poller/);
  });
}
