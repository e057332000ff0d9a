/** Layers: versions published, read, listed and deleted. */
import type {
  GetLayerVersionResponse,
  LayersListItem,
  LayerVersionsListItem,
  PublishLayerVersionRequest,
} from '@aws-sdk/client-lambda';
import type { RequestContext } from '../../ports/service.ts';
import type { StoredCode } from '../records/function-record.ts';
import type { LayerIdentifier, LayerVersionIdentifier } from '../records/layer-identifier.ts';
import {
  layerArn,
  layerVersionArn,
  parseLayerIdentifier,
  parseLayerVersionArn,
} from '../records/layer-identifier.ts';
import type { LayerVersionRecord } from '../records/layer-version-record.ts';
import type { ControlContext, LambdaOperations } from './control-context.ts';
import { checkStorage, withStoredCode } from './function-code.ts';
import { pageByKey } from './keyed-page.ts';
import { lambdaDate } from './lambda-date.ts';
import { invalidParameter, noSuchResource } from './lambda-errors.ts';
import { readableLayerVersion } from './layer-access.ts';
import { layerAccessDenied } from './layer-errors.ts';

type LayerOperations = Required<
  Pick<
    LambdaOperations,
    | 'PublishLayerVersion'
    | 'GetLayerVersion'
    | 'GetLayerVersionByArn'
    | 'ListLayers'
    | 'ListLayerVersions'
    | 'DeleteLayerVersion'
  >
>;

export function layerOperations(context: ControlContext): LayerOperations {
  const { layers } = context;
  return {
    async PublishLayerVersion(input, caller) {
      const layer = parseLayerIdentifier(input.LayerName ?? '', caller);
      checkOwner('PublishLayerVersion', layer, caller);
      return withStoredCode(context, caller, input.Content ?? {}, async (code) => {
        checkStorage(context, layer.accountId, layer.region, code);
        let published: LayerVersionRecord | undefined;
        await layers.change(layer, () => {
          published = newLayerVersion(context, layer, input, code);
          return { put: published };
        });
        return layerVersion(context, published!, caller.origin);
      });
    },

    async GetLayerVersion(input, caller) {
      const layer = parseLayerIdentifier(input.LayerName ?? '', caller);
      return found(context, { ...layer, version: versionOf(input) }, caller);
    },

    async GetLayerVersionByArn(input, caller) {
      const identifier = parseLayerVersionArn(input.Arn ?? '');
      // AWS's own layers have ARNs of another form, and none of them is here.
      if (identifier === undefined) throw noSuchResource();
      return found(context, identifier, caller);
    },

    async ListLayers(input, caller) {
      const { accountId, region } = caller;
      const listed: LayersListItem[] = [];
      for (const layerName of layers.names(accountId, region)) {
        const layer = { accountId, region, layerName };
        const latest = layers.versions(layer).find(matching(input));
        if (latest === undefined) continue;
        const item = { LayerName: layerName, LayerArn: layerArn(layer) };
        listed.push({ ...item, LatestMatchingVersion: listItem(latest) });
      }
      const nameOf = ({ LayerName }: LayersListItem): string => LayerName!;
      const { page, next } = pageByKey(listed, nameOf, (item, key) => nameOf(item) > key, input);
      return { Layers: [...page], ...next };
    },

    async ListLayerVersions(input, caller) {
      const layer = parseLayerIdentifier(input.LayerName ?? '', caller);
      checkOwner('ListLayerVersions', layer, caller);
      const versions = layers.versions(layer).filter(matching(input));
      const { page, next } = pageByKey(
        versions,
        ({ version }) => String(version),
        ({ version }, key) => version < Number(key),
        input,
      );
      return { LayerVersions: page.map(listItem), ...next };
    },

    async DeleteLayerVersion(input, caller) {
      const layer = parseLayerIdentifier(input.LayerName ?? '', caller);
      checkOwner('DeleteLayerVersion', layer, caller);
      const version = versionOf(input);
      await layers.change(layer, () => {
        // A version that is not there is deleted already, as AWS sees it.
        const remove = layers.find({ ...layer, version });
        return remove === undefined ? undefined : { remove };
      });
      return {};
    },
  };
}

function newLayerVersion(
  { layers, clock }: ControlContext,
  layer: LayerIdentifier,
  input: PublishLayerVersionRequest,
  code: StoredCode,
): LayerVersionRecord {
  const { CompatibleRuntimes, CompatibleArchitectures, LicenseInfo, Description } = input;
  return {
    ...layer,
    version: layers.nextVersion(layer),
    description: Description ?? '',
    ...(LicenseInfo === undefined ? {} : { licenseInfo: LicenseInfo }),
    ...(CompatibleRuntimes === undefined ? {} : { compatibleRuntimes: CompatibleRuntimes }),
    ...(CompatibleArchitectures === undefined ? {} : { compatibleArchitectures: CompatibleArchitectures }),
    code,
    createdMs: clock.now(),
  };
}

function found(
  context: ControlContext,
  identifier: LayerVersionIdentifier,
  caller: RequestContext,
): GetLayerVersionResponse {
  const record =
    identifier.region === caller.region
      ? readableLayerVersion(context, identifier, caller.accountId)
      : undefined;
  if (record === undefined) throw noSuchResource();
  return layerVersion(context, record, caller.origin);
}

/** A version as AWS shows it to those who publish or get it. */
function layerVersion(
  { links }: ControlContext,
  record: LayerVersionRecord,
  origin: string,
): GetLayerVersionResponse {
  const { blob, sha256Base64, sizeBytes } = record.code;
  return {
    ...listItem(record),
    LayerArn: layerArn(record),
    Content: { Location: links.linkTo(blob, origin), CodeSha256: sha256Base64, CodeSize: sizeBytes },
  };
}

/** A version as it stands in lists. */
function listItem(record: LayerVersionRecord): LayerVersionsListItem {
  const { compatibleRuntimes, compatibleArchitectures, licenseInfo } = record;
  return {
    LayerVersionArn: layerVersionArn(record),
    Version: record.version,
    Description: record.description,
    CreatedDate: lambdaDate(record.createdMs),
    ...(compatibleRuntimes === undefined
      ? {}
      : { CompatibleRuntimes: [...compatibleRuntimes] as LayerVersionsListItem['CompatibleRuntimes'] }),
    ...(compatibleArchitectures === undefined
      ? {}
      : { CompatibleArchitectures: [...compatibleArchitectures] }),
    ...(licenseInfo === undefined ? {} : { LicenseInfo: licenseInfo }),
  } as LayerVersionsListItem;
}

/** The filters of the lists: what a version does not say that it is for, it is not found by. */
function matching(filters: {
  readonly CompatibleRuntime?: string | undefined;
  readonly CompatibleArchitecture?: string | undefined;
}): (record: LayerVersionRecord) => boolean {
  const { CompatibleRuntime: runtime, CompatibleArchitecture: architecture } = filters;
  return ({ compatibleRuntimes = [], compatibleArchitectures = [] }) =>
    (runtime === undefined || compatibleRuntimes.includes(runtime)) &&
    (architecture === undefined || compatibleArchitectures.some((one) => one === architecture));
}

/** A policy lets others get a version, never change or list what an account has. */
export function checkOwner(
  operation: string,
  layer: LayerIdentifier,
  { accountId }: Pick<RequestContext, 'accountId'>,
): void {
  if (layer.accountId !== accountId) throw layerAccessDenied(operation, layerArn(layer), accountId);
}

export function versionOf({ VersionNumber = 0 }: { VersionNumber?: number | undefined }): number {
  if (VersionNumber < 1) throw invalidParameter('Layer Version Cannot be less than 1');
  return VersionNumber;
}
