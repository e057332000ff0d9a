/** Shapes as recorded for "TestEventBridgeConnections". */
import type { RequestContext } from '../../ports/service.ts';
import type { AuthorizationType, AuthParameters, ConnectionRecord } from './connection-record.ts';
import { connectionArn, secretArn, shownParameters } from './connection-record.ts';
import { noSuchConnection } from './connections.ts';
import type { EventsContext, EventsOperations } from './events-context.ts';
import { alreadyExists, invalid, limitExceeded, notImplemented } from './events-errors.ts';
import { pageOf } from './page.ts';

/** Source: "Amazon EventBridge quotas", per region. */
const MAX_CONNECTIONS = 3_000;

const PARAMETERS_OF = {
  BASIC: 'BasicAuthParameters',
  API_KEY: 'ApiKeyAuthParameters',
  OAUTH_CLIENT_CREDENTIALS: 'OAuthParameters',
} as const;

type ConnectionOperations = Required<
  Pick<
    EventsOperations,
    | 'CreateConnection'
    | 'UpdateConnection'
    | 'DeauthorizeConnection'
    | 'DescribeConnection'
    | 'ListConnections'
    | 'DeleteConnection'
  >
>;

export function connectionOperations(events: EventsContext): ConnectionOperations {
  const { connections, authorizer, clock, ids } = events;
  const authorize = (connection: ConnectionRecord): void => {
    const oauth = connections.parameters(connection)?.OAuthParameters;
    if (connection.state === 'AUTHORIZING' && oauth !== undefined) authorizer.begin(connection, oauth);
  };
  return {
    async CreateConnection(input, caller) {
      refuseUnimplemented(input);
      const [type, parameters] = [input.AuthorizationType!, input.AuthParameters!];
      checkParameters(type, parameters);
      const nowMs = clock.now();
      const address = addressOf(input, caller);
      const made: ConnectionRecord = {
        ...address,
        id: ids.uuid(),
        secretId: ids.uuid(),
        ...(input.Description === undefined ? {} : { description: input.Description }),
        createdMs: nowMs,
        ...authorization(type, connections.sealed(parameters), nowMs),
      };
      await connections.change(address, (known) => {
        if (known !== undefined) throw alreadyExists(`Connection ${address.name}`);
        if (connections.of(caller).length >= MAX_CONNECTIONS) throw limitExceeded();
        return made;
      });
      authorize(made);
      return changed(made);
    },

    async UpdateConnection(input, caller) {
      refuseUnimplemented(input);
      const connection = await connections.update(addressOf(input, caller), (known) => {
        const type = input.AuthorizationType ?? known.authorizationType;
        const parameters = merged(type, connections.parameters(known), input.AuthParameters ?? {});
        checkParameters(type, parameters);
        const { reason: _, ...rest } = known;
        return {
          ...rest,
          ...(input.Description === undefined ? {} : { description: input.Description }),
          ...authorization(type, connections.sealed(parameters), clock.now()),
        };
      });
      authorize(connection);
      return { ...changed(connection), ...authorizedAt(connection) };
    },

    async DeauthorizeConnection(input, caller) {
      const connection = await connections.update(addressOf(input, caller), ({ sealed: _, ...known }) => ({
        ...known,
        state: 'DEAUTHORIZED',
        modifiedMs: clock.now(),
      }));
      authorizer.forget(connection);
      return { ...changed(connection), ...authorizedAt(connection) };
    },

    async DescribeConnection(input, caller) {
      const connection = connections.get(addressOf(input, caller));
      const parameters = connections.parameters(connection);
      return {
        ...shown(connection),
        ...(connection.description === undefined ? {} : { Description: connection.description }),
        SecretArn: secretArn(connection),
        AuthParameters: parameters === undefined ? {} : shownParameters(parameters),
      };
    },

    async ListConnections(input, caller) {
      const found = connections
        .of(caller)
        .filter(({ name }) => name.startsWith(input.NamePrefix ?? ''))
        .filter(({ state }) => input.ConnectionState === undefined || state === input.ConnectionState);
      const { items, ...next } = pageOf(found, input, ({ name }) => name);
      return { Connections: items.map(shown), ...next };
    },

    async DeleteConnection(input, caller) {
      const address = addressOf(input, caller);
      let removed: ConnectionRecord | undefined;
      await connections.change(address, (known) => {
        if (known === undefined) throw noSuchConnection(address.name);
        removed = known;
        return undefined;
      });
      authorizer.forget(removed!);
      return { ...changed(removed!), ConnectionState: 'DELETING' };
    },
  };
}

function addressOf(
  { Name: name }: { readonly Name: string | undefined },
  { accountId, region }: RequestContext,
) {
  return { accountId, region, name: name! };
}

/** A connection that needs a token is authorized when it has one. */
function authorization(type: AuthorizationType, sealed: string, nowMs: number) {
  return {
    authorizationType: type,
    sealed,
    modifiedMs: nowMs,
    authorizedMs: nowMs,
    state: type === 'OAUTH_CLIENT_CREDENTIALS' ? ('AUTHORIZING' as const) : ('AUTHORIZED' as const),
  };
}

function checkParameters(type: AuthorizationType, parameters: AuthParameters): void {
  if (parameters[PARAMETERS_OF[type]] === undefined)
    throw invalid(`AuthParameters.${PARAMETERS_OF[type]} is required for the authorization type ${type}.`);
  const others = Object.values(PARAMETERS_OF).filter((name) => name !== PARAMETERS_OF[type]);
  const other = others.find((name) => parameters[name] !== undefined);
  if (other !== undefined)
    throw invalid(`AuthParameters.${other} does not go with the authorization type ${type}.`);
}

/** What is given takes the place of what there was, member by member; of another type nothing stays. */
function merged(type: AuthorizationType, known: AuthParameters | undefined, given: object): AuthParameters {
  const name = PARAMETERS_OF[type];
  const { [name]: knownOfType, InvocationHttpParameters } = known ?? {};
  const { [name]: givenOfType, ...rest } = given as AuthParameters;
  const ofType = { ...knownOfType, ...givenOfType } as AuthParameters[typeof name] & object;
  return {
    ...(InvocationHttpParameters === undefined ? {} : { InvocationHttpParameters }),
    ...rest,
    ...(Object.keys(ofType).length === 0 ? {} : { [name]: withClient(knownOfType, ofType) }),
  };
}

/** The two of a client are one member, of which one may be given. */
function withClient(known: object | undefined, given: object): object {
  const [before, now] = [known, given].map(
    (of) => (of as { readonly ClientParameters?: object } | undefined)?.ClientParameters,
  );
  return before === undefined || now === undefined
    ? given
    : { ...given, ClientParameters: { ...before, ...now } };
}

function refuseUnimplemented(input: {
  readonly KmsKeyIdentifier?: string | undefined;
  readonly InvocationConnectivityParameters?: object | undefined;
  readonly AuthParameters?: { readonly ConnectivityParameters?: object | undefined } | undefined;
}): void {
  for (const name of ['KmsKeyIdentifier', 'InvocationConnectivityParameters'] as const)
    if (input[name] !== undefined) throw notImplemented(`${name} of connections`);
  if (input.AuthParameters?.ConnectivityParameters !== undefined)
    throw notImplemented('AuthParameters.ConnectivityParameters of connections');
}

function times({ createdMs, modifiedMs }: ConnectionRecord) {
  return { CreationTime: new Date(createdMs), LastModifiedTime: new Date(modifiedMs) };
}

function changed(connection: ConnectionRecord) {
  return {
    ConnectionArn: connectionArn(connection),
    ConnectionState: connection.state,
    ...times(connection),
  };
}

function shown(connection: ConnectionRecord) {
  const { name, authorizationType, reason } = connection;
  return {
    ...changed(connection),
    Name: name,
    AuthorizationType: authorizationType,
    ...(reason === undefined ? {} : { StateReason: reason }),
    ...authorizedAt(connection),
  };
}

function authorizedAt({ authorizedMs }: ConnectionRecord): { LastAuthorizedTime?: Date } {
  return authorizedMs === undefined ? {} : { LastAuthorizedTime: new Date(authorizedMs) };
}
