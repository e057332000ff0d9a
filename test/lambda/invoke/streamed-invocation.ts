/** An invocation with a streamed response, read piece by piece. */
import assert from 'node:assert/strict';
import type {
  InvokeWithResponseStreamCommandInput,
  InvokeWithResponseStreamCompleteEvent,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import { InvokeWithResponseStreamCommand } from '@aws-sdk/client-lambda';

export interface Streamed {
  /** The next piece as text; undefined at the end. */
  piece(): Promise<string | undefined>;
  /** All that is left to be read: text, and how it ended. */
  rest(): Promise<{ text: string; bytes: number; code: string | undefined; details: string; log: string }>;
  readonly status: number | undefined;
  readonly version: string | undefined;
  readonly requestId: string;
}

export async function invokeStreaming(
  lambda: LambdaClient,
  name: string,
  event: object,
  more: Partial<InvokeWithResponseStreamCommandInput> = {},
  abortSignal?: AbortSignal,
): Promise<Streamed> {
  const command = new InvokeWithResponseStreamCommand({
    FunctionName: name,
    Payload: Buffer.from(JSON.stringify(event)),
    ...more,
  });
  const output = await lambda.send(command, abortSignal === undefined ? {} : { abortSignal });
  const events = output.EventStream![Symbol.asyncIterator]();
  let completion: InvokeWithResponseStreamCompleteEvent | undefined;
  const next = async (): Promise<Buffer | undefined> => {
    const { value, done } = await events.next();
    if (done === true) return undefined;
    assert.equal(completion, undefined, 'nothing comes after InvokeComplete');
    if (value.PayloadChunk !== undefined) return Buffer.from(value.PayloadChunk.Payload!);
    completion = value.InvokeComplete;
    return undefined;
  };
  return {
    status: output.StatusCode,
    version: output.ExecutedVersion,
    requestId: output.$metadata.requestId!,
    piece: async () => (await next())?.toString(),
    rest: async () => {
      let text = '';
      let bytes = 0;
      for (let piece = await next(); piece !== undefined; piece = await next()) {
        bytes += piece.length;
        if (bytes < 1_000_000) text += piece.toString();
      }
      assert.equal(await next(), undefined);
      const { ErrorCode: code, ErrorDetails: details = '', LogResult = '' } = completion ?? {};
      assert.notEqual(completion, undefined, 'InvokeComplete is the last event');
      return { text, bytes, code, details, log: Buffer.from(LogResult, 'base64').toString() };
    },
  };
}
