/**
 * The fuzz test for an SDK package that is too old to carry schemas: its client sends what we make
 * up from our own model to a handler in its own process, and reads our answer.
 */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { HttpResponse } from '@smithy/core/transport';
import type { Match } from '../../../src/wire/model/open.ts';
import { openGeneratedModel } from '../../../src/wire/model/open.ts';
import type { Shape } from '../../../src/wire/model/shape.ts';

/** Any fixed values do: the generated operations have no fields whose form depends on others. */
function sample(shape: Shape, depth = 0): unknown {
  switch (shape.type) {
    case 'structure':
      return Object.fromEntries(
        shape.members
          .filter(({ traits, required }) => depth < 4 || required || traits.location === 'uri')
          .map((member) => [member.name, sample(member.shape, depth + 1)]),
      );
    case 'list':
      return [sample(shape.member!.shape, depth + 1)];
    case 'map':
      return { [String(sample(shape.key!.shape, depth + 1))]: sample(shape.value!.shape, depth + 1) };
    case 'timestamp':
      return new Date(1_600_000_000_000);
    case 'blob':
      return Buffer.from('bytes');
    case 'boolean':
      return true;
    case 'string':
      return shape.file.enum?.[0] ?? 'a b<é';
    default:
      return 7;
  }
}

/** Every operation once; returns how many were compared. */
export async function fuzzByClient(name: string, sdk: Record<string, unknown>): Promise<number> {
  const model = openGeneratedModel(name)!;
  let compared = 0;
  for (const operation of model.operationNames) {
    const head = { method: 'POST', path: '/', query: '', headers: {} };
    let expected: unknown;
    let match: Match | undefined;
    const requestHandler = {
      handle: async (request: SentRequest) => {
        const query = new URLSearchParams();
        for (const [key, value] of Object.entries(request.query))
          for (const item of [value].flat()) query.append(key, item);
        const body = Buffer.from(request.body ?? '');
        const received = {
          ...head,
          method: request.method,
          path: request.path,
          query: query.toString(),
          headers: request.headers,
          body,
        };
        match = model.match(received, body);
        assert.equal(match?.operation, operation);
        assert.deepEqual(
          JSON.parse(JSON.stringify(model.parse(match!, received))),
          JSON.parse(JSON.stringify(expected)),
          operation,
        );
        const answer = model.encodeOutput(match!, sample(match!.model.output!), 'request-1');
        const sent = answer.body === undefined ? '' : (answer.body as string);
        return {
          response: new HttpResponse({
            statusCode: answer.status,
            headers: answer.headers,
            body: Readable.from([Buffer.from(sent)]),
          }),
        };
      },
    };
    const Client = sdk[Object.keys(sdk).find((key) => /^[A-Z]\w*Client$/.test(key))!] as new (
      config: unknown,
    ) => { send(command: unknown): Promise<Record<string, unknown>> };
    const Command = sdk[`${operation}Command`] as new (input: unknown) => unknown;
    const client = new Client({
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      requestHandler,
      maxAttempts: 1,
    });
    expected = sample(model.inputOf(operation)!);
    const { $metadata: _, ...output } = await client.send(new Command(expected));
    const wanted = sample(match!.model.output!);
    assert.deepEqual(plain(output), plain(wanted), operation);
    compared += 1;
  }
  return compared;
}

interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string | string[]>;
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array;
}

/** A Buffer has become `{type, data}` before a replacer sees it. */
function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array || (value as { type?: unknown } | null)?.type === 'Buffer';
}

function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, held) =>
      isBytes(held) ? Buffer.from(held as Uint8Array).toString('hex') : held,
    ),
  );
}
