/** Code signing configs. */
import type { CodeSigningConfig } from '@aws-sdk/client-lambda';
import type { CodeSigningConfigRecord } from '../records/code-signing-config-table.ts';
import { functionArn } from '../records/function-identifier.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { pageByKey } from './keyed-page.ts';
import { lambdaDate } from './lambda-date.ts';
import { conflict, notFound } from './lambda-errors.ts';
import { checkTags } from './resource-tags.ts';

type CodeSigningOperations = Required<
  Pick<
    LambdaOperations,
    | 'CreateCodeSigningConfig'
    | 'GetCodeSigningConfig'
    | 'UpdateCodeSigningConfig'
    | 'DeleteCodeSigningConfig'
    | 'ListCodeSigningConfigs'
    | 'ListFunctionsByCodeSigningConfig'
  >
>;

/** Of a config's id, behind `csc-`. Source: pattern of `CodeSigningConfigArn`. */
const ID_CHARACTERS = 17;

export function codeSigningOperations(context: ControlContext): CodeSigningOperations {
  const { codeSigning, ids, clock } = context;
  return {
    async CreateCodeSigningConfig(input, { accountId, region }) {
      checkTags(input.Tags ?? {});
      const id = `csc-${ids.hex(ID_CHARACTERS).slice(0, ID_CHARACTERS)}`;
      const config: CodeSigningConfigRecord = {
        accountId,
        region,
        id,
        arn: `arn:aws:lambda:${region}:${accountId}:code-signing-config:${id}`,
        ...(input.Description === undefined ? {} : { description: input.Description }),
        allowedPublishers: input.AllowedPublishers?.SigningProfileVersionArns ?? [],
        // API reference, CodeSigningPolicies: "Default value: Warn".
        untrustedArtifactOnDeployment: input.CodeSigningPolicies?.UntrustedArtifactOnDeployment ?? 'Warn',
        tags: input.Tags ?? {},
        lastModifiedMs: clock.now(),
      };
      await codeSigning.whileUnchanged(config.arn, () => codeSigning.put(config));
      return { CodeSigningConfig: shown(config) };
    },

    async GetCodeSigningConfig(input) {
      return { CodeSigningConfig: shown(existingConfig(context, input.CodeSigningConfigArn)) };
    },

    async UpdateCodeSigningConfig(input) {
      const { CodeSigningConfigArn: arn = '', AllowedPublishers, CodeSigningPolicies, Description } = input;
      return codeSigning.whileUnchanged(arn, async () => {
        const known = existingConfig(context, arn);
        const policy = CodeSigningPolicies?.UntrustedArtifactOnDeployment;
        const config = {
          ...known,
          ...(Description === undefined ? {} : { description: Description }),
          allowedPublishers: AllowedPublishers?.SigningProfileVersionArns ?? known.allowedPublishers,
          untrustedArtifactOnDeployment: policy ?? known.untrustedArtifactOnDeployment,
          lastModifiedMs: clock.now(),
        };
        await codeSigning.put(config);
        return { CodeSigningConfig: shown(config) };
      });
    },

    async DeleteCodeSigningConfig({ CodeSigningConfigArn: arn = '' }) {
      await codeSigning.whileUnchanged(arn, async () => {
        existingConfig(context, arn);
        const users = codeSigning.functionsOf(arn).length;
        // API reference: "You can delete the code signing configuration only if no function is using it."
        if (users > 0)
          throw conflict(`The code signing configuration ${arn} is in use by ${users} function(s).`);
        await codeSigning.remove(arn);
      });
      return {};
    },

    async ListCodeSigningConfigs(input, { accountId, region }) {
      const listed = codeSigning.list(accountId, region);
      const arnOf = ({ arn }: CodeSigningConfigRecord): string => arn;
      const { page, next } = pageByKey(listed, arnOf, ({ arn }, key) => arn > key, input);
      return { CodeSigningConfigs: page.map(shown), ...next };
    },

    async ListFunctionsByCodeSigningConfig(input) {
      const { arn } = existingConfig(context, input.CodeSigningConfigArn);
      const arns = codeSigning
        .functionsOf(arn)
        .map((name) => functionArn({ ...name, qualifier: undefined }))
        .sort();
      const { page, next } = pageByKey(
        arns,
        (one) => one,
        (one, key) => one > key,
        input,
      );
      return { FunctionArns: [...page], ...next };
    },
  };
}

/** Throws AWS's words, as its users quote them, for a config that is not there. */
export function existingConfig(
  { codeSigning }: ControlContext,
  arn: string | undefined,
): CodeSigningConfigRecord {
  const config = codeSigning.find(arn ?? '');
  if (config === undefined) throw notFound(`The Lambda code signing configuration ${arn} can not be found.`);
  return config;
}

function shown(config: CodeSigningConfigRecord): CodeSigningConfig {
  return {
    CodeSigningConfigId: config.id,
    CodeSigningConfigArn: config.arn,
    ...(config.description === undefined ? {} : { Description: config.description }),
    AllowedPublishers: { SigningProfileVersionArns: [...config.allowedPublishers] },
    CodeSigningPolicies: { UntrustedArtifactOnDeployment: config.untrustedArtifactOnDeployment },
    LastModified: lambdaDate(config.lastModifiedMs),
  };
}
