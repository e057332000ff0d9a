/** The services of this server with their models, looked up by name on every request. */
import { AwsError, invariant } from '../../core/errors.ts';
import type { BodyLimit, Operation, Service } from '../../ports/service.ts';
import type { OpenServiceModel, ServiceModel } from '../contract.ts';

export interface ServedOperation {
  readonly handler: Operation<unknown, unknown> | undefined;
  readonly bodyLimit: BodyLimit | undefined;
}

export interface ServedService {
  readonly name: string;
  readonly model: ServiceModel;
  readonly operations: ReadonlyMap<string, ServedOperation>;
}

const NO_OPERATION: ServedOperation = { handler: undefined, bodyLimit: undefined };

export class ServiceTable {
  private readonly services = new Map<string, Service>();
  private readonly served = new Map<string, ServedService | undefined>();
  private readonly openModel: OpenServiceModel;

  constructor(services: readonly Service[], openModel: OpenServiceModel) {
    this.openModel = openModel;
    for (const service of services) this.services.set(service.name, service);
  }

  /**
   * A service by its model's name, which is opened at its first request: that takes some milliseconds and megabytes,
   * and few servers are asked for everything. A service that nobody implements still has its model, so that its
   * operations answer NotImplemented by name.
   */
  find(name: string): ServedService | undefined {
    if (this.served.has(name)) return this.served.get(name);
    const model = this.openModel(name);
    invariant(model !== undefined || !this.services.has(name), `there is no generated model named '${name}'`);
    const served =
      model === undefined ? undefined : { name, model, operations: table(this.services.get(name)) };
    this.served.set(name, served);
    return served;
  }
}

export function operationOf(service: ServedService, operation: string): ServedOperation {
  return service.operations.get(operation) ?? NO_OPERATION;
}

export function notImplemented(service: string, operation: string): AwsError {
  return new AwsError('NotImplemented', `${service}:${operation} is not implemented.`, {}, 501);
}

function table(service: Service | undefined): ReadonlyMap<string, ServedOperation> {
  const operations = new Map<string, ServedOperation>();
  for (const [name, handler] of Object.entries(service?.operations ?? {})) {
    // The model has checked the input against the operation's own shape by the time it is called.
    const typed = handler as Operation<unknown, unknown> | undefined;
    operations.set(name, { handler: typed, bodyLimit: service?.bodyLimits?.[name] });
  }
  return operations;
}
