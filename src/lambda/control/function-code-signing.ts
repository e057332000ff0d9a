/** Which code signing config a function has, and what that says of the packages it is deployed with. */
import { AwsError } from '../../core/errors.ts';
import type { CodeSigningConfigRecord } from '../records/code-signing-config-table.ts';
import type { FunctionRecord } from '../records/function-record.ts';
import { LATEST } from '../records/function-record.ts';
import type { Joined } from '../records/function-table.ts';
import type { FunctionName } from '../records/qualified-table.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { findFunction } from './control-context.ts';
import { invalidParameter, notImplemented } from './lambda-errors.ts';

type FunctionCodeSigning = Required<
  Pick<
    LambdaOperations,
    'PutFunctionCodeSigningConfig' | 'GetFunctionCodeSigningConfig' | 'DeleteFunctionCodeSigningConfig'
  >
>;

export function functionCodeSigning(context: ControlContext): FunctionCodeSigning {
  const { table, codeSigning } = context;
  const { attachments } = codeSigning;
  return {
    async PutFunctionCodeSigningConfig(input, caller) {
      const arn = input.CodeSigningConfigArn!;
      return codeSigning.whileUnchanged(arn, async () => {
        attachableConfig(context, arn);
        const find = (): FunctionRecord =>
          findFunction(context, input.FunctionName, undefined, caller).record;
        const { accountId, region, functionName } = find();
        await table.change(accountId, region, functionName, () => ({
          joined: [attachment(context, find(), arn)],
        }));
        return { CodeSigningConfigArn: arn, FunctionName: functionName };
      });
    },

    async GetFunctionCodeSigningConfig(input, caller) {
      const { record } = findFunction(context, input.FunctionName, undefined, caller);
      const attached = attachments.get(record, LATEST);
      // A function that has none has an answer without members, as clients of AWS know it.
      if (attached === undefined) return { CodeSigningConfigArn: undefined, FunctionName: undefined };
      return { CodeSigningConfigArn: attached.configArn, FunctionName: record.functionName };
    },

    async DeleteFunctionCodeSigningConfig(input, caller) {
      const { record } = findFunction(context, input.FunctionName, undefined, caller);
      const { accountId, region, functionName } = record;
      await table.change(accountId, region, functionName, () => ({
        joined: [attachments.remove(record, LATEST)],
      }));
      return {};
    },
  };
}

/** Throws AWS's words, as its users quote them, for a config that a function cannot be given. */
export function attachableConfig({ codeSigning }: ControlContext, arn: string): CodeSigningConfigRecord {
  const config = codeSigning.find(arn);
  if (config !== undefined) return config;
  throw new AwsError(
    'CodeSigningConfigNotFoundException',
    `The code signing configuration cannot be found. Check that the provided configuration is not deleted: ${arn}.`,
    { Type: 'User' },
  );
}

/** The change that gives a function the config; made while the config is kept from going. */
export function attachment(
  { codeSigning }: ControlContext,
  { accountId, region, functionName, packageType }: FunctionName & Pick<FunctionRecord, 'packageType'>,
  configArn: string,
): Joined {
  // Developer guide, "Using code signing": it is for packages and layers, not for images.
  if (packageType === 'Image')
    throw invalidParameter('Code signing is not supported for functions created with container images.');
  const name = { accountId, region, functionName };
  return codeSigning.attachments.put(name, LATEST, { ...name, configArn });
}

/** Lets `store` store a new function with the config that its request names; what it is given goes into the same change. */
export async function withSigningConfig(
  context: ControlContext,
  configArn: string | undefined,
  record: FunctionRecord,
  store: (joined: readonly Joined[]) => Promise<void>,
): Promise<void> {
  if (configArn === undefined) return store([]);
  await context.codeSigning.whileUnchanged(configArn, async () => {
    const config = attachableConfig(context, configArn);
    const joined = attachment(context, record, configArn);
    const packages = [record.code, ...record.layers].map(({ blob }) => blob);
    await checkSignatures(context, config, 'CreateFunction', record.functionName, packages);
    await store([joined]);
  });
}

/** The config of a function, where it has one. */
export function configOf(
  { codeSigning }: ControlContext,
  name: FunctionName,
): CodeSigningConfigRecord | undefined {
  return codeSigning.find(codeSigning.attachments.get(name, LATEST)?.configArn ?? '');
}

/** The file that AWS Signer adds to a package. Names in a zip's directory stand there as they are. */
const SIGNATURE_FILE = 'META_INF/aws_signer_signature_v1.0.SF';

/**
 * Refuses packages (zips of code and layers, by the names of their blobs) that an enforced config does not
 * trust. Throws AWS's words, as its users quote them, for those without a signature. To trust a signature
 * takes the certificates of AWS Signer, which does not exist here: a signed package is refused by name.
 */
export async function checkSignatures(
  { blobs, log }: ControlContext,
  config: CodeSigningConfigRecord | undefined,
  operation: string,
  functionName: string,
  packages: readonly string[],
): Promise<void> {
  if (config === undefined) return;
  for (const blob of packages) {
    const isSigned = (await blobs.read(blob)).includes(SIGNATURE_FILE);
    if (config.untrustedArtifactOnDeployment === 'Warn') {
      if (!isSigned) log.warn({ functionName, blob }, 'An unsigned package is deployed; its policy is Warn.');
    } else if (isSigned) {
      throw notImplemented(operation, 'the verification of signatures by AWS Signer');
    } else {
      throw new AwsError(
        'CodeVerificationFailedException',
        'Lambda cannot deploy the function. The function or layer might be signed using a signature that the client is ' +
          `not configured to accept. Check the provided signature for ${functionName}.`,
        { Type: 'User' },
      );
    }
  }
}
