/** Layers that are being sent, in pieces: each goes to the blob store as it comes. */
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Clock } from '../../core/clock.ts';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import type { BlobStore, StoredBlob } from '../../ports/blob-store.ts';

/** The largest layer, bytes. Source: ECR service quotas, "Maximum layer size", 52,000 MiB. */
export const MAX_LAYER_BYTES = 52_000 * 1024 * 1024;
/** An upload that nothing was added to for so long is given up, milliseconds of service time. */
const ABANDONED_MS = 60 * 60_000;

export class LayerUpload {
  readonly id: string;
  /** Of the repository it is for. */
  readonly place: string;
  bytes = 0;
  touchedMs: number;
  private readonly content = new PassThrough();
  private readonly stored: Promise<StoredBlob>;

  constructor(id: string, place: string, blobs: BlobStore, nowMs: number) {
    this.id = id;
    this.place = place;
    this.touchedMs = nowMs;
    this.stored = blobs.put(this.content);
    // Whoever completes the upload hears of it.
    this.stored.catch(() => {});
    // A failing store destroys what it reads from.
    this.content.on('error', () => {});
  }

  /** Rejects with `LimitExceededException` for what would make the layer too large. */
  async append(chunk: Uint8Array): Promise<void> {
    if (chunk.byteLength === 0) return;
    if (this.bytes + chunk.byteLength > MAX_LAYER_BYTES)
      throw new AwsError('LimitExceededException', `A layer may have at most ${MAX_LAYER_BYTES} bytes`);
    this.bytes += chunk.byteLength;
    if (!this.content.write(chunk)) await Promise.race([once(this.content, 'drain'), this.stored]);
  }

  async finish(): Promise<StoredBlob> {
    this.content.end();
    return this.stored;
  }

  /** Resolves when nothing of it is left. */
  async abort(): Promise<void> {
    this.content.destroy(new Error('the upload was given up'));
    await this.stored.catch(() => {});
  }
}

export class LayerUploads {
  private readonly blobs: BlobStore;
  private readonly clock: Clock;
  private readonly ids: Ids;
  private readonly uploads = new Map<string, LayerUpload>();

  constructor(blobs: BlobStore, clock: Clock, ids: Ids) {
    this.blobs = blobs;
    this.clock = clock;
    this.ids = ids;
  }

  begin(place: string): LayerUpload {
    const nowMs = this.clock.now();
    for (const upload of this.uploads.values())
      if (nowMs - upload.touchedMs > ABANDONED_MS) void this.abort(upload);
    const upload = new LayerUpload(this.ids.uuid(), place, this.blobs, nowMs);
    this.uploads.set(upload.id, upload);
    return upload;
  }

  /** Undefined when there is none for that repository. */
  find(id: string, place: string): LayerUpload | undefined {
    const upload = this.uploads.get(id);
    if (upload?.place !== place) return undefined;
    upload.touchedMs = this.clock.now();
    return upload;
  }

  /** What was sent, whole; the upload is over either way. */
  async finish(upload: LayerUpload): Promise<StoredBlob> {
    this.uploads.delete(upload.id);
    return upload.finish();
  }

  async abort(upload: LayerUpload): Promise<void> {
    this.uploads.delete(upload.id);
    await upload.abort();
  }

  async close(): Promise<void> {
    await Promise.all([...this.uploads.values()].map((upload) => this.abort(upload)));
  }
}
