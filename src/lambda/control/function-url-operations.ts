import type { Cors, FunctionUrlConfig } from '@aws-sdk/client-lambda';
import type { RequestContext } from '../../ports/service.ts';
import type { FunctionIdentifier } from '../records/function-identifier.ts';
import { functionArn, parseFunctionIdentifier } from '../records/function-identifier.ts';
import { LATEST } from '../records/function-record.ts';
import type { FunctionUrlCors, FunctionUrlRecord } from '../records/function-url-table.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { pageByKey } from './keyed-page.ts';
import { conflict, noSuchResource, notFound } from './lambda-errors.ts';

type UrlOperations = Required<
  Pick<
    LambdaOperations,
    | 'CreateFunctionUrlConfig'
    | 'GetFunctionUrlConfig'
    | 'UpdateFunctionUrlConfig'
    | 'DeleteFunctionUrlConfig'
    | 'ListFunctionUrlConfigs'
  >
>;

/** Half of the characters of a URL's id: they are hexadecimal digits. */
const URL_ID_BYTES = 16;

export function functionUrlOperations(context: ControlContext): UrlOperations {
  const { table, urls, ids, clock } = context;
  const store = async (
    identifier: FunctionIdentifier,
    decide: (known: FunctionUrlRecord | undefined) => FunctionUrlRecord,
  ): Promise<FunctionUrlRecord> => {
    const { accountId, region, functionName, qualifier = LATEST } = identifier;
    let stored: FunctionUrlRecord | undefined;
    await table.change(accountId, region, functionName, () => {
      checkTarget(context, identifier);
      stored = decide(urls.get(identifier, qualifier));
      return { joined: [urls.put(identifier, qualifier, stored)] };
    });
    return stored!;
  };
  return {
    async CreateFunctionUrlConfig(input, caller) {
      const { qualifier: alias, ...name } = identify(input, caller);
      const record = await store({ ...name, qualifier: alias }, (known) => {
        if (known !== undefined) throw exists({ ...name, qualifier: alias });
        const createdMs = clock.now();
        return {
          urlId: ids.hex(URL_ID_BYTES),
          ...name,
          ...(alias === undefined ? {} : { alias }),
          authType: input.AuthType!,
          ...corsOf(input.Cors),
          invokeMode: input.InvokeMode ?? 'BUFFERED',
          createdMs,
          lastModifiedMs: createdMs,
        };
      });
      const { LastModifiedTime: _, InvokeMode, ...answer } = urlConfig(record, caller);
      // Recorded: the mode is in this answer only where the request had one.
      return input.InvokeMode === undefined ? answer : { ...answer, InvokeMode };
    },

    async GetFunctionUrlConfig(input, caller) {
      const identifier = identify(input, caller);
      const record = urls.get(identifier, identifier.qualifier ?? LATEST);
      if (record === undefined) throw noSuchResource();
      return urlConfig(record, caller);
    },

    async UpdateFunctionUrlConfig(input, caller) {
      const record = await store(identify(input, caller), (known) => {
        if (known === undefined) throw noSuchResource();
        const { cors, ...kept } = known;
        return {
          ...kept,
          ...(input.Cors === undefined ? cors && { cors } : corsOf(input.Cors)),
          authType: input.AuthType ?? known.authType,
          invokeMode: input.InvokeMode ?? known.invokeMode,
          lastModifiedMs: clock.now(),
        };
      });
      return urlConfig(record, caller);
    },

    async DeleteFunctionUrlConfig(input, caller) {
      const identifier = identify(input, caller);
      const { accountId, region, functionName, qualifier = LATEST } = identifier;
      await table.change(accountId, region, functionName, () => {
        if (urls.get(identifier, qualifier) === undefined) throw noSuchResource();
        return { joined: [urls.remove(identifier, qualifier)] };
      });
      return {};
    },

    async ListFunctionUrlConfigs(input, caller) {
      const identifier = parseFunctionIdentifier(input.FunctionName ?? '', undefined, caller);
      checkTarget(context, { ...identifier, qualifier: undefined });
      const listed = urls.of(identifier).map(([, record]) => record);
      const keyOf = ({ alias = LATEST }: FunctionUrlRecord): string => alias;
      const { page, next } = pageByKey(listed, keyOf, (record, key) => keyOf(record) > key, input);
      return { FunctionUrlConfigs: page.map((record) => urlConfig(record, caller)), ...next };
    },
  };
}

function identify(
  input: { readonly FunctionName?: string | undefined; readonly Qualifier?: string | undefined },
  caller: RequestContext,
): FunctionIdentifier {
  return parseFunctionIdentifier(input.FunctionName ?? '', input.Qualifier, caller);
}

/** The model lets no version through: only a function as it is, or an alias, can have a URL. */
function checkTarget({ table, aliases }: ControlContext, identifier: FunctionIdentifier): void {
  const { accountId, region, functionName, qualifier } = identifier;
  const isThere =
    qualifier === undefined
      ? table.find(accountId, region, functionName, LATEST) !== undefined
      : aliases.get(identifier, qualifier) !== undefined;
  if (!isThere) throw notFound('Function does not exist');
}

/** AWS's words as its users quote them, two spaces and all. */
function exists(identifier: FunctionIdentifier): Error {
  return conflict(
    `Failed to create function url config for [functionArn = ${functionArn(identifier)}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
  );
}

function corsOf(cors: Cors | undefined): Pick<FunctionUrlRecord, 'cors'> {
  if (cors === undefined || Object.keys(cors).length === 0) return {};
  const { AllowCredentials, AllowHeaders, AllowMethods, AllowOrigins, ExposeHeaders, MaxAge } = cors;
  return {
    cors: {
      ...(AllowCredentials === undefined ? {} : { allowCredentials: AllowCredentials }),
      ...(AllowHeaders === undefined ? {} : { allowHeaders: AllowHeaders }),
      ...(AllowMethods === undefined ? {} : { allowMethods: AllowMethods }),
      ...(AllowOrigins === undefined ? {} : { allowOrigins: AllowOrigins }),
      ...(ExposeHeaders === undefined ? {} : { exposeHeaders: ExposeHeaders }),
      ...(MaxAge === undefined ? {} : { maxAgeSeconds: MaxAge }),
    },
  };
}

function urlConfig(
  record: FunctionUrlRecord,
  caller: RequestContext,
): FunctionUrlConfig & { readonly InvokeMode: FunctionUrlRecord['invokeMode'] } {
  const { accountId, region, functionName, alias, authType, cors, invokeMode } = record;
  return {
    FunctionUrl: functionUrl(record, caller.origin),
    FunctionArn: functionArn({ accountId, region, functionName, qualifier: alias }),
    AuthType: authType,
    ...(cors === undefined ? {} : { Cors: shownCors(cors) }),
    CreationTime: new Date(record.createdMs).toISOString(),
    LastModifiedTime: new Date(record.lastModifiedMs).toISOString(),
    InvokeMode: invokeMode,
  };
}

/** At the port under which the caller reached this server. */
function functionUrl({ urlId, region }: FunctionUrlRecord, origin: string): string {
  const { port } = new URL(origin);
  return `http://${urlId}.lambda-url.${region}.localhost${port === '' ? '' : `:${port}`}/`;
}

function shownCors(cors: FunctionUrlCors): Cors {
  const { allowCredentials, allowHeaders, allowMethods, allowOrigins, exposeHeaders, maxAgeSeconds } = cors;
  return {
    ...(allowCredentials === undefined ? {} : { AllowCredentials: allowCredentials }),
    ...(allowHeaders === undefined ? {} : { AllowHeaders: [...allowHeaders] }),
    ...(allowMethods === undefined ? {} : { AllowMethods: [...allowMethods] }),
    ...(allowOrigins === undefined ? {} : { AllowOrigins: [...allowOrigins] }),
    ...(exposeHeaders === undefined ? {} : { ExposeHeaders: [...exposeHeaders] }),
    ...(maxAgeSeconds === undefined ? {} : { MaxAge: maxAgeSeconds }),
  };
}
