/** Where services meet: *deliver* and *call* find the service that is meant among those that run here. */
import { parseArn } from '../core/arn.ts';
import { AwsError } from '../core/errors.ts';
import type { Ids } from '../core/ids.ts';
import type { Call, IsCallable } from '../ports/call.ts';
import type { Deliver } from '../ports/delivery.ts';
import type { RequestContext, Service } from '../ports/service.ts';

export interface Seams {
  readonly deliver: Deliver;
  readonly call: Call;
  readonly isCallable: IsCallable;
  /** Adds services to those that can be found. */
  connect(services: readonly Service[]): void;
}

export function createSeams(ids: Ids, origin: () => string): Seams {
  const byName = new Map<string, Service>();
  return {
    connect(services) {
      for (const service of services) byName.set(service.name, service);
    },
    async deliver(targetArn, delivery) {
      const arn = parseArn(targetArn);
      const receive = arn && byName.get(arn.service)?.receive;
      if (receive === undefined) throw notImplemented(`delivery to ${targetArn}`);
      await receive(arn!, delivery);
    },
    isCallable: (service, operation) => byName.get(service)?.operations[operation] !== undefined,
    async call({ accountId, region }, service, operation, input) {
      const handler = byName.get(service)?.operations[operation];
      if (handler === undefined) throw notImplemented(`${service}:${operation}`);
      const context: RequestContext = {
        requestId: ids.uuid(),
        region,
        accountId,
        accessKeyId: undefined,
        headers: {},
        origin: origin(),
        signal: new AbortController().signal,
        answerHeaders: {},
      };
      return handler(input as never, context);
    },
  };
}

function notImplemented(what: string): AwsError {
  return new AwsError('NotImplemented', `selfsame does not implement ${what} yet.`, {}, 501);
}
