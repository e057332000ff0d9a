/** Java functions on AWS's own interface client, which is fetched from Maven Central, with a JDK of this host. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Platform } from '../../src/index.ts';
import { start } from '../../src/index.ts';
import type { IsolationLevel } from '../../src/ports/environment.ts';
import type { Log } from '../../src/ports/log.ts';
import { hostInterpreters } from '../../src/sandbox/catalog/host-interpreters.ts';
import { provideJavaClient } from '../../src/sandbox/catalog/java-client.ts';
import { javaClientDirectory } from '../../src/sandbox/runtime-files.ts';
import { startedPlatform } from '../kit/started-platform.ts';
import type { DeployedFunction } from './deployed-function.ts';
import { create, deploy, substitutedRuntime } from './deployed-function.ts';

const run = promisify(execFile);
const SOURCES = fileURLToPath(new URL('java-function/', import.meta.url));

const said: string[] = [];
const say = (_fields: object, message: string): void => void said.push(message);
const LOG: Log = { debug: say, info: say, warn: say, error: say };

let scratch: string;
let client: string;
let files: Record<string, Buffer>;
let jdk: { readonly runtime: 'java17'; readonly bin: string };
before(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'selfsame-test-'));
  await provideJavaClient(scratch, { log: LOG });
  client = javaClientDirectory(scratch);
  const path = (await hostInterpreters()).find(
    ({ family, version }) => family === 'java' && /^17\b/.test(version),
  );
  assert.ok(path !== undefined, 'no Java 17 is on this host');
  jdk = { runtime: 'java17', bin: dirname(path.path) };
  files = await builtFiles();
});
after(() => rm(scratch, { recursive: true }));

/** Classes at the top of the package, and a jar in its `lib`. */
async function builtFiles(): Promise<Record<string, Buffer>> {
  const output = join(scratch, 'package');
  const library = join(scratch, 'library');
  const javac = join(jdk.bin, 'javac');
  await run(javac, ['-d', library, join(SOURCES, 'library/library/Greeting.java')]);
  const classPath = `${join(client, 'lib')}/*:${library}`;
  await run(javac, ['-d', output, '-cp', classPath, join(SOURCES, 'src/example/Handler.java')]);
  await run(join(jdk.bin, 'jar'), ['cf', join(scratch, 'greeting.jar'), '-C', library, '.']);
  const built: Record<string, Buffer> = { 'lib/greeting.jar': await readFile(join(scratch, 'greeting.jar')) };
  for (const entry of await readdir(output, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile()) built[relative(output, file)] = await readFile(file);
  }
  return built;
}

test('AWS’s client is fetched once, with word of it', async () => {
  assert.deepEqual((await readdir(join(client, 'lib'))).sort(), [
    'aws-lambda-java-core-1.4.0.jar',
    'aws-lambda-java-runtime-interface-client-2.9.0.jar',
    'aws-lambda-java-serialization-1.2.0.jar',
    'libaws-lambda-jni.so',
    'utils-lite-2.34.0.jar',
  ]);
  const [first, ...rest] = said;
  assert.equal(first, "Fetching AWS's Java runtime interface client, once.");
  assert.equal(rest.at(-1), "Fetched AWS's Java runtime interface client.");
  assert.equal((await stat(client)).mode & 0o777, 0o755, 'every user of a function can read it');
  const before = said.length;
  await provideJavaClient(scratch, { log: LOG });
  assert.equal(said.length, before);
  assert.deepEqual(
    (await readdir(scratch)).filter((name) => name.startsWith('fetching-')),
    [],
  );
});

test('without the client and leave to fetch it, the function is Failed with the reason', async (context) => {
  const options = { port: 0, dataDir: 'temporary', logLevel: 'silent', fetchRuntimes: false } as const;
  const platform = await start(options);
  context.after(() => platform.close());
  const { configuration } = await create(platform, files, { Runtime: 'java17', Handler: 'example.Handler' });
  assert.equal(configuration.State, 'Failed');
  assert.equal(
    configuration.StateReason,
    "AWS's Java runtime interface client is not on this host, and fetching is switched off.",
  );
  const listing = (await platform.runtimes()).find(({ runtime }) => runtime === 'java17');
  assert.deepEqual([listing?.resolution.available, listing?.fetchable], [false, true]);
});

test('a client that could not be fetched makes the function Failed, with what to check', async (context) => {
  context.mock.method(globalThis, 'fetch', async () => new Response('', { status: 503 }));
  const platform = await startedPlatform(context, { fetchRuntimes: true, logLevel: 'silent' });
  const { configuration } = await create(platform, files, { Runtime: 'java17', Handler: 'example.Handler' });
  assert.equal(configuration.State, 'Failed');
  assert.match(
    configuration.StateReason!,
    /^AWS's Java runtime interface client is not on this host and could not be fetched: https:\S+\.jar: status 503\. Check that this host reaches Maven Central\.$/,
  );
});

for (const isolation of ['process', 'namespaces', 'oci'] as const satisfies readonly IsolationLevel[]) {
  describe(`Java at the level ${isolation}`, () => {
    let dataDir: string;
    let platform: Platform;
    let java: DeployedFunction;
    const settings = {
      Runtime: 'java17',
      Handler: 'example.Handler::handleRequest',
      MemorySize: 512,
    } as const;
    before(async () => {
      dataDir = await mkdtemp(join(tmpdir(), 'selfsame-test-'));
      await cp(client, javaClientDirectory(join(dataDir, 'runtimes')), { recursive: true });
      platform = await start({ port: 0, dataDir, logLevel: 'error', isolation, nearestRuntime: true });
      java = await deploy(platform, files, settings);
    });
    after(async () => {
      await platform.close();
      await rm(dataDir, { recursive: true });
    });

    test('answers with what the handler returns, as JSON', async () => {
      const event = { what: 'echo', text: 'größer 😀', list: [1, null, 2.5] };
      assert.deepEqual((await java.invoke(event)).value, event);
      assert.equal((await java.invoke({ what: 'version' })).value, '17');
      assert.equal((await java.invoke({ what: 'count' })).value, 1);
      assert.equal((await java.invoke({ what: 'count' })).value, 2);
      assert.equal((await java.invoke({ what: 'library' })).value, 'from a library');
      assert.equal((await java.invoke({ what: 'secure' })).value, 'Default');
    });

    test('finds a method by its name', async () => {
      const { invoke } = await deploy(platform, files, { ...settings, Handler: 'example.Handler::greet' });
      assert.equal((await invoke({ name: 'you' })).value, 'hello you');
    });

    test('gives the handler AWS’s context', async () => {
      const { value } = await java.invoke({ what: 'context' }, { clientContext: { custom: { a: '1' } } });
      const { left, id, ...rest } = value as Record<string, unknown>;
      assert.deepEqual(rest, {
        arn: `arn:aws:lambda:us-east-1:000000000000:function:${java.name}`,
        name: java.name,
        version: '$LATEST',
        memory: 512,
        group: `/aws/lambda/${java.name}`,
        custom: { a: '1' },
      });
      assert.match(id as string, /^[0-9a-f-]{36}$/);
      assert.ok((left as number) > 0 && (left as number) <= 30_000);
    });

    test('starts Java with AWS’s flags, and those of JAVA_TOOL_OPTIONS', async () => {
      const Environment = { Variables: { JAVA_TOOL_OPTIONS: '-Dours=1' } };
      const { invoke, logEvents } = await deploy(platform, files, { ...settings, Environment });
      const { value } = await invoke({ what: 'arguments' });
      for (const argument of [
        '-Dours=1',
        // 85% of 512 MB, in KiB.
        '-XX:MaxHeapSize=445646k',
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1',
      ])
        assert.ok((value as string[]).includes(argument), `${argument}: ${JSON.stringify(value)}`);
      assert.ok((await logEvents()).includes('Picked up JAVA_TOOL_OPTIONS: -Dours=1'));
    });

    test('reports an exception, and goes on', async () => {
      const before = (await java.invoke({ what: 'count' })).value as number;
      assert.ok(before > 2);
      const { errorMessage, errorType, stackTrace } = await java.fail({ what: 'raises' });
      assert.deepEqual([errorMessage, errorType], ['as asked', 'java.lang.IllegalStateException']);
      assert.match(stackTrace![0]!, /^example\.Handler\.handleRequest\(Handler\.java:\d+\)$/);
      assert.equal((await java.invoke({ what: 'count' })).value, before + 1);
    });

    test('reports a handler that is not there', async () => {
      const { fail } = await deploy(platform, files, { ...settings, Handler: 'example.Absent' });
      const { errorType, errorMessage } = await fail();
      assert.equal(errorType, 'java.lang.ClassNotFoundException');
      assert.equal(errorMessage, 'Class not found: example.Absent');
    });

    test('logs what the function writes', async () => {
      assert.equal((await java.invoke({ what: 'log' })).value, 'logged');
      const events = await java.logEvents();
      assert.ok(events.includes('from the logger') && events.includes('from stdout'), JSON.stringify(events));
    });

    test('is ended by its time-out, and starts anew', async () => {
      // At the share of processor time that 512 MB get, Java and the first event take a second.
      const slow = await deploy(platform, files, { ...settings, Timeout: 3 });
      const { errorType, errorMessage } = await slow.fail({ what: 'sleep' });
      assert.equal(errorType, 'Sandbox.Timedout');
      assert.match(errorMessage, /Task timed out after 3\.00 seconds$/);
      assert.equal((await slow.invoke({ what: 'count' })).value, 1);
    });

    test('a later Java stands in for one that this host lacks, and says so', async () => {
      const Runtime = await substitutedRuntime(platform, 'java');
      const { invoke, logEvents } = await deploy(platform, files, { ...settings, Runtime });
      const { value } = await invoke({ what: 'version' });
      assert.ok(Number(value) > Number(Runtime.slice('java'.length)));
      assert.match((await logEvents()).join('\n'), /\tWARN\tThis host has no interpreter for java\d+; /);
    });
  });
}

test('a configured path of Java may be a link', async (context) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'selfsame-test-'));
  context.after(() => rm(dataDir, { recursive: true }));
  await cp(client, javaClientDirectory(join(dataDir, 'runtimes')), { recursive: true });
  const link = join(scratch, 'java');
  await symlink(join(jdk.bin, 'java'), link);
  const platform = await startedPlatform(context, { dataDir, runtimes: { java21: link } });
  const { invoke } = await deploy(platform, files, { Runtime: 'java21', Handler: 'example.Handler' });
  assert.equal((await invoke({ what: 'secure' })).value, 'Default');
});

test('in a sandbox the native library of the client takes no room in /tmp', async (context) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'selfsame-test-'));
  context.after(() => rm(dataDir, { recursive: true }));
  await cp(client, javaClientDirectory(join(dataDir, 'runtimes')), { recursive: true });
  const platform = await start({ port: 0, dataDir, logLevel: 'error', isolation: 'namespaces' });
  context.after(() => platform.close());
  const { invoke } = await deploy(platform, files, { Runtime: 'java17', Handler: 'example.Handler' });
  const { value } = await invoke({ what: 'temporary' });
  assert.deepEqual(
    (value as string[]).filter((name) => !name.startsWith('hsperfdata')),
    [],
  );
});
