/**
 * Put-, Update-, Get-, List- and DeleteFunctionEventInvokeConfig. The life cycle and the error for a configuration
 * that is not there are recorded; the other words are those that tools and forums quote of AWS.
 */
import type {
  DestinationConfig,
  FunctionEventInvokeConfig,
  PutFunctionEventInvokeConfigRequest,
} from '@aws-sdk/client-lambda';
import { parseArn } from '../../core/arn.ts';
import type { AwsError } from '../../core/errors.ts';
import type { EventInvokeConfig } from '../records/event-invoke-config.ts';
import type { FunctionIdentifier } from '../records/function-identifier.ts';
import { functionArn, parseFunctionIdentifier } from '../records/function-identifier.ts';
import { LATEST } from '../records/function-record.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { pageByKey } from './keyed-page.ts';
import { invalidParameter, notFound } from './lambda-errors.ts';

type EventInvokeConfigOperations = Required<
  Pick<
    LambdaOperations,
    | 'PutFunctionEventInvokeConfig'
    | 'UpdateFunctionEventInvokeConfig'
    | 'GetFunctionEventInvokeConfig'
    | 'ListFunctionEventInvokeConfigs'
    | 'DeleteFunctionEventInvokeConfig'
  >
>;

type Qualified = FunctionIdentifier & { readonly qualifier: string };

export function eventInvokeConfigOperations(context: ControlContext): EventInvokeConfigOperations {
  const { table, eventInvokeConfigs, clock } = context;
  const store = async (
    identifier: Qualified,
    decide: (known: EventInvokeConfig | undefined) => Omit<EventInvokeConfig, 'lastModifiedMs'>,
  ): Promise<FunctionEventInvokeConfig> => {
    const { accountId, region, functionName, qualifier } = identifier;
    let stored: EventInvokeConfig | undefined;
    await table.change(accountId, region, functionName, () => {
      const decided = decide(eventInvokeConfigs.get(identifier, qualifier));
      stored = { ...decided, lastModifiedMs: clock.now() };
      return { joined: [eventInvokeConfigs.put(identifier, qualifier, stored)] };
    });
    return described(identifier, stored!);
  };
  const existing = (identifier: Qualified): EventInvokeConfig => {
    const known = eventInvokeConfigs.get(identifier, identifier.qualifier);
    if (known === undefined) throw noConfig(identifier);
    return known;
  };
  const requested = (request: PutFunctionEventInvokeConfigRequest, identifier: Qualified) => {
    if (!isThere(context, identifier)) throw notFound("The function doesn't exist.");
    checkRequest(context, request, identifier);
    return settingsOf(request);
  };
  return {
    async PutFunctionEventInvokeConfig(input, caller) {
      const identifier = qualified(
        parseFunctionIdentifier(input.FunctionName ?? '', input.Qualifier, caller),
      );
      return store(identifier, () => requested(input, identifier));
    },

    async UpdateFunctionEventInvokeConfig(input, caller) {
      const identifier = qualified(
        parseFunctionIdentifier(input.FunctionName ?? '', input.Qualifier, caller),
      );
      return store(identifier, () => {
        const changed = requested(input, identifier);
        const { onSuccessArn, onFailureArn, ...kept } = existing(identifier);
        const destinations = input.DestinationConfig === undefined ? { onSuccessArn, onFailureArn } : {};
        return { ...kept, ...defined(destinations), ...changed };
      });
    },

    async GetFunctionEventInvokeConfig(input, caller) {
      const identifier = qualified(
        parseFunctionIdentifier(input.FunctionName ?? '', input.Qualifier, caller),
      );
      return described(identifier, existing(identifier));
    },

    async ListFunctionEventInvokeConfigs(input, caller) {
      const identifier = parseFunctionIdentifier(input.FunctionName ?? '', undefined, caller);
      if (!isThere(context, qualified(identifier))) throw notFound("The function doesn't exist.");
      const { page, next } = pageByKey(
        eventInvokeConfigs.of(identifier),
        ([qualifier]) => qualifier,
        ([qualifier], key) => qualifier > key,
        input,
      );
      const configs = page.map(([qualifier, config]) => described({ ...identifier, qualifier }, config));
      return { FunctionEventInvokeConfigs: configs, ...next };
    },

    async DeleteFunctionEventInvokeConfig(input, caller) {
      const identifier = qualified(
        parseFunctionIdentifier(input.FunctionName ?? '', input.Qualifier, caller),
      );
      const { accountId, region, functionName, qualifier } = identifier;
      await table.change(accountId, region, functionName, () => {
        existing(identifier);
        return { joined: [eventInvokeConfigs.remove(identifier, qualifier)] };
      });
      return {};
    },
  };
}

function qualified(identifier: FunctionIdentifier): Qualified {
  return { ...identifier, qualifier: identifier.qualifier ?? LATEST };
}

/** Also an alias can have one. */
function isThere({ table, aliases }: ControlContext, identifier: Qualified): boolean {
  const { accountId, region, functionName, qualifier } = identifier;
  return (
    table.find(accountId, region, functionName, qualifier) !== undefined ||
    aliases.get(identifier, qualifier) !== undefined
  );
}

function noConfig(identifier: Qualified): AwsError {
  return notFound(`The function ${functionArn(identifier)} doesn't have an EventInvokeConfig`);
}

function settingsOf(request: PutFunctionEventInvokeConfigRequest): Omit<EventInvokeConfig, 'lastModifiedMs'> {
  const { OnSuccess, OnFailure } = request.DestinationConfig ?? {};
  return defined({
    maximumRetryAttempts: request.MaximumRetryAttempts,
    maximumEventAgeSeconds: request.MaximumEventAgeInSeconds,
    // The model lets an empty name through: no destination.
    onSuccessArn: OnSuccess?.Destination || undefined,
    onFailureArn: OnFailure?.Destination || undefined,
  });
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}

function checkRequest(
  context: ControlContext,
  request: PutFunctionEventInvokeConfigRequest,
  identifier: Qualified,
): void {
  const { MaximumRetryAttempts, MaximumEventAgeInSeconds, DestinationConfig } = request;
  const settings = [MaximumRetryAttempts, MaximumEventAgeInSeconds, DestinationConfig];
  if (settings.every((setting) => setting === undefined)) {
    throw invalidParameter('You must specify at least one of error handling or destination setting.');
  }
  if (DestinationConfig !== undefined) checkDestinations(context, DestinationConfig, identifier);
}

const SUCCESS_SERVICES = ['lambda', 'sqs', 'sns', 'events'];
/** Buckets keep records of failures only. Source: PutFunctionEventInvokeConfig. */
const FAILURE_SERVICES = [...SUCCESS_SERVICES, 's3'];

function checkDestinations(
  context: ControlContext,
  { OnSuccess, OnFailure }: DestinationConfig,
  identifier: Qualified,
): void {
  const success = OnSuccess?.Destination || undefined;
  const failure = OnFailure?.Destination || undefined;
  const isTaken =
    isDestination(context, success, SUCCESS_SERVICES, identifier) &&
    isDestination(context, failure, FAILURE_SERVICES, identifier);
  if (isTaken) return;
  const onSuccess = success === undefined ? 'null' : `OnSuccess(destination=${success})`;
  const onFailure = failure === undefined ? 'null' : `OnFailure(destination=${failure})`;
  throw invalidParameter(
    `The provided destination config DestinationConfig(onSuccess=${onSuccess}, onFailure=${onFailure}) is invalid.`,
  );
}

/** False for a service that cannot be one; throws for a function that cannot. */
function isDestination(
  { table }: ControlContext,
  destination: string | undefined,
  services: readonly string[],
  { accountId, region, functionName }: Qualified,
): boolean {
  if (destination === undefined) return true;
  const arn = parseArn(destination);
  if (arn === undefined || !services.includes(arn.service)) return false;
  if (arn.service !== 'lambda') return true;
  const [kind, name = ''] = arn.resource.split(':');
  if (kind !== 'function' || table.find(arn.accountId, arn.region, name, LATEST) === undefined)
    throw invalidParameter(`The destination ARN ${destination} is invalid.`);
  if (arn.accountId === accountId && arn.region === region && name === functionName)
    throw invalidParameter("You can't specify the function as a destination for itself.");
  return true;
}

function described(identifier: FunctionIdentifier, config: EventInvokeConfig): FunctionEventInvokeConfig {
  const { maximumRetryAttempts, maximumEventAgeSeconds, onSuccessArn, onFailureArn } = config;
  return {
    FunctionArn: functionArn(identifier),
    LastModified: new Date(config.lastModifiedMs),
    // Recorded: both members are there where nothing was set.
    DestinationConfig: {
      OnSuccess: onSuccessArn === undefined ? {} : { Destination: onSuccessArn },
      OnFailure: onFailureArn === undefined ? {} : { Destination: onFailureArn },
    },
    ...(maximumRetryAttempts === undefined ? {} : { MaximumRetryAttempts: maximumRetryAttempts }),
    ...(maximumEventAgeSeconds === undefined ? {} : { MaximumEventAgeInSeconds: maximumEventAgeSeconds }),
  };
}
