import type { ItemStore } from '../../ports/item-store.ts';
import type { EngineReplies, EngineReply, EngineRequest } from './engine/requests.ts';

/** Loaded by the thread of the item store. */
export const ITEM_ENGINE_MODULE = new URL(
  `./engine/engine${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url,
);

/** The engine as seen from here: each request has a reply of its own kind. */
export class EngineClient {
  private readonly store: ItemStore<EngineRequest, EngineReply>;

  constructor(store: ItemStore<EngineRequest, EngineReply>) {
    this.store = store;
  }

  ask<Ask extends EngineRequest['ask']>(
    request: Extract<EngineRequest, { readonly ask: Ask }> & { readonly ask: Ask },
  ): Promise<EngineReplies[Ask]> {
    return this.store.ask(request) as Promise<EngineReplies[Ask]>;
  }
}
