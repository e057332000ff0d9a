import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateFunctionCommand,
  DeleteResourcePolicyCommand,
  GetPolicyCommand,
  GetResourcePolicyCommand,
  PublishVersionCommand,
  PutResourcePolicyCommand,
  RemovePermissionCommand,
} from '@aws-sdk/client-lambda';
import { functionNamed, lambdaServer, refusal, untilActive } from './lambda-server.ts';

const { lambda } = await lambdaServer();

const arnOf = (name: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

async function created(FunctionName: string): Promise<string> {
  await lambda.send(new CreateFunctionCommand(functionNamed(FunctionName)));
  await untilActive(lambda, FunctionName);
  return arnOf(FunctionName);
}

const denyAll = (Resource: string): object => ({
  Version: '2012-10-17',
  Statement: [{ Sid: 'nobody', Effect: 'Deny', Principal: '*', Action: 'lambda:*', Resource }],
});

const put = (
  ResourceArn: string,
  document: unknown,
  RevisionId?: string,
): Promise<{ RevisionId?: string | undefined }> =>
  lambda.send(
    new PutResourcePolicyCommand({
      ResourceArn,
      Policy: typeof document === 'string' ? document : JSON.stringify(document),
      ...(RevisionId === undefined ? {} : { RevisionId }),
    }),
  );

const got = async (ResourceArn: string): Promise<{ document: unknown; RevisionId: string }> => {
  const { Policy, RevisionId } = await lambda.send(new GetResourcePolicyCommand({ ResourceArn }));
  return { document: JSON.parse(Policy!), RevisionId: RevisionId! };
};

test('a document replaces what AddPermission has added, and both look at the same policy', async () => {
  const arn = await created('whole');
  const permission = { FunctionName: 'whole', Action: 'lambda:InvokeFunction', Principal: '111122223333' };
  await lambda.send(new AddPermissionCommand({ ...permission, StatementId: 'before' }));
  const { RevisionId } = await put(arn, denyAll(arn));
  assert.deepEqual(await got(arn), { document: denyAll(arn), RevisionId });
  const { Policy } = await lambda.send(new GetPolicyCommand({ FunctionName: 'whole' }));
  assert.deepEqual(JSON.parse(Policy!), denyAll(arn));
  await lambda.send(new AddPermissionCommand({ ...permission, StatementId: 'after' }));
  await lambda.send(new RemovePermissionCommand({ FunctionName: 'whole', StatementId: 'nobody' }));
  const { document } = await got(arn);
  const statements = (document as { Statement: { Sid: string }[] }).Statement;
  assert.deepEqual(
    statements.map(({ Sid }) => Sid),
    ['after'],
  );
});

test('versions and aliases have policies of their own', async () => {
  const arn = await created('parts');
  await lambda.send(new PublishVersionCommand({ FunctionName: 'parts' }));
  await lambda.send(new CreateAliasCommand({ FunctionName: 'parts', Name: 'live', FunctionVersion: '1' }));
  await put(`${arn}:live`, denyAll(`${arn}:live`));
  assert.deepEqual((await got(`${arn}:live`)).document, denyAll(`${arn}:live`));
  const absent = refusal('ResourceNotFoundException', 'The resource you requested does not exist.', 404);
  await assert.rejects(got(arn), absent);
  await assert.rejects(got(`${arn}:1`), absent);
});

test('a policy is replaced and deleted only in the revision that the caller has seen', async () => {
  const arn = await created('guarded');
  const first = (await put(arn, denyAll(arn))).RevisionId!;
  const second = (await put(arn, denyAll(arn), first)).RevisionId!;
  const stale = refusal('PreconditionFailedException', /Call the GetResourcePolicy API/, 412);
  await assert.rejects(put(arn, denyAll(arn), first), stale);
  const deletion = (RevisionId: string): Promise<unknown> =>
    lambda.send(new DeleteResourcePolicyCommand({ ResourceArn: arn, RevisionId }));
  await assert.rejects(deletion(first), stale);
  await deletion(second);
  await assert.rejects(deletion(second), refusal('ResourceNotFoundException', /does not exist/, 404));
});

test('what is no policy, or names no function, is refused', async () => {
  const arn = await created('checked');
  const invalid = 'InvalidParameterValueException';
  await assert.rejects(put(arn, '{"Version":'), refusal(invalid, 'This policy contains invalid Json', 400));
  const whole = { Effect: 'Allow', Principal: '*', Action: 'lambda:InvokeFunction', Resource: arn };
  for (const missing of ['Effect', 'Principal', 'Action', 'Resource']) {
    const Statement = [{ ...whole, [missing]: undefined }];
    await assert.rejects(
      put(arn, { Version: '2012-10-17', Statement }),
      refusal(invalid, 'Syntax errors in policy.', 400),
      missing,
    );
  }
  await put(arn, { Version: '2012-10-17', Statement: whole });
  await assert.rejects(
    put('checked', denyAll(arn)),
    refusal(
      'ValidationException',
      /^1 validation error detected: Value 'checked' at 'resourceArn' failed/,
      400,
    ),
  );
  await assert.rejects(
    put(arnOf('missing'), denyAll(arn)),
    refusal('ResourceNotFoundException', `Function not found: ${arnOf('missing')}`, 404),
  );
});
