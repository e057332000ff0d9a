/** A call whose resource and condition keys are asked for. */
export interface ResourceQuestion {
  readonly service: string;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly accountId: string;
  readonly region: string;
  readonly path: string;
  /** ARN of whoever calls. */
  readonly callerArn: string;
}

/** What only services know: paths of IAM's resources, keys behind aliases, ends of secrets' ARNs. */
export interface ResourceLookup {
  /** ARN of a user, group or role that is there; undefined otherwise. */
  readonly iamArn: (accountId: string, type: string, name: string) => string | undefined;
  readonly keyArn: (accountId: string, region: string, keyId: string) => Promise<string | undefined>;
  /** Of a secret that is named, or that an ARN without its end stands for; undefined where there is none. */
  readonly secretArn: (accountId: string, region: string, id: string) => Promise<string | undefined>;
  /** The key that KMS has encrypted something with; undefined where there is none. */
  readonly ciphertextKeyArn: (ciphertext: Uint8Array) => string | undefined;
}
