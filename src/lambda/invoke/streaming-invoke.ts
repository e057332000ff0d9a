/** InvokeWithResponseStream: the caller gets what the function writes as it is written. */
import type {
  InvokeWithResponseStreamCommandInput,
  InvokeWithResponseStreamCommandOutput,
  InvokeWithResponseStreamResponseEvent,
} from '@aws-sdk/client-lambda';
import type { Operation } from '../../ports/service.ts';
import type { Invoker } from './invoke.ts';
import type { InvocationOutcome } from './outcome.ts';
import { ResponseStream } from './response-stream.ts';

type Output = Omit<InvokeWithResponseStreamCommandOutput, '$metadata'>;

export function streamingInvoke(invoker: Invoker): Operation<InvokeWithResponseStreamCommandInput, Output> {
  return async (input, context) => {
    const record = await invoker.find(input, context);
    if (input.InvocationType === 'DryRun') return { StatusCode: 204 };
    const stream = new ResponseStream();
    const { executedVersion, outcome } = invoker.begin(record, input, context, stream);
    // Developer guide, "Response streaming": the function is not interrupted when the caller goes away.
    // It may have gone already, while a function that was Pending was waited for.
    if (context.signal.aborted) stream.abandon();
    context.signal.addEventListener('abort', () => stream.abandon(), { once: true });
    const ended = outcome.finally(() => stream.end());
    // The status is out with the first byte; until then what keeps the function from running is an error.
    await Promise.race([stream.begun, ended]);
    return { StatusCode: 200, ExecutedVersion: executedVersion, EventStream: events(stream, ended) };
  };
}

async function* events(
  stream: ResponseStream,
  ended: Promise<InvocationOutcome>,
): AsyncGenerator<InvokeWithResponseStreamResponseEvent> {
  for await (const Payload of stream.pieces()) yield { PayloadChunk: { Payload } };
  const outcome = await ended;
  const isWhole = outcome.functionError === undefined && !stream.hasBegun && outcome.payload.length > 0;
  if (isWhole) yield { PayloadChunk: { Payload: outcome.payload } };
  yield { InvokeComplete: completion(outcome) };
}

/**
 * A failure is told at the end only, whatever was written before. Callers on AWS see the code `Unhandled` with the
 * error as details: remotion's client for Lambda tells it apart from other codes (packages/lambda-client).
 */
function completion({ functionError, payload, logTail }: InvocationOutcome) {
  return {
    ...(functionError === undefined ? {} : { ErrorCode: functionError, ErrorDetails: payload.toString() }),
    ...(logTail === undefined ? {} : { LogResult: logTail.toString('base64') }),
  };
}
