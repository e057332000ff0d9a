/**
 * Ruby functions, with the Ruby of this host standing in where it has another version. The words are those of AWS's own
 * client, the gem aws_lambda_ric (`lambda_handler.rb`, `lambda_errors.rb`, `lambda_context.rb`, `lambda_log_formatter.rb`).
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Platform } from '../../src/index.ts';
import { start } from '../../src/index.ts';
import type { IsolationLevel } from '../../src/ports/environment.ts';
import type { DeployedFunction } from './deployed-function.ts';
import { create, deploy } from './deployed-function.ts';

const CODE = `
require 'logger'
require 'stringio'
require 'channel'

class Refusal < StandardError; end

module Shop
  class Till
    def self.open(event:, context:)
      { 'sum' => event['items'].sum, 'of' => context.function_name }
    end
  end
end

def refuse
  raise Refusal, 'no'
end

def handler(event:, context:)
  case event['what']
  when 'echo' then event
  when 'context'
    { id: context.aws_request_id, arn: context.invoked_function_arn, name: context.function_name,
      version: context.function_version, memory: context.memory_limit_in_mb, group: context.log_group_name,
      stream: context.log_stream_name, client: context.client_context, left: context.get_remaining_time_in_millis,
      same: context.aws_request_id == $_global_aws_request_id }
  when 'environment' then ENV.to_h
  when 'own' then CHANNEL
  when 'nil' then nil
  when 'stream' then StringIO.new('{"from":"a stream"}')
  when 'raises' then refuse
  when 'argument' then raise ArgumentError, 'bad'
  when 'missing' then no_such_name
  when 'exit' then exit(3)
  when 'cyclic'
    list = []
    list << list
  when 'count' then $count = ($count || 0) + 1
  when 'sleep' then sleep
  when 'log'
    puts 'from puts', %w[a b]
    $stdout.puts 'from stdout'
    Logger.new($stdout).info('größer')
    Logger.new($stderr, progname: 'till').warn('two
lines')
    Logger.new(nil).error(RuntimeError.new('broken'))
    'logged'
  end
end
`;
const FILES = { 'app.rb': CODE, 'channel.rb': "CHANNEL = 'own'", 'broken.rb': "require 'no_such_file'" };
const SETTINGS = { Runtime: 'ruby3.4', Handler: 'app.handler' } as const;

for (const isolation of ['process', 'namespaces', 'oci'] as const satisfies readonly IsolationLevel[]) {
  describe(`Ruby at the level ${isolation}`, () => {
    let platform: Platform;
    let ruby: DeployedFunction;
    before(async () => {
      const options = { port: 0, dataDir: 'temporary', fetchRuntimes: false } as const;
      platform = await start({ ...options, logLevel: 'error', nearestRuntime: true, isolation });
      ruby = await deploy(platform, FILES, SETTINGS);
    });
    after(() => platform.close());

    test('answers with what the handler returns, as JSON', async () => {
      const event = { what: 'echo', text: 'größer 😀', list: [1, null, 2.5] };
      assert.deepEqual((await ruby.invoke(event)).value, event);
      assert.equal((await ruby.invoke({ what: 'nil' })).text, 'null');
      assert.equal((await ruby.invoke({ what: 'stream' })).text, '{"from":"a stream"}');
      assert.equal((await ruby.invoke({ what: 'own' })).value, 'own');
    });

    test('finds a method of a class in a module', async () => {
      const till = await deploy(platform, FILES, { ...SETTINGS, Handler: 'app.Shop::Till.open' });
      assert.deepEqual((await till.invoke({ items: [1, 2] })).value, { sum: 3, of: till.name });
    });

    test('gives the handler AWS’s context', async () => {
      const { value, tail } = await ruby.invoke({ what: 'context' }, { clientContext: { custom: { a: 1 } } });
      const { left, stream, id, ...rest } = value as Record<string, unknown>;
      assert.deepEqual(rest, {
        arn: `arn:aws:lambda:us-east-1:000000000000:function:${ruby.name}`,
        name: ruby.name,
        version: '$LATEST',
        memory: '128',
        group: `/aws/lambda/${ruby.name}`,
        client: { custom: { a: 1 } },
        same: true,
      });
      assert.ok((left as number) > 0 && (left as number) <= 30_000);
      assert.match(stream as string, /^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/);
      assert.match(tail, new RegExp(`REPORT RequestId: ${id as string}`));
    });

    test('looks for gems and libraries where AWS does', async () => {
      const { value } = await ruby.invoke({ what: 'environment' });
      const { GEM_PATH, RUBYLIB, AWS_EXECUTION_ENV, SELFSAME_CHANNEL_FD } = value as Record<string, string>;
      assert.match(GEM_PATH!, /\/vendor\/bundle\/ruby\/3\.4\.0:.*\/ruby\/gems\/3\.4\.0:/);
      assert.match(RUBYLIB!, /:\/opt\/ruby\/lib$/);
      assert.equal(AWS_EXECUTION_ENV, 'AWS_Lambda_ruby3.4');
      assert.equal(SELFSAME_CHANNEL_FD, undefined);
    });

    test('reports an exception with the function’s own frames, and goes on', async () => {
      const before = (await ruby.invoke({ what: 'count' })).value as number;
      const { errorMessage, errorType, stackTrace, tail } = await ruby.fail({ what: 'raises' });
      assert.deepEqual([errorMessage, errorType], ['no', 'Function<Refusal>']);
      assert.match(stackTrace![0]!, /\/app\.rb:\d+:in [`'](Object#)?refuse'$/);
      assert.equal(stackTrace!.length, 2);
      assert.match(tail, /^Error raised from handler method\n?$/m);
      assert.match(tail, /"errorType": "Function<Refusal>"/);
      assert.equal((await ruby.fail({ what: 'argument' })).errorType, 'Function<ArgumentError>');
      assert.equal((await ruby.fail({ what: 'cyclic' })).errorType, 'Function<JSON::NestingError>');
      assert.equal((await ruby.invoke({ what: 'count' })).value, before + 1);
    });

    for (const [what, type] of [
      ['missing', 'Function<NameError>'],
      ['exit', 'Function<SystemExit>'],
    ] as const) {
      test(`ends the runtime after ${type}`, async () => {
        const { errorType, tail } = await ruby.fail({ what });
        assert.equal(errorType, type);
        assert.match(tail, /^Critical exception from handler\n?$/m);
        assert.equal((await ruby.invoke({ what: 'count' })).value, 1);
      });
    }

    for (const [handler, type, message] of [
      ['absent.handler', 'Init<LoadError>', /^cannot load such file -- absent$/],
      ['broken.handler', 'Init<LoadError>', /^cannot load such file -- no_such_file$/],
      ['handler', 'Init<ArgumentError>', /^Invalid handler \["handler"\], must be of form FILENAME\.METHOD /],
    ] as const) {
      test(`reports ${type} of the handler ${handler}`, async () => {
        const { fail } = await deploy(platform, FILES, { ...SETTINGS, Handler: handler });
        const { errorType, errorMessage, tail } = await fail();
        assert.equal(errorType, type);
        assert.match(errorMessage, message);
        assert.match(tail, /Init error when loading handler /);
      });
    }

    test('makes one log event of each call of puts or a logger', async () => {
      const logging = await deploy(platform, FILES, SETTINGS);
      assert.equal((await logging.invoke({ what: 'log' })).value, 'logged');
      const events = await logging.logEvents();
      const own = events.filter((event) => !/^(INIT_START|START|END|REPORT|.*stands in for)/.test(event));
      const at = '\\[\\d{4}-\\d\\d-\\d\\dT[\\d:.]+ #\\d+\\]';
      const id = '[0-9a-f-]{36}';
      for (const expected of [
        /^from puts\na\nb$/,
        /^from stdout$/,
        new RegExp(`^I, ${at} {2}INFO ${id} -- : größer$`),
        new RegExp(`^W, ${at} {2}WARN ${id} -- till: two\nlines$`),
      ])
        assert.ok(
          own.some((event) => expected.test(event)),
          `${expected}: ${JSON.stringify(own)}`,
        );
    });

    test('logs JSON of the level asked for', async () => {
      const LoggingConfig = { LogFormat: 'JSON', ApplicationLogLevel: 'WARN' } as const;
      const logging = await deploy(platform, FILES, { ...SETTINGS, LoggingConfig });
      await logging.invoke({ what: 'log' });
      const events = (await logging.logEvents()).filter((event) => event.startsWith('{'));
      const own = events.map((event) => JSON.parse(event) as Record<string, unknown>);
      const of = (level: string) => own.filter((line) => line['level'] === level && 'requestId' in line);
      assert.deepEqual(of('INFO'), []);
      assert.deepEqual(
        of('WARN').map(({ message, logger }) => [message, logger]),
        [['two\nlines', 'till']],
      );
      assert.deepEqual(
        of('ERROR').map(({ message, errorType }) => [message, errorType]),
        [['broken', 'RuntimeError']],
      );
    });

    test('is ended by its time-out, and starts anew', async () => {
      const slow = await deploy(platform, FILES, { ...SETTINGS, Timeout: 1 });
      const { errorType, errorMessage } = await slow.fail({ what: 'sleep' });
      assert.equal(errorType, 'Sandbox.Timedout');
      assert.match(errorMessage, /Task timed out after 1\.00 seconds$/);
      assert.equal((await slow.invoke({ what: 'count' })).value, 1);
    });
  });
}

test('a version of Ruby that this host lacks is the function’s failure, unless a nearest one may stand in', async (context) => {
  const platform = await start({ port: 0, dataDir: 'temporary', logLevel: 'silent', fetchRuntimes: false });
  context.after(() => platform.close());
  const missing = (await platform.runtimes()).find(
    ({ runtime, resolution }) => runtime.startsWith('ruby') && !resolution.available,
  );
  assert.ok(missing !== undefined, 'this host has every version of Ruby');
  const Runtime = missing.runtime as 'ruby3.4';
  const { configuration } = await create(platform, FILES, { ...SETTINGS, Runtime });
  assert.equal(configuration.State, 'Failed');
  assert.match(
    configuration.StateReason!,
    /^Ruby 3\.\d is not on this host \(found: 3\.\d+\.\d+.*--nearest-runtime\.$/,
  );
});
