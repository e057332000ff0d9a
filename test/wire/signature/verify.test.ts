import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Dialect } from '../../../src/wire/signature/refusal.ts';
import type { SignedRequest } from '../../../src/wire/signature/signed-request.ts';
import { headerValues } from '../../../src/wire/signature/signed-request.ts';
import { checkBody, verifySignature } from '../../../src/wire/signature/verify.ts';
import type { Signed, ToSign } from './signed-requests.ts';
import { ACCESS_KEY, credentials, SIGNED_AT, sign, withHeader } from './signed-requests.ts';

function verify(
  { request, body }: Signed,
  options: { dialect?: Dialect; secondsLater?: number; sessionToken?: string } = {},
) {
  return verifySignature(request, {
    dialect: options.dialect ?? 'restJson',
    nowMs: SIGNED_AT.getTime() + (options.secondsLater ?? 1) * 1_000,
    findCredentials: credentials(options.sessionToken),
    body,
  });
}

const INVOKE: ToSign = {
  path: '/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af/invocations',
  query: { Qualifier: '$LATEST', b: '2 3', a: 'ü/*~' },
  headers: { 'content-type': 'application/json', 'x-amz-log-type': 'Tail' },
  body: '{"key":"value"}',
};

describe('a request signed by header', () => {
  it('is accepted and names its access key', async () => {
    const verified = await verify(await sign(INVOKE));
    assert.equal(verified.accessKeyId, ACCESS_KEY);
  });

  it('is accepted with a session token, and refused without it or with another', async () => {
    const signed = await sign({ ...INVOKE, sessionToken: 'TOKEN' });
    await verify(signed, { sessionToken: 'TOKEN' });
    const refused = { code: 'UnrecognizedClientException', status: 403 };
    await assert.rejects(verify(signed, { sessionToken: 'OTHER' }), refused);
    await assert.rejects(verify(signed), refused);
    await assert.rejects(verify(await sign(INVOKE), { sessionToken: 'TOKEN' }), refused);
  });

  it('is accepted without having been read, by the hash it declares, which then holds the body', async () => {
    const signed = await sign({ ...INVOKE, service: 's3' });
    const verified = await verifySignature(signed.request, {
      dialect: 's3',
      nowMs: SIGNED_AT.getTime(),
      findCredentials: credentials(),
    });
    checkBody(verified, 's3', signed.body);
    assert.throws(() => checkBody(verified, 's3', Buffer.from('other')), {
      code: 'XAmzContentSHA256Mismatch',
    });
  });

  const tampered: Record<string, (request: SignedRequest) => SignedRequest> = {
    method: (request) => ({ ...request, method: 'PUT' }),
    path: (request) => ({ ...request, path: request.path.replace('%3Af/', '%3Ag/') }),
    'a query value': (request) => ({ ...request, query: request.query.replace('LATEST', '1') }),
    'an added query parameter': (request) => ({ ...request, query: `${request.query}&c=1` }),
    host: (request) => withHeader(request, 'host', 'localhost:4567'),
    'a signed header': (request) => withHeader(request, 'x-amz-log-type', 'None'),
    'a removed header': (request) => withHeader(request, 'x-amz-log-type', undefined),
    'a doubled header': (request) => ({
      ...request,
      rawHeaders: [...request.rawHeaders, 'x-amz-log-type', 'Tail'],
    }),
    'the date': (request) => withHeader(request, 'x-amz-date', '20260301T120001Z'),
    'the region of the scope': (request) => replaceAuthorization(request, 'us-east-1', 'us-east-2'),
    'the service of the scope': (request) => replaceAuthorization(request, '/lambda/', '/s3/'),
    'the signature': (request) =>
      replaceAuthorization(
        request,
        /Signature=(.)/,
        (_all, digit) => `Signature=${digit === 'a' ? 'b' : 'a'}`,
      ),
    'the length of the signature': (request) => replaceAuthorization(request, /.$/, () => ''),
  };
  for (const [part, change] of Object.entries(tampered)) {
    it(`is refused with ${part} changed`, async () => {
      const { request, body } = await sign(INVOKE);
      const changed = change(request);
      assert.notDeepEqual(changed, request);
      await assert.rejects(verify({ request: changed, body }), {
        code: 'InvalidSignatureException',
        status: 403,
      });
    });
  }

  it('is refused with its body changed', async () => {
    const { request } = await sign(INVOKE);
    await assert.rejects(verify({ request, body: Buffer.from('{"key":"other"}') }), {
      code: 'InvalidSignatureException',
      message:
        /^The request signature we calculated does not match the signature you provided\. Check your AWS Secret Access Key and signing method\. Consult the service documentation for details\.\n\nThe Canonical String for this request should have been\n'POST\n/,
    });
  });

  it('is refused where X-Amz-Target is there but not signed', async () => {
    const { request, body } = await sign({ service: 'logs', body: '{}' });
    const changed = withHeader(request, 'x-amz-target', 'Logs_20140328.DeleteLogGroup');
    await assert.rejects(verify({ request: changed, body }, { dialect: 'jsonRpc' }), {
      code: 'InvalidSignatureException',
      message: "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.",
      status: 400,
    });
  });

  it('is accepted 15 minutes early and late, and refused beyond', async () => {
    const signed = await sign(INVOKE);
    for (const secondsLater of [-900, 900]) await verify(signed, { secondsLater });
    await assert.rejects(verify(signed, { secondsLater: 901 }), {
      code: 'InvalidSignatureException',
      message:
        'Signature expired: 20260301T120000Z is now earlier than 20260301T120001Z (20260301T121501Z - 15 min.)',
    });
    await assert.rejects(verify(signed, { secondsLater: -901 }), {
      code: 'InvalidSignatureException',
      message:
        'Signature not yet current: 20260301T120000Z is still later than 20260301T115959Z (20260301T114459Z + 15 min.)',
    });
    await assert.rejects(
      verify(await sign({ ...INVOKE, service: 's3' }), { secondsLater: 901, dialect: 's3' }),
      {
        code: 'RequestTimeTooSkewed',
        status: 403,
      },
    );
  });
});

describe('a request that is not properly signed', () => {
  const empty: Signed = {
    request: { method: 'GET', path: '/', query: '', rawHeaders: ['Host', 'localhost'] },
    body: Buffer.alloc(0),
  };
  const authorized = (authorization: string): Signed => ({
    ...empty,
    request: withHeader(empty.request, 'authorization', authorization),
  });

  it('is told that it has no signature', async () => {
    await assert.rejects(verify(empty), {
      code: 'MissingAuthenticationTokenException',
      message: 'Request is missing Authentication Token',
    });
    await assert.rejects(verify(empty, { dialect: 'query' }), {
      code: 'MissingAuthenticationToken',
      status: 403,
    });
    await assert.rejects(verify(empty, { dialect: 's3' }), { code: 'AccessDenied', status: 403 });
  });

  it('is told which parts are missing', async () => {
    await assert.rejects(verify(authorized('AWS4-HMAC-SHA256 Credential=a')), {
      code: 'IncompleteSignatureException',
      message:
        "Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' " +
        "parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. " +
        'Authorization=AWS4-HMAC-SHA256 Credential=a',
    });
    await assert.rejects(
      verify(authorized('AWS4-HMAC-SHA256 Credential= a, Signature=b'), { dialect: 'query' }),
      {
        code: 'IncompleteSignature',
        message:
          "'a' not a valid key=value pair (missing equal-sign) in Authorization header: " +
          "'AWS4-HMAC-SHA256 Credential= a, Signature=b'.",
      },
    );
  });

  it('is told that its key is unknown, in the words of each API', async () => {
    const signed = await sign(INVOKE);
    const other = { ...signed, request: replaceAuthorization(signed.request, ACCESS_KEY, 'AKIDOTHER') };
    await assert.rejects(verify(other), {
      code: 'UnrecognizedClientException',
      message: 'The security token included in the request is invalid.',
      status: 403,
    });
    await assert.rejects(verify(other, { dialect: 'query' }), { code: 'InvalidClientTokenId', status: 403 });
    await assert.rejects(verify(other, { dialect: 's3' }), { code: 'InvalidAccessKeyId', status: 403 });
  });

  it('is told what is wrong with its date, scope and algorithm', async () => {
    const { request, body } = await sign(INVOKE);
    const cases: [SignedRequest, RegExp][] = [
      [
        withHeader(request, 'x-amz-date', 'yesterday'),
        /^Date must be in ISO-8601 'basic format'. Got 'yesterday'/,
      ],
      [withHeader(request, 'x-amz-date', '20261301T000000Z'), /20261301/],
      [replaceAuthorization(request, '/aws4_request', ''), /^Credential must have exactly 5 slash-delimited/],
      [replaceAuthorization(request, 'SHA256', 'SHA512'), /^Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'/],
      [replaceAuthorization(request, '/20260301/', '/20260302/'), /^Date in Credential scope does not match/],
      [replaceAuthorization(request, 'host;', ''), /^'Host' must be a 'SignedHeader'/],
    ];
    for (const [changed, message] of cases)
      await assert.rejects(verify({ request: changed, body }), { message });
  });
});

describe('a presigned request', () => {
  const GET_OBJECT: ToSign = {
    service: 's3',
    method: 'GET',
    path: '/bucket/a//b/../c%20d',
    query: { versionId: 'v1' },
    // As the S3 presigner does: the body is not known when the link is made.
    headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
  };

  it('is accepted until it expires', async () => {
    const signed = await sign(GET_OBJECT, 60);
    await verify(signed, { dialect: 's3', secondsLater: 60 });
    await assert.rejects(verify(signed, { dialect: 's3', secondsLater: 61 }), {
      code: 'AccessDenied',
      message: 'Request has expired',
      status: 403,
    });
    await assert.rejects(verify(signed, { dialect: 's3', secondsLater: -901 }), {
      message: 'Request is not yet valid',
    });
  });

  it('is accepted for other services, and expires in their words', async () => {
    const signed = await sign({ service: 'sts', method: 'GET', query: { Action: 'GetCallerIdentity' } }, 60);
    await verify(signed, { dialect: 'query' });
    await assert.rejects(verify(signed, { dialect: 'query', secondsLater: 61 }), {
      code: 'SignatureDoesNotMatch',
      message: /^Signature expired: /,
    });
  });

  it('is accepted with a session token, which is signed too', async () => {
    const signed = await sign({ ...GET_OBJECT, sessionToken: 'TO/KEN' }, 60);
    await verify(signed, { dialect: 's3', sessionToken: 'TO/KEN' });
    await assert.rejects(verify(signed, { dialect: 's3', sessionToken: 'OTHER' }), { code: 'InvalidToken' });
  });

  for (const [part, from, to] of [
    ['path', '', ''],
    ['version', 'versionId=v1', 'versionId=v2'],
    ['life', 'X-Amz-Expires=60', 'X-Amz-Expires=6000'],
    ['date', 'X-Amz-Date=20260301T120000Z', 'X-Amz-Date=20260301T120001Z'],
    ['signed headers', 'X-Amz-SignedHeaders=host', 'X-Amz-SignedHeaders=host%3Bx-amz-date'],
    ['region', 'us-east-1', 'us-east-2'],
  ] as const) {
    it(`is refused with its ${part} changed`, async () => {
      const { request, body } = await sign(GET_OBJECT, 60);
      const changed =
        part === 'path'
          ? { ...request, path: '/bucket/b' }
          : { ...request, query: request.query.replace(from, to) };
      assert.notDeepEqual(changed, request);
      await assert.rejects(verify({ request: changed, body }, { dialect: 's3' }), {
        code: 'SignatureDoesNotMatch',
        status: 403,
      });
    });
  }

  it('is refused with a header that it did not sign', async () => {
    const { request, body } = await sign({ ...GET_OBJECT, method: 'PUT' }, 60);
    await assert.rejects(
      verify({ request: withHeader(request, 'x-amz-acl', 'public-read'), body }, { dialect: 's3' }),
      {
        code: 'AccessDenied',
        message: 'There were headers present in the request which were not signed',
      },
    );
  });

  it('is refused where parameters are missing or its life is no number or too long', async () => {
    const { request, body } = await sign(GET_OBJECT, 60);
    const cases: [string, string, RegExp][] = [
      ['X-Amz-Expires=60&', '', /^Query-string authentication version 4 requires/],
      ['X-Amz-Expires=60', 'X-Amz-Expires=', /should be a number/],
      ['X-Amz-Expires=60', 'X-Amz-Expires=-1', /must be non-negative/],
      ['X-Amz-Expires=60', 'X-Amz-Expires=604801', /must be less than a week/],
    ];
    for (const [from, to, message] of cases) {
      const query = request.query.replace(from, to);
      assert.notEqual(query, request.query);
      await assert.rejects(verify({ request: { ...request, query }, body }, { dialect: 's3' }), {
        code: 'AuthorizationQueryParametersError',
        message,
        status: 400,
      });
    }
  });
});

function replaceAuthorization(
  request: SignedRequest,
  from: string | RegExp,
  to: string | ((all: string, first: string) => string),
): SignedRequest {
  const authorization = headerValues(request, 'authorization')[0]!;
  const changed = typeof to === 'string' ? authorization.replace(from, to) : authorization.replace(from, to);
  return withHeader(request, 'authorization', changed);
}
