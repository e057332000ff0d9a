/**
 * Random inputs, outputs and errors of every operation, between the AWS SDK's own clients and our
 * models: what one writes, the other must read back the same. The SDK's schemas say what is random.
 */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import { NormalizedSchema } from '@smithy/core/schema';
import { HttpResponse } from '@smithy/core/transport';
import { AwsError } from '../../../src/core/errors.ts';
import type { WireRequest, WireResponse } from '../../../src/wire/contract.ts';
import type { GeneratedModel } from '../../../src/wire/model/open.ts';
import { openGeneratedModel } from '../../../src/wire/model/open.ts';
import { SERVICES } from '../../../tools/gen-model/services.ts';
import { errorByOwnClient, inputByOwnClient, outputByOwnClient } from './own-client.ts';

// The SDK's protocol objects are internal and untyped here; the border is kept in this file.
interface SdkProtocol {
  setSerdeContext(context: unknown): void;
  serializeRequest(schema: unknown, input: unknown, context: unknown): Promise<SdkRequest>;
  deserializeResponse(schema: unknown, context: unknown, response: unknown): Promise<Record<string, unknown>>;
}
interface SdkRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Record<string, string | string[] | null>;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}
interface SdkOperation {
  readonly name: string;
  readonly schema: unknown;
  readonly input: NormalizedSchema;
  readonly output: NormalizedSchema;
}

export interface FuzzCount {
  inputs: number;
  outputs: number;
  errors: number;
  readonly failures: string[];
}

/** Rounds of each operation, each with other random values. */
const ROUNDS = 3;

export async function fuzzService(name: string, seed: number): Promise<FuzzCount> {
  const sdk: Record<string, unknown> = await import(`@aws-sdk/${SERVICES[name]}`);
  const model = openGeneratedModel(name);
  assert.ok(model, `there is no generated model ${name}`);
  const { protocol, operations, errors } = sdkClient(sdk);
  const random = new Random(seed);
  const count: FuzzCount = { inputs: 0, outputs: 0, errors: 0, failures: [] };
  const attempt = async (label: string, run: () => Promise<void>): Promise<boolean> => {
    try {
      await run();
      return true;
    } catch (error) {
      count.failures.push(`${name} ${label}: ${(error as Error).message.slice(0, 900)}`);
      return false;
    }
  };
  for (const operation of operations) {
    for (let round = 0; round < ROUNDS; round += 1) {
      if (
        await attempt(`input of ${operation.name}`, () => fuzzInput(name, model, protocol, operation, random))
      )
        count.inputs += 1;
      if (
        await attempt(`output of ${operation.name}`, () =>
          fuzzOutput(name, model, protocol, operation, random),
        )
      )
        count.outputs += 1;
    }
  }
  for (const error of errors) {
    if (await attempt(`error ${error}`, () => fuzzError(name, model, sdk, protocol, operations[0]!, error)))
      count.errors += 1;
  }
  return count;
}

async function fuzzInput(
  service: string,
  model: GeneratedModel,
  protocol: SdkProtocol,
  operation: SdkOperation,
  random: Random,
): Promise<void> {
  const input = random.value(operation.input, 0, 'body') as Record<string, unknown>;
  const sent = await protocol.serializeRequest(operation.schema, input, context());
  const request = await wireRequest(service, sent, input);
  const match = model.match(request, request.body as Buffer);
  assert.equal(
    match?.operation,
    operation.name,
    `${sent.method} ${sent.path} was routed to ${match?.operation}`,
  );
  const read = model.parse(match, request);
  // The client names a content type of its own for a streamed body.
  if (input['ContentType'] === undefined) delete read['ContentType'];
  assertSame(input, read);
  const own = inputByOwnClient(model, operation.name, read);
  if (own !== undefined) assertSame(read, own);
}

async function fuzzOutput(
  service: string,
  model: GeneratedModel,
  protocol: SdkProtocol,
  operation: SdkOperation,
  random: Random,
): Promise<void> {
  const output = random.value(operation.output, 0, 'body') as Record<string, unknown>;
  if (!operation.output.isUnitSchema()) {
    for (const [member, schema] of operation.output.structIterator()) {
      if (schema.getMergedTraits().httpResponseCode) output[member] = 200;
    }
  }
  const sent = await protocol.serializeRequest(
    operation.schema,
    random.value(operation.input, 0, 'body'),
    context(),
  );
  const request = await wireRequest(service, sent, random.lastInput);
  const match = model.match(request, request.body as Buffer)!;
  const response = model.encodeOutput(match, output, 'request-1');
  const read = await protocol.deserializeResponse(operation.schema, context(), await httpResponse(response));
  for (const [member, value] of Object.entries(read)) {
    const stream = value as { transformToByteArray?: () => Promise<Uint8Array> } | undefined;
    if (typeof stream?.transformToByteArray === 'function')
      read[member] = await stream.transformToByteArray();
  }
  // No header field with the prefix reads as an empty map.
  if (output['Metadata'] === undefined) delete read['Metadata'];
  // An event stream's own content type stands where the member is absent, as on AWS.
  if (output['ResponseStreamContentType'] === undefined) delete read['ResponseStreamContentType'];
  assertSame(output, read);
  const whole = Buffer.from(await gather(model.encodeOutput(match, output, 'request-1').body));
  const own = outputByOwnClient(model, operation.name, { ...response, whole });
  if (own === undefined) return;
  if (output['Metadata'] === undefined) delete own['Metadata'];
  assertSame(output, own);
}

async function fuzzError(
  service: string,
  model: GeneratedModel,
  sdk: Record<string, unknown>,
  protocol: SdkProtocol,
  operation: SdkOperation,
  name: string,
): Promise<void> {
  const sent = await protocol.serializeRequest(
    operation.schema,
    new Random(1).value(operation.input, 0, 'body'),
    context(),
  );
  const request = await wireRequest(service, sent, {});
  const error = new AwsError(name, 'something <went> wrong & "failed"');
  const response = model.encodeError(
    model.match(request, request.body as Buffer),
    request,
    error,
    'request-2',
  );
  const whole = Buffer.from(await gather(response.body));
  const told = errorByOwnClient(model, { ...response, whole });
  assert.deepEqual([told.name, told.message], [error.code, error.message]);
  await assert.rejects(
    async () => protocol.deserializeResponse(operation.schema, context(), await httpResponse(response)),
    (thrown: Error & { $metadata?: { requestId?: string } }) => {
      assert.equal(thrown.message, error.message);
      assert.ok(thrown instanceof (sdk[name] as new () => Error), `${thrown.name} is no ${name}`);
      assert.equal(thrown.$metadata?.requestId, 'request-2');
      return true;
    },
  );
}

function sdkClient(sdk: Record<string, unknown>): {
  protocol: SdkProtocol;
  operations: SdkOperation[];
  errors: string[];
} {
  const className = Object.keys(sdk).find((key) => /^[A-Z]\w*Client$/.test(key))!;
  const Client = sdk[className] as new (config: unknown) => { config: { protocol: SdkProtocol } };
  const client = new Client({
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    disableHostPrefix: true,
  });
  const { protocol } = client.config;
  protocol.setSerdeContext(client.config);
  const operations: SdkOperation[] = [];
  const errors: string[] = [];
  for (const [key, value] of Object.entries(sdk)) {
    if (!key.endsWith('$') || !Array.isArray(value)) continue;
    const [kind, namespace, name, traits, input, output] = value as [
      number,
      string,
      string,
      unknown,
      never,
      never,
    ];
    if (kind === -3 && !namespace.startsWith('smithy.ts.sdk.synthetic')) errors.push(name);
    if (kind !== 9) continue;
    operations.push({
      name,
      schema: { namespace, name, traits, input, output },
      input: NormalizedSchema.of(input),
      output: NormalizedSchema.of(output),
    });
  }
  return { protocol, operations, errors };
}

function context(): unknown {
  return {
    endpoint: async () => ({ protocol: 'http:', hostname: 'localhost', path: '/', query: {} }),
    __smithy_context: {},
    streamCollector: gather,
    disableHostPrefix: true,
  };
}

async function wireRequest(
  service: string,
  sent: SdkRequest,
  input: Record<string, unknown>,
): Promise<WireRequest> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(sent.query ?? {})) {
    for (const item of Array.isArray(value) ? value : [value]) query.append(name, item ?? '');
  }
  const headers = Object.fromEntries(
    Object.entries(sent.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  // The SDK's paths lack the bucket: its endpoint rules put it into the host, ours into the path.
  const bucket =
    service === 's3' && typeof input['Bucket'] === 'string' ? `/${encodeURIComponent(input['Bucket'])}` : '';
  const path = bucket !== '' && sent.path === '/' ? bucket : `${bucket}${sent.path}`;
  return {
    method: sent.method,
    path,
    query: query.toString(),
    headers,
    body: Buffer.from(await gather(sent.body)),
  };
}

async function httpResponse(response: WireResponse): Promise<HttpResponse> {
  const body = Buffer.from(await gather(response.body));
  return new HttpResponse({
    statusCode: response.status,
    headers: { ...response.headers },
    body: Readable.from([body]),
  });
}

async function gather(body: unknown): Promise<Uint8Array> {
  if (body === undefined || body === null) return new Uint8Array(0);
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return body;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function assertSame(expected: unknown, actual: unknown): void {
  const left = normal(expected);
  const right = normal(actual);
  if (isDeepStrictEqual(left, right)) return;
  assert.fail(
    `sent ${JSON.stringify(left)?.slice(0, 250)} got ${JSON.stringify(right)?.slice(0, 250)} ${firstDifference(left, right, '')}`,
  );
}

/** The path of the first member that differs. */
function firstDifference(left: unknown, right: unknown, path: string): string {
  if (isDeepStrictEqual(left, right)) return '';
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    return `at ${path}: ${JSON.stringify(left)} is not ${JSON.stringify(right)}`;
  }
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  for (const name of names) {
    const found = firstDifference((left as never)[name], (right as never)[name], `${path}.${name}`);
    if (found !== '') return found;
  }
  return '';
}

/** Bytes as hexadecimal, event streams and absent members left out. */
function normal(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes:${Buffer.from(value).toString('hex')}`;
  if (value instanceof Date) return value.getTime();
  if (value instanceof String) return String(value);
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(normal);
  if (typeof value !== 'object' || value === null) return value;
  if (Symbol.asyncIterator in value) return undefined;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, held]) => held !== undefined && held !== null && key !== '$metadata')
      .map(([key, held]) => [key, normal(held)] as const)
      .filter(([, held]) => held !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

async function* noEvents(): AsyncGenerator<never> {}

type Place = 'body' | 'label' | 'header' | 'query' | 'map';

class Random {
  lastInput: Record<string, unknown> = {};
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0 || 1;
  }

  /** Uniform in [0, 1): a linear congruential generator, enough for variety and repeatable. */
  private next(): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.state / 2 ** 32;
  }

  private below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  private word(): string {
    return Array.from({ length: 3 + this.below(6) }, () => 'abcdefghijklmnop'[this.below(16)]).join('');
  }

  value(schema: NormalizedSchema, depth: number, place: Place): unknown {
    const value = this.any(schema, depth, place);
    if (depth === 0) this.lastInput = value as Record<string, unknown>;
    return value;
  }

  private any(schema: NormalizedSchema, depth: number, place: Place): unknown {
    if (schema.isUnitSchema()) return {};
    if (schema.isStructSchema()) return this.structure(schema, depth);
    if (schema.isListSchema()) {
      return Array.from({ length: 1 + this.below(3) }, () =>
        this.any(schema.getValueSchema(), depth + 1, place),
      );
    }
    if (schema.isMapSchema()) {
      return Object.fromEntries(
        Array.from({ length: 1 + this.below(2) }, () => [
          this.word(),
          this.any(schema.getValueSchema(), depth + 1, place),
        ]),
      );
    }
    if (schema.isTimestampSchema()) return new Date(1_600_000_000_000 + this.below(1_000_000) * 1_000);
    if (schema.isBlobSchema()) return Buffer.from(this.word());
    if (schema.isNumericSchema()) return this.below(1_000);
    if (schema.isBooleanSchema()) return this.next() < 0.5;
    if (schema.isDocumentSchema()) return { a: this.word(), n: 3, l: [true] };
    if (schema.isBigIntegerSchema()) return BigInt(this.below(9_999));
    return this.text(schema, place);
  }

  private text(schema: NormalizedSchema, place: Place): string {
    const mediaType = schema.getMergedTraits().mediaType;
    if (typeof mediaType === 'string' && mediaType.includes('json'))
      return JSON.stringify({ a: this.word() });
    const odd = this.next() < 0.3;
    if (place === 'label') return this.word() + (odd ? ` /:$${this.word()}` : '');
    if (place === 'query') return this.word() + (odd ? ' +&=%é' : '');
    return this.word() + (place === 'body' && odd ? ' <&>"é\n' : '');
  }

  private structure(schema: NormalizedSchema, depth: number): Record<string, unknown> {
    const members = [...schema.structIterator()];
    const result: Record<string, unknown> = {};
    if (schema.isUnionSchema()) {
      const [name, member] = members[this.below(members.length)]!;
      return { [name]: this.any(member, depth + 1, 'body') };
    }
    // Required members come first; the seventh element of a schema is their number.
    const required = Number((schema.getSchema() as unknown as unknown[])[6] ?? 0);
    for (const [index, [name, member]] of members.entries()) {
      const traits = member.getMergedTraits();
      if (member.isStreaming() && member.isStructSchema()) {
        result[name] = noEvents();
        continue;
      }
      const bound = Boolean(
        traits.idempotencyToken || traits.httpLabel || traits.hostLabel || traits.httpPayload,
      );
      // S3's bucket is bound by endpoint rules, which the schema does not show.
      const needed = bound || (depth === 0 && (index < required || name === 'Bucket'));
      if (!needed && (depth > 6 || this.next() < (depth > 3 ? 0.9 : 0.3))) continue;
      result[name] = this.any(member, depth + 1, placeOf(traits as Record<string, unknown>));
    }
    if (depth > 0 && depth < 12 && Object.keys(result).length === 0 && members.length > 0) {
      const [name, member] =
        members.find(([, { isStructSchema }]) => !isStructSchema.call(members[0]![1])) ?? members[0]!;
      result[name] = this.any(member, depth + 1, 'body');
    }
    return result;
  }
}

function placeOf(traits: Record<string, unknown>): Place {
  if (traits['httpLabel']) return 'label';
  if (traits['httpHeader']) return 'header';
  if (traits['httpQuery']) return 'query';
  if (traits['httpPrefixHeaders'] !== undefined || traits['httpQueryParams']) return 'map';
  return 'body';
}
