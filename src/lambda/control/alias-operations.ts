import type { AliasConfiguration, AliasRoutingConfiguration } from '@aws-sdk/client-lambda';
import { AwsError } from '../../core/errors.ts';
import type { RequestContext } from '../../ports/service.ts';
import type { AliasRecord } from '../records/alias-table.ts';
import { pointsTo } from '../records/alias-table.ts';
import type { FunctionIdentifier } from '../records/function-identifier.ts';
import { functionArn, functionNotFound, parseFunctionIdentifier } from '../records/function-identifier.ts';
import { LATEST } from '../records/function-record.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { pageByKey } from './keyed-page.ts';
import { conflict, invalidParameter, notFound, preconditionFailed } from './lambda-errors.ts';
import { checkProvisionedAlias } from './provisioned-target.ts';

type AliasOperations = Required<
  Pick<LambdaOperations, 'CreateAlias' | 'UpdateAlias' | 'GetAlias' | 'ListAliases' | 'DeleteAlias'>
>;

export function aliasOperations(context: ControlContext): AliasOperations {
  const { table, aliases, ids } = context;
  const store = async (
    identifier: FunctionIdentifier,
    decide: (known: AliasRecord | undefined) => Omit<AliasRecord, 'revisionId'>,
  ): Promise<AliasConfiguration> => {
    const { accountId, region, functionName } = identifier;
    let stored: AliasRecord | undefined;
    await table.change(accountId, region, functionName, () => {
      const chosen = decide(aliases.get(identifier, identifier.qualifier!));
      checkTargets(context, identifier, chosen);
      checkProvisionedAlias(context, identifier, chosen);
      stored = { ...chosen, revisionId: ids.uuid() };
      return { joined: [aliases.put(identifier, stored.name, stored)] };
    });
    return aliasConfiguration(identifier, stored!);
  };
  return {
    async CreateAlias(input, caller) {
      const identifier = aliasIdentifier(input, caller);
      return store(identifier, (known) => {
        const functionVersion = input.FunctionVersion!;
        // Recorded: also where the function itself is not there, the error names the version.
        findVersion(context, identifier, functionVersion);
        if (known !== undefined) throw conflict(`Alias already exists: ${functionArn(identifier)}`);
        const description = input.Description ?? '';
        return { name: input.Name!, functionVersion, description, ...routing(input.RoutingConfig) };
      });
    },

    async UpdateAlias(input, caller) {
      const identifier = aliasIdentifier(input, caller);
      return store(identifier, (known) => {
        findVersion(context, identifier, LATEST);
        if (known === undefined) throw notFound(`Alias not found: ${functionArn(identifier)}`);
        if (input.RevisionId !== undefined && input.RevisionId !== known.revisionId)
          throw preconditionFailed();
        const { additional, ...kept } = known;
        return {
          ...kept,
          functionVersion: input.FunctionVersion ?? known.functionVersion,
          description: input.Description ?? known.description,
          ...(input.RoutingConfig === undefined
            ? additional && { additional }
            : routing(input.RoutingConfig)),
        };
      });
    },

    async GetAlias(input, caller) {
      const identifier = aliasIdentifier(input, caller);
      return aliasConfiguration(identifier, existingAlias(context, identifier));
    },

    async ListAliases(input, caller) {
      const identifier = parseFunctionIdentifier(input.FunctionName ?? '', undefined, caller);
      findVersion(context, identifier, undefined);
      const version = input.FunctionVersion;
      const listed = aliases
        .of(identifier)
        .map(([, alias]) => alias)
        .filter((alias) => version === undefined || pointsTo(alias, version));
      const nameOf = ({ name }: AliasRecord): string => name;
      const { page, next } = pageByKey(listed, nameOf, (alias, key) => alias.name > key, input);
      return { Aliases: page.map((alias) => aliasConfiguration(identifier, alias)), ...next };
    },

    async DeleteAlias(input, caller) {
      const identifier = aliasIdentifier(input, caller);
      const { accountId, region, functionName } = identifier;
      await table.change(accountId, region, functionName, () => {
        findVersion(context, identifier, undefined);
        // Recorded: one that is not there is deleted already.
        return aliases.get(identifier, input.Name!) === undefined
          ? undefined
          : { removeAliases: [input.Name!] };
      });
      return {};
    },
  };
}

/** Throws AWS's words for an alias that is not there. */
export function existingAlias({ aliases }: ControlContext, identifier: FunctionIdentifier): AliasRecord {
  const alias = aliases.get(identifier, identifier.qualifier!);
  if (alias === undefined) throw notFound(`Cannot find alias arn: ${functionArn(identifier)}`);
  return alias;
}

/** The alias's name is the qualifier, whatever the function's name has at its end. */
function aliasIdentifier(
  { FunctionName, Name }: { readonly FunctionName?: string | undefined; readonly Name?: string | undefined },
  caller: RequestContext,
): FunctionIdentifier {
  return { ...parseFunctionIdentifier(FunctionName ?? '', undefined, caller), qualifier: Name };
}

function findVersion(
  { table }: ControlContext,
  identifier: FunctionIdentifier,
  version: string | undefined,
): void {
  const { accountId, region, functionName } = identifier;
  if (table.find(accountId, region, functionName, version ?? LATEST) === undefined)
    throw functionNotFound({ ...identifier, qualifier: version });
}

function routing(config: AliasRoutingConfiguration | undefined): Pick<AliasRecord, 'additional'> {
  const weights = Object.entries(config?.AdditionalVersionWeights ?? {});
  if (weights.length > 1)
    throw invalidParameter('Number of items in AdditionalVersionWeights cannot be greater than 1');
  const [first] = weights;
  return first === undefined ? {} : { additional: { version: first[0], weight: first[1] } };
}

/** Whether both versions are there and may stand together. */
function checkTargets(
  context: ControlContext,
  identifier: FunctionIdentifier,
  { functionVersion, additional }: Pick<AliasRecord, 'functionVersion' | 'additional'>,
): void {
  findVersion(context, identifier, functionVersion);
  if (additional === undefined) return;
  if (functionVersion === LATEST) {
    // Recorded without a Type.
    throw new AwsError(
      'InvalidParameterValueException',
      '$LATEST is not supported for an alias pointing to more than 1 version',
    );
  }
  if (additional.version === functionVersion)
    throw invalidParameter(
      `Invalid function version ${functionVersion}. Function version ${functionVersion} is already included in routing configuration.`,
    );
  findVersion(context, identifier, additional.version);
}

function aliasConfiguration(
  identifier: FunctionIdentifier,
  { name, functionVersion, description, additional, revisionId }: AliasRecord,
): AliasConfiguration {
  return {
    AliasArn: functionArn({ ...identifier, qualifier: name }),
    Name: name,
    FunctionVersion: functionVersion,
    Description: description,
    ...(additional === undefined
      ? {}
      : { RoutingConfig: { AdditionalVersionWeights: { [additional.version]: additional.weight } } }),
    RevisionId: revisionId,
  };
}
