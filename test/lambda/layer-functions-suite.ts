/** Functions that use layers: the same at every level of isolation. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { CreateFunctionCommandInput } from '@aws-sdk/client-lambda';
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  DeleteLayerVersionCommand,
  InvokeCommand,
  LambdaClient,
  PublishLayerVersionCommand,
  PublishVersionCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import type { Platform } from '../../src/index.ts';
import type { IsolationLevel } from '../../src/ports/environment.ts';
import { clientSettings, openPlatform } from '../kit/started-platform.ts';
import { type ZipFileContent, zipOf } from '../kit/zip.ts';
import { ROLE, untilUpdated } from './control/lambda-server.ts';

type Files = Readonly<Record<string, string | ZipFileContent>>;

/** Where layers are is told by the environment: `/opt` inside, elsewhere at the level of plain processes. */
const READ = `
const fs = require('node:fs');
const opt = process.env.NODE_PATH.split(':')[1].slice(0, -'/nodejs/node_modules'.length);
exports.handler = async (paths) => paths.map((path) => {
  try { return fs.readFileSync(opt + '/' + path, 'utf8'); } catch (error) { return error.code; }
});`;

const EXECUTABLE = 0o100755;
const LINK = 0o120777;

/** A custom runtime in shell: one event after the other, each answered with the handler's name. */
const BOOTSTRAP = `#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while :; do
  id=$(curl -s -D - -o /dev/null "$api/next" | tr -d '\\r' | sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: //p')
  curl -s -o /dev/null -d "\\"from the layer: $_HANDLER\\"" "$api/$id/response"
done
`;

export function testFunctionsWithLayers(level: IsolationLevel): void {
  describe(`functions with layers at ${level}`, () => layerTests(level));
}

function layerTests(level: IsolationLevel): void {
  let platform: Platform;
  let lambda: LambdaClient;

  before(async () => {
    platform = await openPlatform({ isolation: level, nearestRuntime: true });
    lambda = new LambdaClient(clientSettings(platform));
  });

  after(async () => {
    lambda.destroy();
    await platform.close();
  });

  const publish = async (LayerName: string, files: Files): Promise<string> => {
    const command = new PublishLayerVersionCommand({ LayerName, Content: { ZipFile: await zipOf(files) } });
    return (await lambda.send(command)).LayerVersionArn!;
  };

  const create = async (
    FunctionName: string,
    files: Files,
    change: Partial<CreateFunctionCommandInput>,
  ): Promise<void> => {
    await lambda.send(
      new CreateFunctionCommand({
        FunctionName,
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Role: ROLE,
        MemorySize: 1769,
        Timeout: 20,
        Code: { ZipFile: await zipOf(files) },
        ...change,
      }),
    );
  };

  const invoke = async (FunctionName: string, event: unknown = null): Promise<unknown> => {
    const command = new InvokeCommand({ FunctionName, Payload: JSON.stringify(event) });
    const { FunctionError, Payload } = await lambda.send(command);
    const text = Payload!.transformToString();
    assert.equal(FunctionError, undefined, text);
    return JSON.parse(text);
  };

  test('layers are laid over one another in order; later files take the place of earlier ones', async () => {
    const Layers = [
      await publish('under', {
        both: 'under',
        under: 'under',
        'd/under': 'u',
        'd/both': 'u',
        tree: 'a file',
      }),
      await publish('middle', {
        both: 'middle',
        'd/both': 'm',
        'tree/leaf': 'a directory now',
        'd/link': { content: 'both', mode: LINK },
      }),
      await publish('over', { both: 'over', 'd/link': 'no link any more' }),
    ];
    await create('merged', { 'index.js': READ }, { Layers });
    const paths = ['both', 'under', 'd/under', 'd/both', 'tree/leaf', 'd/link', 'absent'];
    assert.deepEqual(await invoke('merged', paths), [
      'over',
      'under',
      'u',
      'm',
      'a directory now',
      'no link any more',
      'ENOENT',
    ]);
    await create('reversed', { 'index.js': READ }, { Layers: [...Layers].reverse() });
    assert.deepEqual(await invoke('reversed', ['both', 'd/link', 'tree']), ['under', 'u', 'a file']);
  });

  test('another list of layers counts from the next invocation on; a published version keeps its own', async () => {
    const one = await publish('one', { which: 'one' });
    const two = await publish('two', { which: 'two' });
    await create('changing', { 'index.js': READ }, { Layers: [one] });
    assert.deepEqual(await invoke('changing', ['which']), ['one']);
    await lambda.send(new PublishVersionCommand({ FunctionName: 'changing' }));
    const change = async (Layers: string[]): Promise<void> => {
      await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'changing', Layers }));
      await untilUpdated(lambda, 'changing');
    };
    await change([two]);
    assert.deepEqual(await invoke('changing', ['which']), ['two']);
    assert.deepEqual(await invoke('changing:1', ['which']), ['one']);
    await change([one, two]);
    assert.deepEqual(await invoke('changing', ['which']), ['two']);
    await change([]);
    assert.deepEqual(await invoke('changing', ['which']), ['ENOENT']);
  });

  test('a deleted version works on in the functions that have it, also in new environments', async () => {
    const base = await publish('base', { base: 'base' });
    const extra = await publish('extra', { extra: 'extra' });
    await create('keeping', { 'index.js': READ }, { Layers: [base, extra] });
    for (const LayerName of ['base', 'extra'])
      await lambda.send(new DeleteLayerVersionCommand({ LayerName, VersionNumber: 1 }));
    assert.deepEqual(await invoke('keeping', ['base', 'extra']), ['base', 'extra']);
    await lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName: 'keeping', Description: 'another generation' }),
    );
    await untilUpdated(lambda, 'keeping');
    assert.deepEqual(await invoke('keeping', ['base', 'extra']), ['base', 'extra']);
    await lambda.send(new DeleteFunctionCommand({ FunctionName: 'keeping' }));
  });

  test('Node.js finds modules of layers, those for its version first, by require and by import', async () => {
    const module = (name: string): string => `exports.name = '${name}';`;
    const Layers = [
      await publish('node-modules', {
        'nodejs/node_modules/general/index.js': module('general'),
        'nodejs/node_modules/both/index.js': module('general'),
        'nodejs/node24/node_modules/both/index.js': module('for 24'),
      }),
    ];
    const code = `import general from 'general';
      import { createRequire } from 'node:module';
      const require = createRequire(import.meta.url);
      export const handler = async () => [general.name, require('both').name];`;
    await create('node-layer', { 'index.mjs': code }, { Layers });
    assert.deepEqual(await invoke('node-layer'), ['general', 'for 24']);
  });

  test('Python finds modules of layers in python and in site-packages of its version', async () => {
    const Layers = [
      await publish('python-modules', {
        'python/in_python.py': 'NAME = "in python"\n',
        ...Object.fromEntries(
          ['3.10', '3.11', '3.12', '3.13', '3.14'].map((version) => [
            `python/lib/python${version}/site-packages/in_site_packages.py`,
            `NAME = "for ${version}"\n`,
          ]),
        ),
      }),
    ];
    const code = `import sys, in_python, in_site_packages
def handler(event, context):
    version = "for %d.%d" % sys.version_info[:2]
    return [in_python.NAME, in_site_packages.NAME == version]
`;
    await create(
      'python-layer',
      { 'app.py': code },
      { Runtime: 'python3.12', Handler: 'app.handler', Layers },
    );
    assert.deepEqual(await invoke('python-layer'), ['in python', true]);
  });

  test('a custom runtime may be in a layer', async () => {
    const Layers = [await publish('runtime', { bootstrap: { content: BOOTSTRAP, mode: EXECUTABLE } })];
    await create('custom', { 'data.txt': 'x' }, { Runtime: 'provided.al2023', Handler: 'some.name', Layers });
    assert.equal(await invoke('custom'), 'from the layer: some.name');
  });

  test('AWS_LAMBDA_EXEC_WRAPPER starts the runtime its own way, in Node.js and Python', async () => {
    const wrapper = '#!/bin/sh\nWRAPPED="$(basename "$1") and $(($# - 1)) more" exec "$@"\n';
    const Layers = [
      await publish('wrapper', { 'bin/wrap': { content: wrapper, mode: EXECUTABLE }, plain: '' }),
    ];
    const wrappedBy = (path: string): Partial<CreateFunctionCommandInput> => ({
      Layers,
      Environment: { Variables: { AWS_LAMBDA_EXEC_WRAPPER: path } },
    });
    const inNode = 'exports.handler = async () => process.env.WRAPPED;';
    await create('node-wrapped', { 'index.js': inNode }, wrappedBy('/opt/bin/wrap'));
    assert.match(String(await invoke('node-wrapped')), /^node.* and [1-9]\d* more$/);
    const inPython = 'import os\ndef handler(event, context):\n    return os.environ["WRAPPED"]\n';
    await create(
      'python-wrapped',
      { 'index.py': inPython },
      { ...wrappedBy('/opt/bin/wrap'), Runtime: 'python3.12' },
    );
    assert.match(String(await invoke('python-wrapped')), /^python.* and 1 more$/);
    for (const [name, path, status] of [
      ['no-wrapper', '/opt/absent', 127],
      ['plain-wrapper', '/opt/plain', 126],
    ] as const) {
      await create(name, { 'index.js': inNode }, wrappedBy(path));
      const { Payload } = await lambda.send(new InvokeCommand({ FunctionName: name }));
      const { errorType, errorMessage } = JSON.parse(Payload!.transformToString());
      assert.equal(errorType, 'Runtime.ExitError');
      assert.match(errorMessage, new RegExp(`exit status ${status}$`));
    }
  });

  test('programs of layers are on the path', async () => {
    const Layers = [
      await publish('programs', { 'bin/greet': { content: '#!/bin/sh\necho hello\n', mode: EXECUTABLE } }),
    ];
    const code = `const { execFileSync } = require('node:child_process');
      exports.handler = async () => execFileSync('greet', { encoding: 'utf8' });`;
    await create('path', { 'index.js': code }, { Layers });
    assert.equal(await invoke('path'), 'hello\n');
  });
}
