/** What the policy simulator demands beside policies. Source: API reference of SimulateCustomPolicy. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EvaluationResult, SimulateCustomPolicyCommandInput } from '@aws-sdk/client-iam';
import {
  CreateRoleCommand,
  SimulateCustomPolicyCommand,
  SimulatePrincipalPolicyCommand,
} from '@aws-sdk/client-iam';
import { allow, document, newUser, openIamClient, refusal, trust } from './iam-clients.ts';

const ACCOUNT = '000000000000';

test('a simulation with a resource policy names its caller, and no settings are passed over', async (context) => {
  const { iam } = await openIamClient(context);
  await newUser(iam, 'jane');
  await iam.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: trust({ AWS: ACCOUNT }) }));
  const jane = `arn:aws:iam::${ACCOUNT}:user/jane`;
  const ActionNames = ['s3:GetObject'];
  const ResourcePolicy = document({
    Effect: 'Allow',
    Principal: { AWS: jane },
    Action: 's3:*',
    Resource: '*',
  });
  const custom = (rest: Partial<SimulateCustomPolicyCommandInput>) =>
    iam.send(new SimulateCustomPolicyCommand({ PolicyInputList: [allow('sqs:*')], ActionNames, ...rest }));
  const decided = async (answer: Promise<{ EvaluationResults?: EvaluationResult[] | undefined }>) =>
    (await answer).EvaluationResults?.[0]?.EvalDecision;
  assert.equal(await decided(custom({ ResourcePolicy, CallerArn: jane })), 'allowed');
  assert.equal(await decided(custom({ ResourcePolicy, CallerArn: `${jane}t` })), 'implicitDeny');
  const invalid = (words: RegExp) => refusal('InvalidInputException', words, 400);
  await assert.rejects(custom({ ResourcePolicy }), invalid(/CallerArn is required with ResourcePolicy/));
  const session = `arn:aws:sts::${ACCOUNT}:assumed-role/r/s`;
  await assert.rejects(custom({ CallerArn: session }), invalid(/expected the ARN of a user, group or role/));
  await assert.rejects(
    custom({ ResourceOwner: ACCOUNT }),
    invalid(new RegExp(`^'${ACCOUNT}' is not a valid as a Resource Owner\\.$`)),
  );
  const principal = (PolicySourceArn: string) =>
    iam.send(new SimulatePrincipalPolicyCommand({ PolicySourceArn, ActionNames, ResourcePolicy }));
  assert.equal(await decided(principal(jane)), 'allowed', 'a user is its own caller');
  const role = `arn:aws:iam::${ACCOUNT}:role/r`;
  await assert.rejects(principal(role), invalid(/CallerArn is required/));
  await assert.rejects(custom({ ResourceHandlingOption: 'EC2-VPC-EBS' }), {
    name: 'NotImplemented',
    message: 'iam:SimulateCustomPolicy does not implement ResourceHandlingOption yet.',
  });
});
