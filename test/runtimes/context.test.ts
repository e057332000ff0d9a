/** The `context` object in full, and the environment variables next to what AWS documents. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Runtime } from '@aws-sdk/client-lambda';
import type { Platform } from '../../src/index.ts';
import { openPlatform } from '../kit/started-platform.ts';
import { deploy } from './deployed-function.ts';

const CLIENT_CONTEXT = {
  client: {
    installation_id: 'i',
    app_title: 'shop',
    app_version_name: 'v',
    app_version_code: '7',
    app_package_name: 'p',
  },
  custom: { größe: 'XL' },
  env: { locale: 'de' },
};

let platform: Platform;
before(async () => {
  platform = await openPlatform({ runtimes: { 'nodejs22.x': process.execPath } });
});
after(() => platform.close());

for (const [Runtime, members] of [
  ['nodejs24.x', ['xRayTraceId']],
  ['nodejs22.x', ['callbackWaitsForEmptyEventLoop', 'done', 'fail', 'succeed']],
] as const) {
  test(`${Runtime}: the context has AWS's members`, async () => {
    const { name, invoke } = await deploy(
      platform,
      {
        'index.js': `exports.handler = async (event, context) => ({
          ...context, names: Object.keys(context).sort(), left: context.getRemainingTimeInMillis(), trace: process.env._X_AMZN_TRACE_ID,
        });`,
      },
      { Runtime, MemorySize: 256, Timeout: 30 },
    );
    const { value, tail } = await invoke({}, { clientContext: CLIENT_CONTEXT });
    const context = value as Record<string, unknown>;
    const always = [
      ...['awsRequestId', 'clientContext', 'functionName', 'functionVersion', 'getRemainingTimeInMillis'],
      ...['identity', 'invokedFunctionArn', 'logGroupName', 'logStreamName', 'memoryLimitInMB', 'tenantId'],
    ];
    assert.deepEqual(context['names'], [...always, ...members].sort());
    assert.equal(context['awsRequestId'], /[0-9a-f-]{36}/.exec(tail)![0]);
    assert.equal(context['functionName'], name);
    assert.equal(context['functionVersion'], '$LATEST');
    assert.equal(context['memoryLimitInMB'], '256');
    assert.equal(context['logGroupName'], `/aws/lambda/${name}`);
    assert.match(String(context['logStreamName']), /^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/);
    assert.equal(context['invokedFunctionArn'], `arn:aws:lambda:us-east-1:000000000000:function:${name}`);
    assert.deepEqual(context['clientContext'], CLIENT_CONTEXT);
    assert.ok(Number(context['left']) > 0 && Number(context['left']) <= 30_000);
    assert.match(String(context['trace']), /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};/);
    if (Runtime === 'nodejs24.x') assert.equal(context['xRayTraceId'], context['trace']);
    const without = await invoke();
    assert.equal('clientContext' in (without.value as object), false);
  });
}

test("Python: the context has AWS's members", async () => {
  const found = (await platform.runtimes()).filter(
    ({ runtime, resolution }) => runtime.startsWith('python') && resolution.available,
  );
  const python = found.at(-1)?.runtime as Runtime | undefined;
  assert.ok(python !== undefined, 'no Python of 3.10 or later is on this host');
  const { name, invoke } = await deploy(
    platform,
    {
      'app.py': `
def handler(event, context):
    client = context.client_context
    return {
        "names": sorted(name for name in dir(context) if not name.startswith("_")),
        "values": [context.function_name, context.function_version, context.memory_limit_in_mb, context.log_group_name, context.tenant_id],
        "arn": context.invoked_function_arn, "id": context.aws_request_id, "stream": context.log_stream_name,
        "left": context.get_remaining_time_in_millis(), "w3c": context.w3c(),
        "identity": [context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id],
        "client": client and [client.custom, client.env, client.client and client.client.app_title],
        "text": str(context),
    }
`,
    },
    { Runtime: python, Handler: 'app.handler', MemorySize: 256 },
  );
  const clientContext = { ...CLIENT_CONTEXT, w3c: { traceparent: '00-1', other: 'x', tracestate: 7 } };
  const { value, tail } = await invoke({}, { clientContext });
  const context = value as Record<string, unknown>;
  assert.deepEqual(context['names'], [
    ...[
      'aws_request_id',
      'client_context',
      'function_name',
      'function_version',
      'get_remaining_time_in_millis',
    ],
    ...['identity', 'invoked_function_arn', 'log', 'log_group_name', 'log_stream_name', 'memory_limit_in_mb'],
    ...['tenant_id', 'w3c'],
  ]);
  assert.deepEqual(context['values'], [name, '$LATEST', '256', `/aws/lambda/${name}`, null]);
  assert.equal(context['arn'], `arn:aws:lambda:us-east-1:000000000000:function:${name}`);
  assert.equal(context['id'], /[0-9a-f-]{36}/.exec(tail)![0]);
  assert.ok(Number(context['left']) > 0 && Number(context['left']) <= 30_000);
  assert.deepEqual(context['identity'], [null, null]);
  assert.deepEqual(context['client'], [CLIENT_CONTEXT.custom, CLIENT_CONTEXT.env, 'shop']);
  assert.deepEqual(context['w3c'], { traceparent: '00-1' });
  assert.match(
    String(context['text']),
    /^LambdaContext\(\[aws_request_id=.*,client_context=ClientContext\(\[custom=.*,tenant_id=None\]\)$/,
  );
  const without = (await invoke()).value as Record<string, unknown>;
  assert.equal(without['client'], null);
});
