/** What tags and policies are attached to: streams, and consumers. */
import { PolicySyntaxError, parsePolicy } from '../../core/policy/parse.ts';
import type { PolicyDocument } from '../../core/policy/policy-document.ts';
import { addressOfArn, type KinesisContext } from './kinesis-context.ts';
import { invalidArgument, notFound, streamNotFound } from './kinesis-errors.ts';

export interface Attachments {
  readonly tags: Readonly<Record<string, string>>;
  /** The text of a policy. */
  readonly policy?: string | undefined;
}

export interface Resource {
  readonly attached: Attachments;
  change(change: (attached: Attachments) => Attachments): Promise<void>;
}

/** Throws `ResourceNotFoundException`, `InvalidArgumentException`. */
export function resourceOf({ streams, consumers }: KinesisContext, arn: string): Resource {
  const address = addressOfArn(arn);
  if (address === undefined) throw invalidArgument(`Invalid ResourceARN: ${arn}`);
  if (arn.includes('/consumer/')) {
    const consumer = consumers.findByArn(arn);
    if (consumer === undefined) throw notFound(`Consumer ${arn} not found.`);
    return {
      attached: consumer,
      async change(change) {
        const { tags, policy } = change(consumers.findByArn(arn) ?? consumer);
        await consumers.change(consumer, tags, policy);
      },
    };
  }
  const stream = streams.find(address);
  if (stream === undefined) throw streamNotFound(address);
  return {
    attached: stream.record,
    change: (change) =>
      streams.update(stream, (record) => {
        const { policy: _, ...rest } = record;
        const { tags, policy } = change(record);
        return { ...rest, tags, ...(policy === undefined ? {} : { policy }) };
      }),
  };
}

/** Asked under authorization, whose callers may come from other accounts. */
export function resourcePolicy(
  { streams, consumers }: KinesisContext,
  arn: string,
): PolicyDocument | undefined {
  const address = addressOfArn(arn);
  if (arn.includes('/consumer/')) {
    const text = consumers.findByArn(arn)?.policy;
    return text === undefined ? undefined : parsePolicy(text);
  }
  return address && streams.find(address)?.policy;
}

/** Throws `InvalidArgumentException`. */
export function checkPolicy(text: string): void {
  try {
    parsePolicy(text);
  } catch (error) {
    if (error instanceof PolicySyntaxError) throw invalidArgument(`Invalid policy: ${error.message}`);
    throw error;
  }
}
