/** What a token says of the session that is made with it. Source: IAM User Guide, "Passing session tags using AssumeRoleWithWebIdentity". */
import type { TokenClaims } from './identity-token.ts';

const TAGS = 'https://aws.amazon.com/tags';
const SOURCE_IDENTITY = 'https://aws.amazon.com/source_identity';

export interface SessionClaims {
  readonly Tags: readonly { readonly Key: string; readonly Value: string }[];
  readonly TransitiveTagKeys: readonly string[];
  readonly sourceIdentity?: string;
}

export function sessionClaims(claims: TokenClaims): SessionClaims {
  const members = claims as unknown as Readonly<Record<string, unknown>>;
  const { principal_tags: tags, transitive_tag_keys: keys } = (members[TAGS] ?? {}) as {
    readonly principal_tags?: Readonly<Record<string, readonly string[]>>;
    readonly transitive_tag_keys?: readonly string[];
  };
  const sourceIdentity = members[SOURCE_IDENTITY];
  return {
    Tags: Object.entries(tags ?? {}).map(([Key, values]) => ({ Key, Value: [values].flat()[0] ?? '' })),
    TransitiveTagKeys: [...(keys ?? [])],
    ...(typeof sourceIdentity === 'string' ? { sourceIdentity } : {}),
  };
}

/** What the role has to trust the provider with. */
export function actionsFor({ Tags, sourceIdentity }: SessionClaims): readonly string[] {
  return [
    'sts:AssumeRoleWithWebIdentity',
    ...(Tags.length === 0 ? [] : ['sts:TagSession']),
    ...(sourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
  ];
}
