import { stripVTControlCharacters } from 'node:util';

/** Rows with aligned columns, two spaces apart; the last column is as long as it is. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.slice(0, -1).forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, visibleLength(cell));
    });
  }
  return rows.map((row) => `${line(row, widths)}\n`).join('');
}

function line(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, index) =>
      index === row.length - 1 ? cell : cell + ' '.repeat(widths[index]! - visibleLength(cell)),
    )
    .join('  ')
    .trimEnd();
}

function visibleLength(text: string): number {
  return stripVTControlCharacters(text).length;
}
