/**
 * The ways to name a function: its name, a partial ARN (`123456789012:function:name`,
 * `function:name`), a full ARN, each with a qualifier or without; and a qualifier beside it.
 */
import { AwsError, invariant } from '../../core/errors.ts';

export interface FunctionIdentifier {
  readonly accountId: string;
  readonly region: string;
  readonly functionName: string;
  /** A version or alias; undefined when none was named. */
  readonly qualifier: string | undefined;
}

/** The forms that the model's pattern lets through; the groups are region, account, name and qualifier. */
const FORM =
  /^(?:arn:aws[a-zA-Z-]*:lambda:)?(?:((?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?(?:(\d{12}):)?(?:function:)?([a-zA-Z0-9-_.]+)(?::(\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9-_$]+))?$/;

export interface NamedFunction {
  /** Undefined where the name leaves it to the caller's, as the account. */
  readonly region: string | undefined;
  readonly accountId: string | undefined;
  readonly functionName: string;
  readonly qualifier: string | undefined;
}

/** What a name says by itself; undefined for a text that the model's pattern refuses. */
export function namedFunction(name: string): NamedFunction | undefined {
  const match = FORM.exec(name);
  if (match === null) return undefined;
  const [, region, accountId, functionName = '', qualifier] = match;
  return { region, accountId, functionName, qualifier };
}

/** Throws AWS's errors for another region, or a qualifier that contradicts the one in the name. */
export function parseFunctionIdentifier(
  name: string,
  qualifier: string | undefined,
  caller: { readonly accountId: string; readonly region: string },
): FunctionIdentifier {
  const named = namedFunction(name);
  invariant(named !== undefined, `the model's pattern let ${JSON.stringify(name)} through`);
  const { region = caller.region, accountId = caller.accountId, functionName, qualifier: inName } = named;
  if (region !== caller.region) {
    throw new AwsError(
      'ResourceNotFoundException',
      `Functions from '${region}' are not reachable in this region ('${caller.region}')`,
      { Type: 'User' },
    );
  }
  if (inName !== undefined && qualifier !== undefined && inName !== qualifier) {
    throw new AwsError(
      'InvalidParameterValueException',
      'The derived qualifier from the function name does not match the specified qualifier.',
      { Type: 'User' },
    );
  }
  return { accountId, region, functionName, qualifier: qualifier ?? inName };
}

/** The ARN with the qualifier, where there is one. */
export function functionArn({ accountId, region, functionName, qualifier }: FunctionIdentifier): string {
  const arn = `arn:aws:lambda:${region}:${accountId}:function:${functionName}`;
  return qualifier === undefined ? arn : `${arn}:${qualifier}`;
}

export function functionNotFound(identifier: FunctionIdentifier): AwsError {
  return new AwsError('ResourceNotFoundException', `Function not found: ${functionArn(identifier)}`, {
    Type: 'User',
  });
}
