/** Quotas of functions and their code. Source: Lambda developer guide, "Lambda quotas", and recorded errors. */

/** Source: CreateFunction API reference, `FunctionName`. */
export const MAX_NAME_CHARACTERS = 64;

/** A zip sent inline, bytes. */
export const MAX_ZIP_BYTES = 52_428_800;

/** Body of CreateFunction and of UpdateFunctionCode, bytes: the zip in base64 and room for the rest. */
export const MAX_CODE_REQUEST_BYTES = 70_167_211;

/** Code and layers unpacked, bytes. */
export const MAX_UNZIPPED_BYTES = 262_144_000;

/** All function code of an account in a region, bytes. */
export const TOTAL_CODE_BYTES = 80_530_636_800;

/** All environment variables together as JSON, bytes. */
export const MAX_ENVIRONMENT_BYTES = 4_096;

export const MEMORY_MB = { min: 128, max: 10_240, default: 128 } as const;
export const TIMEOUT_SECONDS = { min: 1, max: 900, default: 3 } as const;
/** Of functions on managed instances. Source: the model, whose bounds are theirs. */
export const MANAGED_MEMORY_MB = { min: 128, max: 32_768 } as const;
export const MANAGED_TIMEOUT_SECONDS = { min: 1, max: 5_400 } as const;

export const EPHEMERAL_STORAGE_MB = { min: 512, max: 10_240, default: 512 } as const;

export const MAX_LAYERS = 5;

/** A resource-based policy as JSON, bytes. Source: "Lambda quotas", 20 KB. */
export const MAX_POLICY_BYTES = 20_480;

export const MAX_TAGS = 50;

/** Functions of a page of ListFunctions, and versions of ListVersionsByFunction. */
export const PAGE_ITEMS = 50;

/** A link to a function's package works so long, milliseconds. Source: GetFunction, "10 minutes". */
export const CODE_LINK_MS = 10 * 60_000;
