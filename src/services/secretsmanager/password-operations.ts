import type { Ids } from '../../core/ids.ts';
import type { SecretsContext, SecretsOperations } from './secrets-context.ts';
import { invalidParameter } from './secrets-errors.ts';

/** Characters. Source: GetRandomPassword, `PasswordLength`. */
const DEFAULT_LENGTH = 32;

/** Types of characters, with the member that leaves each out. Source: GetRandomPassword. */
const TYPES = [
  ['ExcludeLowercase', 'abcdefghijklmnopqrstuvwxyz'],
  ['ExcludeUppercase', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'],
  ['ExcludeNumbers', '0123456789'],
  ['ExcludePunctuation', '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'],
] as const;

export function passwordOperations({
  ids,
}: SecretsContext): Required<Pick<SecretsOperations, 'GetRandomPassword'>> {
  return {
    async GetRandomPassword(input) {
      const excluded = input.ExcludeCharacters ?? '';
      const wanted = TYPES.filter(([member]) => input[member] !== true).map(([, characters]) => characters);
      const types = [...wanted, ...(input.IncludeSpace === true ? [' '] : [])]
        .map((characters) => [...characters].filter((character) => !excluded.includes(character)).join(''))
        .filter((characters) => characters !== '');
      const length = Number(input.PasswordLength ?? DEFAULT_LENGTH);
      const required = (input.RequireEachIncludedType ?? true) ? types : [];
      if (types.length === 0)
        throw invalidParameter('No characters are left that the password could be made of.');
      if (length < required.length)
        throw invalidParameter('The password is too short to have a character of each type.');
      const free = Array.from({ length: length - required.length }, () => picked(types.join(''), ids));
      const characters = [...required.map((type) => picked(type, ids)), ...free];
      return { RandomPassword: shuffled(characters, ids).join('') };
    },
  };
}

/** Bytes of randomness for one character: more than enough that no character is likelier than another. */
const RANDOM_BYTES = 6;

function picked(characters: string, ids: Ids): string {
  return characters[below(characters.length, ids)]!;
}

function shuffled(characters: readonly string[], ids: Ids): string[] {
  const mixed = [...characters];
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = below(last + 1, ids);
    [mixed[last], mixed[other]] = [mixed[other]!, mixed[last]!];
  }
  return mixed;
}

/** Not `random`, which may be guessed: passwords are made of it. */
function below(end: number, ids: Ids): number {
  return Number.parseInt(ids.hex(RANDOM_BYTES), 16) % end;
}
