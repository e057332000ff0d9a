/** What a connection adds to requests so that endpoints let them in. Source: user guide, "Connection authorization methods". */
import type { WorkClock } from '../../core/clock.ts';
import { ClockedWork } from '../../core/clocked-work.ts';
import type { Log } from '../../ports/log.ts';
import type { AuthParameters, ConnectionRecord, HttpParameters } from './connection-record.ts';
import { connectionArn } from './connection-record.ts';
import type { Connections } from './connections.ts';
import { TargetFailure } from './delivery-failure.ts';
import { answerTo } from './outgoing-request.ts';

/** Where an authorization server does not say how long its token is good for. RFC 6749 leaves it open. */
const TOKEN_SECONDS = 3_600;
/** Source: user guide, "Connections": a token that expires within a minute of a request is replaced. */
const EARLY_MS = 60_000;

interface Token {
  readonly value: string;
  readonly untilMs: number;
  /** The parameters that it was fetched with, as the connection has them: sealed anew, they are others. */
  readonly sealed: string;
}

type OAuthParameters = NonNullable<AuthParameters['OAuthParameters']>;

export interface ConnectionAuthorizerDependencies {
  readonly connections: Connections;
  readonly clock: WorkClock;
  readonly log: Log;
}

export class ConnectionAuthorizer {
  private readonly connections: Connections;
  private readonly clock: WorkClock;
  private readonly log: Log;
  private readonly tokens = new Map<string, Token>();
  /** Tokens that have been asked for, by the sealed parameters: whoever needs one meanwhile waits for it. */
  private readonly asked = new Map<string, Promise<Token>>();
  private readonly work: ClockedWork;
  private readonly closing = new AbortController();

  constructor({ connections, clock, log }: ConnectionAuthorizerDependencies) {
    this.connections = connections;
    this.clock = clock;
    this.log = log;
    this.work = new ClockedWork(clock);
  }

  /** Goes on with what an earlier process has left. */
  resume(): void {
    for (const connection of this.connections.all()) {
      const oauth =
        connection.state === 'AUTHORIZING'
          ? this.connections.parameters(connection)?.OAuthParameters
          : undefined;
      if (oauth !== undefined) this.begin(connection, oauth);
    }
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.work.ended();
  }

  get signal(): AbortSignal {
    return this.closing.signal;
  }

  /** Throws `TargetFailure` where no token is to be had. */
  async headers(
    connection: ConnectionRecord,
    parameters: AuthParameters,
  ): Promise<Readonly<Record<string, string>>> {
    const { BasicAuthParameters: basic, ApiKeyAuthParameters: key, OAuthParameters: oauth } = parameters;
    if (basic !== undefined) {
      const text = `${basic.Username}:${basic.Password}`;
      return { authorization: `Basic ${Buffer.from(text).toString('base64')}` };
    }
    if (key !== undefined) return { [key.ApiKeyName!.toLowerCase()]: key.ApiKeyValue! };
    return { authorization: `Bearer ${(await this.token(connection, oauth!)).value}` };
  }

  /** To be called when an endpoint has refused a token, or nobody is to have it any more: the next request gets another. */
  forget(connection: ConnectionRecord): void {
    this.tokens.delete(connectionArn(connection));
  }

  /** Asks for a first token, and notes with the connection whether there was one. */
  begin(connection: ConnectionRecord, oauth: OAuthParameters): void {
    void this.work.run(async () => {
      try {
        await this.authorize(connection, oauth);
      } catch (error) {
        const about = { connection: connectionArn(connection), error: String(error) };
        this.log.error(
          about,
          'Whether a connection is authorized could not be stored; the next start asks again.',
        );
      }
    });
  }

  private async authorize(connection: ConnectionRecord, oauth: OAuthParameters): Promise<void> {
    const failure = await this.token(connection, oauth).then(
      () => undefined,
      (error: unknown) => String((error as Error).message),
    );
    // Broken off, it says nothing; the next start asks again.
    if (failure !== undefined && this.closing.signal.aborted) return;
    await this.connections.change(connection, (known) => {
      if (known?.id !== connection.id || known.sealed !== connection.sealed) return known;
      const { reason: _, ...rest } = known;
      return failure === undefined
        ? { ...rest, state: 'AUTHORIZED', authorizedMs: this.clock.now() }
        : { ...rest, state: 'DEAUTHORIZED', reason: failure };
    });
  }

  private async token(connection: ConnectionRecord, oauth: OAuthParameters): Promise<Token> {
    const arn = connectionArn(connection);
    const { sealed = '' } = connection;
    const known = this.tokens.get(arn);
    if (known !== undefined && known.sealed === sealed && known.untilMs > this.clock.now()) return known;
    let asked = this.asked.get(sealed);
    if (asked === undefined) {
      asked = this.fetchedToken(oauth, sealed).finally(() => this.asked.delete(sealed));
      this.asked.set(sealed, asked);
    }
    const token = await asked;
    this.tokens.set(arn, token);
    return token;
  }

  private async fetchedToken(oauth: OAuthParameters, sealed: string): Promise<Token> {
    const { status, body } = await answerTo(tokenRequest(oauth, this.closing.signal));
    const { access_token: value, expires_in: seconds = TOKEN_SECONDS } = tokenAnswer(body);
    if (status < 200 || status > 299 || typeof value !== 'string')
      throw new TargetFailure({
        code: 'NO_PERMISSIONS',
        message: `${oauth.AuthorizationEndpoint} gave no token: it answered ${status}`,
        isFinal: false,
      });
    return { value, sealed, untilMs: this.clock.now() + Number(seconds) * 1_000 - EARLY_MS };
  }
}

/** RFC 6749, section 4.4.2, with the client's credentials in the body (2.3.1), or in the query where there is none. */
function tokenRequest(oauth: OAuthParameters, signal: AbortSignal) {
  const { ClientParameters: client, OAuthHttpParameters: more = {} } = oauth;
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: client!.ClientID!,
    client_secret: client!.ClientSecret!,
  });
  for (const { Key, Value } of more.BodyParameters ?? []) form.set(Key!, Value!);
  const url = new URL(oauth.AuthorizationEndpoint!);
  const isGet = oauth.HttpMethod === 'GET';
  if (isGet) for (const [name, value] of form) url.searchParams.set(name, value);
  for (const { Key, Value } of more.QueryStringParameters ?? []) url.searchParams.set(Key!, Value!);
  return {
    url: url.href,
    method: oauth.HttpMethod!,
    headers: {
      ...(isGet ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      accept: 'application/json',
      ...namedHeaders(more),
    },
    body: isGet ? undefined : form.toString(),
    signal,
  };
}

export function namedHeaders({ HeaderParameters: headers }: HttpParameters): Record<string, string> {
  return Object.fromEntries((headers ?? []).map(({ Key, Value }) => [Key!.toLowerCase(), Value!]));
}

function tokenAnswer(text: string): { readonly access_token?: unknown; readonly expires_in?: unknown } {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' && answer !== null ? answer : {};
  } catch {
    return {};
  }
}
