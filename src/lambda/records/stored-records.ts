/** All records of a table of the state store, or those whose keys begin alike, in pages: none holds them all. */
import type { StateRecord, StateStore } from '../../ports/state-store.ts';

/** How many records are read at once. */
const PAGE = 1_000;

export async function* storedRecords<T>(
  state: StateStore,
  table: string,
  prefix = '',
): AsyncGenerator<StateRecord<T>> {
  let after: string | undefined;
  for (;;) {
    const page = await state.list<T>(table, {
      prefix,
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1)!.key;
  }
}
