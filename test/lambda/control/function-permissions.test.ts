import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AddPermissionCommandInput } from '@aws-sdk/client-lambda';
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateFunctionCommand,
  DeleteAliasCommand,
  GetFunctionCommand,
  GetPolicyCommand,
  PublishVersionCommand,
  RemovePermissionCommand,
} from '@aws-sdk/client-lambda';
import { functionNamed, lambdaServer, refusal, untilActive } from './lambda-server.ts';

const { lambda } = await lambdaServer();

const arnOf = (name: string): string => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;

async function created(FunctionName: string): Promise<void> {
  await lambda.send(new CreateFunctionCommand(functionNamed(FunctionName)));
  await untilActive(lambda, FunctionName);
}

/** AddPermission of InvokeFunction, and the statement it answers. */
async function permitted(
  FunctionName: string,
  StatementId: string,
  Principal: string,
  rest: Partial<AddPermissionCommandInput> = {},
): Promise<{ Principal: unknown; Condition: unknown; Resource: string }> {
  const { Statement } = await lambda.send(
    new AddPermissionCommand({
      FunctionName,
      StatementId,
      Principal,
      Action: 'lambda:InvokeFunction',
      ...rest,
    }),
  );
  return JSON.parse(Statement!);
}

async function policyOf(FunctionName: string): Promise<{ text: string; RevisionId: string; sids: string[] }> {
  const { Policy, RevisionId } = await lambda.send(new GetPolicyCommand({ FunctionName }));
  const sids = JSON.parse(Policy!).Statement.map(({ Sid }: { Sid: string }) => Sid);
  return { text: Policy!, RevisionId: RevisionId!, sids };
}

test('a statement has the form of AWS, text and all', async () => {
  await created('stated');
  await permitted('stated', 'from-bucket', 's3.amazonaws.com', {
    SourceArn: 'arn:aws:s3:::a-bucket',
    SourceAccount: '111122223333',
  });
  const condition =
    '{"StringEquals":{"AWS:SourceAccount":"111122223333"},"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::a-bucket"}}';
  assert.equal(
    (await policyOf('stated')).text,
    `{"Version":"2012-10-17","Id":"default","Statement":[{"Sid":"from-bucket","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"${arnOf('stated')}","Condition":${condition}}]}`,
  );
});

test('principals are services, accounts, ARNs or everyone; parameters become conditions', async () => {
  await created('principals');
  const stated = async (id: string, Principal: string, rest = {}): Promise<unknown[]> => {
    const { Principal: named, Condition } = await permitted('principals', id, Principal, rest);
    return [named, Condition];
  };
  assert.deepEqual(await stated('all', '*', { PrincipalOrgID: 'o-1234567890' }), [
    '*',
    { StringEquals: { 'aws:PrincipalOrgID': 'o-1234567890' } },
  ]);
  const account = '111122223333';
  assert.deepEqual(await stated('account', account), [{ AWS: `arn:aws:iam::${account}:root` }, undefined]);
  const role = `arn:aws:iam::${account}:role/a`;
  assert.deepEqual(await stated('role', role), [{ AWS: role }, undefined]);
  assert.deepEqual(await stated('alexa', 'alexa-appkit.amazon.com', { EventSourceToken: 'amzn1.ask.x' }), [
    { Service: 'alexa-appkit.amazon.com' },
    { StringEquals: { 'lambda:EventSourceToken': 'amzn1.ask.x' } },
  ]);
  assert.deepEqual(
    await stated('url', '*', { Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'NONE' }),
    ['*', { StringEquals: { 'lambda:FunctionUrlAuthType': 'NONE' } }],
  );
  assert.deepEqual(await stated('via-url', '*', { InvokedViaFunctionUrl: true }), [
    '*',
    { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } },
  ]);
  const invalid = 'InvalidParameterValueException';
  await assert.rejects(
    stated('wrong', '*', { FunctionUrlAuthType: 'NONE' }),
    refusal(invalid, 'FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action', 400),
  );
  await assert.rejects(
    stated('wrong', '*', { Action: 'lambda:InvokeFunctionUrl', InvokedViaFunctionUrl: true }),
    refusal(invalid, 'InvokedViaFunctionUrl is only supported for lambda:InvokeFunction action', 400),
  );
  await assert.rejects(
    stated('wrong', 'invalid.nonaws.com'),
    refusal(
      'InvalidParameterValueException',
      'The provided principal was invalid. Please check the principal and try again.',
      400,
    ),
  );
});

test('a function, its versions and its aliases each have a policy of their own, which goes with them', async () => {
  await created('apart');
  await lambda.send(new PublishVersionCommand({ FunctionName: 'apart' }));
  const alias = { FunctionName: 'apart', Name: 'live', FunctionVersion: '1' };
  await lambda.send(new CreateAliasCommand(alias));
  await permitted('apart', 'of-function', 's3.amazonaws.com');
  const ofVersion = await permitted('apart:1', 'of-version', 's3.amazonaws.com');
  assert.equal(ofVersion.Resource, arnOf('apart:1'));
  await permitted('apart', 'of-alias', 's3.amazonaws.com', { Qualifier: 'live' });
  assert.deepEqual((await policyOf('apart')).sids, ['of-function']);
  assert.deepEqual((await policyOf('apart:1')).sids, ['of-version']);
  assert.deepEqual((await policyOf('apart:live')).sids, ['of-alias']);

  await lambda.send(new DeleteAliasCommand({ FunctionName: 'apart', Name: 'live' }));
  await lambda.send(new CreateAliasCommand(alias));
  await assert.rejects(
    policyOf('apart:live'),
    refusal('ResourceNotFoundException', 'The resource you requested does not exist.', 404),
  );
  assert.deepEqual((await policyOf('apart:1')).sids, ['of-version']);
});

test('a change of a policy gives the function the revision that the policy gets', async () => {
  await created('revised');
  const revisionOf = async (): Promise<string> =>
    (await lambda.send(new GetFunctionCommand({ FunctionName: 'revised' }))).Configuration!.RevisionId!;
  const before = await revisionOf();
  await permitted('revised', 'one', 's3.amazonaws.com', { RevisionId: before });
  const { RevisionId } = await policyOf('revised');
  assert.notEqual(RevisionId, before);
  assert.equal(await revisionOf(), RevisionId);
  const stale = refusal(
    'PreconditionFailedException',
    'The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id',
    412,
  );
  await assert.rejects(permitted('revised', 'two', 's3.amazonaws.com', { RevisionId: before }), stale);
  const removal = { FunctionName: 'revised', StatementId: 'one' };
  await assert.rejects(lambda.send(new RemovePermissionCommand({ ...removal, RevisionId: before })), stale);
  await lambda.send(new RemovePermissionCommand({ ...removal, RevisionId }));
  await assert.rejects(policyOf('revised'), refusal('ResourceNotFoundException', /does not exist/, 404));
});

test('what is not there, is there already or is too long is refused in the words of AWS', async () => {
  await created('bounded');
  await permitted('bounded', 's3', 's3.amazonaws.com');
  const absent = 'ResourceNotFoundException';
  await assert.rejects(
    permitted('bounded', 's3', 's3.amazonaws.com'),
    refusal('ResourceConflictException', /^The statement id \(s3\) provided already exists\./, 409),
  );
  await assert.rejects(
    permitted('bounded:$LATEST', 'latest', 's3.amazonaws.com'),
    refusal(
      'InvalidParameterValueException',
      'We currently do not support adding policies for $LATEST.',
      400,
    ),
  );
  await assert.rejects(
    permitted('bounded:live', 'alias', 's3.amazonaws.com'),
    refusal(absent, `Cannot find alias arn: ${arnOf('bounded:live')}`, 404),
  );
  await assert.rejects(
    permitted('bounded:7', 'version', 's3.amazonaws.com'),
    refusal(absent, `Function not found: ${arnOf('bounded:7')}`, 404),
  );
  const remove = (FunctionName: string, StatementId: string): Promise<unknown> =>
    lambda.send(new RemovePermissionCommand({ FunctionName, StatementId }));
  await assert.rejects(
    remove('bounded', 'other'),
    refusal(absent, 'Statement other is not found in resource policy.', 404),
  );
  await assert.rejects(
    remove('missing', 's3'),
    refusal(absent, `No policy found for: ${arnOf('missing')}`, 404),
  );

  // Each statement of 700 bytes or so; 20,480 hold fewer than 40 of them.
  const filled = async (): Promise<void> => {
    for (let count = 0; count < 40; count += 1)
      await permitted('bounded', `long-${count}`, 's3.amazonaws.com', {
        SourceArn: `arn:aws:s3:::${'b'.repeat(500)}`,
      });
  };
  await assert.rejects(
    filled(),
    refusal(
      'PolicyLengthExceededException',
      /^The final policy size \(2\d{4}\) is bigger than the limit \(20480\)\.$/,
      400,
    ),
  );
});
