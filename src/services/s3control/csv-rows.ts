/** Lines of comma-separated values as RFC 4180 has them: fields may be quoted, and then hold commas, line ends and quotes. */

/** Throws `SyntaxError` for a quote that never ends, or stands inside a field. Empty lines are none. */
export async function* csvRows(text: AsyncIterable<string>): AsyncGenerator<string[], void> {
  const rows = new CsvRows();
  for await (const piece of text) yield* rows.take(piece);
  yield* rows.end();
}

export function csvLine(fields: readonly string[]): string {
  return `${fields.map(csvField).join(',')}\n`;
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

type Place = 'start' | 'plain' | 'quoted' | 'quote';

class CsvRows {
  private place: Place = 'start';
  private field = '';
  private row: string[] = [];

  *take(text: string): Generator<string[], void> {
    for (const character of text) {
      if (this.place === 'quoted') this.inQuotes(character);
      else if (character === '\n') yield* this.endRow();
      else this.outside(character);
    }
  }

  *end(): Generator<string[], void> {
    if (this.place === 'quoted') throw new SyntaxError('A quoted field does not end.');
    yield* this.endRow();
  }

  private inQuotes(character: string): void {
    if (character === '"') this.place = 'quote';
    else this.field += character;
  }

  private outside(character: string): void {
    if (character === ',') {
      this.endField();
    } else if (character === '"' && this.place !== 'plain') {
      // A second quote right behind one that could have ended the field stands for itself.
      if (this.place === 'quote') this.field += '"';
      this.place = 'quoted';
    } else if (character !== '\r') {
      if (this.place === 'quote' || character === '"')
        throw new SyntaxError('A quote stands inside a field.');
      this.place = 'plain';
      this.field += character;
    }
  }

  private endField(): void {
    this.row.push(this.field);
    this.field = '';
    this.place = 'start';
  }

  private *endRow(): Generator<string[], void> {
    const isEmpty = this.row.length === 0 && this.field === '' && this.place === 'start';
    if (isEmpty) return;
    this.endField();
    const row = this.row;
    this.row = [];
    yield row;
  }
}
