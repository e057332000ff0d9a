/** What a pipe does with a batch: enrich it, bring it into shape, send it to the target. */
import type { Clock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import { parseExact } from '../../core/exact-json.ts';
import { reportedFailures } from '../../polling/batch-result.ts';
import type { CallAs } from '../../ports/call.ts';
import { rendered } from './input-template.ts';
import { decodedEvent, type PipeEvent, pipeEvent } from './pipe-event.ts';
import type { PipeRecord } from './pipe-record.ts';
import type { PipeCall } from './role-caller.ts';
import { callerOf, FunctionFailure, invokedFunction } from './role-caller.ts';
import type { TargetAnswer } from './target-calls.ts';
import { listOf, targetContext } from './target-calls.ts';
import { sendInPieces } from './target-pieces.ts';
import { maxTargetRecords } from './target-settings.ts';

export interface PipeFlowDependencies {
  readonly callAs: CallAs;
  readonly clock: Clock;
}

export interface FlowRecord {
  /** Names the record in the answer of a function. */
  readonly itemId: string;
  readonly record: PipeEvent;
}

export class PipeFlow {
  private readonly pipe: PipeRecord;
  private readonly call: PipeCall;
  private readonly clock: Clock;

  constructor(pipe: PipeRecord, { callAs, clock }: PipeFlowDependencies) {
    this.pipe = pipe;
    this.call = callerOf(callAs, pipe);
    this.clock = clock;
  }

  /** Ids of records that have to come again. Rejects where all of them have to. */
  async run(records: readonly FlowRecord[]): Promise<ReadonlySet<string>> {
    const { pipe, call, clock } = this;
    const nowMs = clock.now();
    const events = await this.enriched(records.map(({ record }) => pipeEvent(record)));
    if (events.length === 0) return new Set();
    if (events.length > maxTargetRecords(pipe.target))
      throw new AwsError('ValidationException', `The enrichment returned ${events.length} items.`);
    const template = pipe.targetParameters?.InputTemplate;
    const items = events.map((event) => ({
      text: rendered(template, event, pipe, nowMs),
      event: decodedEvent(event),
    }));
    const answer = await sendInPieces(targetContext(pipe, call, nowMs), items);
    return failedIds(records, answer, events.length);
  }

  /** An enrichment that returns nothing ends it: the guide says so of empty answers. */
  private async enriched(events: readonly PipeEvent[]): Promise<readonly unknown[]> {
    const { pipe, call, clock } = this;
    if (pipe.enrichment === undefined) return events;
    const template = pipe.enrichmentParameters?.InputTemplate;
    const texts = events.map((event) => rendered(template, event, pipe, clock.now()));
    const answer = await invokedFunction(call, pipe.enrichment, listOf(texts), true);
    const value = answer.trim() === '' ? null : parsed(answer);
    if (Array.isArray(value)) return value;
    const isEmpty = value === null || value === '' || JSON.stringify(value) === '{}';
    return isEmpty ? [] : [value];
  }
}

/**
 * Source: user guide, "EventBridge Pipes batching and concurrency", partial batch failure. What the enrichment has made
 * more or less of cannot be told apart, and comes again as a whole.
 */
function failedIds(
  records: readonly FlowRecord[],
  { failed, answer }: TargetAnswer,
  sent: number,
): ReadonlySet<string> {
  const all = new Set(records.map(({ itemId }) => itemId));
  const reported = answer === undefined ? [] : reportedBy(answer);
  if (reported === undefined || reported.some((itemId) => !all.has(itemId))) return all;
  if (failed.length > 0 && sent !== records.length) return all;
  return new Set([...reported, ...failed.map((index) => records[index]!.itemId)]);
}

function parsed(answer: string): unknown {
  try {
    return parseExact(answer);
  } catch {
    throw new FunctionFailure('The enrichment has answered what is no JSON.');
  }
}

/** A function need not report anything; undefined for a report that is none. */
function reportedBy(answer: string): readonly string[] | undefined {
  return answer.includes('"batchItemFailures"') ? reportedFailures(Buffer.from(answer)) : [];
}
