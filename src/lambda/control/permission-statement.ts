/** The statement that AddPermission makes of its parameters, in the form AWS shows. */
import type { AddPermissionRequest } from '@aws-sdk/client-lambda';
import type { StoredStatement } from '../records/function-policy-table.ts';
import { invalidParameter } from './lambda-errors.ts';
import { rootOf } from './layer-access.ts';

/** `resource` is the ARN of the function, version or alias. */
export function permissionStatement(input: AddPermissionRequest, resource: string): StoredStatement {
  checkUrlConditions(input);
  const condition = conditionOf(input);
  return {
    Sid: input.StatementId!,
    Effect: 'Allow',
    Principal: principalOf(input.Principal!),
    Action: input.Action!,
    Resource: resource,
    ...(Object.keys(condition).length === 0 ? {} : { Condition: condition }),
  };
}

/**
 * Each of the two belongs to one of the actions that a URL takes. The words of the first are those that users of AWS quote
 * (RJPearson94/terraform-aws-open-next issue 73); the second is like it: "only valid with lambda:InvokeFunction".
 */
function checkUrlConditions({
  Action,
  FunctionUrlAuthType,
  InvokedViaFunctionUrl,
}: AddPermissionRequest): void {
  if (FunctionUrlAuthType !== undefined && Action !== 'lambda:InvokeFunctionUrl')
    throw invalidParameter('FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action');
  if (InvokedViaFunctionUrl !== undefined && Action !== 'lambda:InvokeFunction')
    throw invalidParameter('InvokedViaFunctionUrl is only supported for lambda:InvokeFunction action');
}

/** `s3.amazonaws.com`, `events.amazonaws.com.cn`, `alexa-appkit.amazon.com`. */
const SERVICE_PRINCIPAL = /^[a-zA-Z0-9.-]+\.(?:amazonaws\.com(?:\.cn)?|amazon\.com)$/;
/** Of a root, user, role or session. */
const PRINCIPAL_ARN = /^arn:aws[a-zA-Z-]*:(?:iam|sts)::\d{12}:.+$/;

function principalOf(principal: string): unknown {
  if (principal === '*') return '*';
  if (/^\d{12}$/.test(principal)) return { AWS: rootOf(principal) };
  if (PRINCIPAL_ARN.test(principal)) return { AWS: principal };
  if (SERVICE_PRINCIPAL.test(principal)) return { Service: principal };
  throw invalidParameter('The provided principal was invalid. Please check the principal and try again.');
}

/** Keys are spelt as recorded, the two of the source in capitals. */
function conditionOf(input: AddPermissionRequest): Record<string, Record<string, string>> {
  const equals = present({
    'AWS:SourceAccount': input.SourceAccount,
    'lambda:EventSourceToken': input.EventSourceToken,
    'lambda:FunctionUrlAuthType': input.FunctionUrlAuthType,
    'aws:PrincipalOrgID': input.PrincipalOrgID,
  });
  const like = present({ 'AWS:SourceArn': input.SourceArn });
  // Developer guide, "Control access to Lambda function URLs": a Bool condition.
  const bool = present({ 'lambda:InvokedViaFunctionUrl': input.InvokedViaFunctionUrl?.toString() });
  return {
    ...(equals === undefined ? {} : { StringEquals: equals }),
    ...(bool === undefined ? {} : { Bool: bool }),
    ...(like === undefined ? {} : { ArnLike: like }),
  };
}

function present(keys: Readonly<Record<string, string | undefined>>): Record<string, string> | undefined {
  const given = Object.entries(keys).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}
