/** Batches that are more than the target takes in one request: what comes out of a queue need not fit into another at once. */
import { isUnavailable } from './role-caller.ts';
import { isQueueSource } from './source-settings.ts';
import type { TargetAnswer, TargetContext, TargetItem } from './target-calls.ts';
import { sendToTarget } from './target-calls.ts';

const KIB = 1_024;
const MIB = 1_024 * KIB;

/** Bytes of one request. Source: quotas of SQS, SNS, EventBridge, Kinesis, Firehose and CloudWatch Logs. */
const MAX_REQUEST_BYTES: Readonly<Record<string, number>> = {
  events: 256 * KIB,
  firehose: 4 * MIB,
  kinesis: 10 * MIB,
  logs: MIB,
  sns: 256 * KIB,
  sqs: MIB,
};

/** What names, keys and attributes of an item take beside its text, bytes: more than any of them may have. */
const ITEM_FRAME_BYTES = KIB;

/**
 * As `sendToTarget`; what was not taken of one piece is among those that failed of the whole. Where the source keeps an
 * order, what comes after a piece that was not taken waits for it.
 */
export async function sendInPieces(
  context: TargetContext,
  items: readonly TargetItem[],
): Promise<TargetAnswer> {
  const pieces = piecesOf(items, MAX_REQUEST_BYTES[context.arn.service] ?? Number.POSITIVE_INFINITY);
  if (pieces.length === 1) return sendToTarget(context, items);
  const isOrdered = keepsOrder(context.pipe.source);
  const failed: number[] = [];
  let start = 0;
  for (const piece of pieces) {
    if (isOrdered && failed.length > 0) {
      failed.push(...Array.from({ length: items.length - start }, (_, index) => start + index));
      break;
    }
    try {
      const answer = await sendToTarget(context, piece);
      for (const index of answer.failed) failed.push(start + index);
    } catch (error) {
      if (isUnavailable(error)) throw error;
      for (const index of piece.keys()) failed.push(start + index);
    }
    start += piece.length;
  }
  return { failed };
}

/** Streams, and FIFO queues. */
function keepsOrder(source: string): boolean {
  return !isQueueSource(source) || source.endsWith('.fifo');
}

/** In order; one that is too large by itself is left for the target to refuse. */
function piecesOf(items: readonly TargetItem[], maxBytes: number): TargetItem[][] {
  const pieces: TargetItem[][] = [[]];
  let bytes = 0;
  for (const item of items) {
    const size = Buffer.byteLength(item.text) + ITEM_FRAME_BYTES;
    if (bytes + size > maxBytes && bytes > 0) {
      pieces.push([]);
      bytes = 0;
    }
    pieces.at(-1)!.push(item);
    bytes += size;
  }
  return pieces;
}
