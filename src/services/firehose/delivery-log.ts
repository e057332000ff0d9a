/** Tells of failures in the log group that a destination names. Source: developer guide, "Monitor with CloudWatch Logs". */
import type { Clock } from '../../core/clock.ts';
import type { Call } from '../../ports/call.ts';
import type { Log } from '../../ports/log.ts';
import type { DeliveryStreamRecord } from './stream-record.ts';
import { deliveryStreamArn } from './stream-record.ts';

export interface DeliveryFailure {
  readonly errorCode: string;
  readonly message: string;
  /** The ARN of the function that has failed. */
  readonly processor?: string;
}

export class DeliveryLog {
  readonly #call: Call;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor({ call, clock, log }: { readonly call: Call; readonly clock: Clock; readonly log: Log }) {
    this.#call = call;
    this.#clock = clock;
    this.#log = log;
  }

  /** Resolves also where it cannot be told. */
  async tell(stream: DeliveryStreamRecord, failure: DeliveryFailure): Promise<void> {
    const { accountId, region, version, destination } = stream;
    const { Enabled, LogGroupName: logGroupName, LogStreamName } = destination.CloudWatchLoggingOptions;
    if (!Enabled) return;
    const message = JSON.stringify({
      deliveryStreamARN: deliveryStreamArn(stream),
      destination: destination.BucketARN,
      deliveryStreamVersionId: version,
      ...failure,
    });
    const logEvents = [{ timestamp: this.#clock.now(), message }];
    const input = { logGroupName, logStreamName: LogStreamName, logEvents };
    try {
      await this.#call({ accountId, region }, 'logs', 'PutLogEvents', input);
    } catch (error) {
      const about = { logGroup: logGroupName, logStream: LogStreamName, error: String(error) };
      this.#log.warn(about, 'Firehose could not log a failure.');
    }
  }
}
