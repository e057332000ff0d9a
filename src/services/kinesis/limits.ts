/** Source: "Kinesis Data Streams quotas and limits". */

/** Open shards of an account in a region; AWS has 500 in its largest regions and 200 in others. */
export const SHARD_LIMIT = 500;
/** Streams of an account in a region that are on demand. */
export const ON_DEMAND_LIMIT = 50;
/** Shards of a new on-demand stream: 4 MB/s. */
export const ON_DEMAND_SHARDS = 4;
export const DEFAULT_RETENTION_HOURS = 24;
export const MAX_RETENTION_HOURS = 8760;
/** Of data and partition key, KiB. */
export const DEFAULT_RECORD_KIB = 1024;
/** Changes of the shard count of a stream within 24 hours. */
export const MAX_SCALINGS = 10;
/** Changes of the mode of a stream within 24 hours. */
export const MAX_MODE_CHANGES = 2;
export const LIMIT_WINDOW_MS = 86_400_000;
