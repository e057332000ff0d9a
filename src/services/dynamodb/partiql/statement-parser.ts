/**
 * PartiQL as DynamoDB has it. Source: developer guide, "PartiQL for DynamoDB statements"; words of refusals: those of
 * DynamoDB Local, and of AWS as recorded by public tests. Positions, which AWS adds to some of them, are not told.
 */

import { invalidValues, validationError } from '../engine/item-checks.ts';
import type { Item } from '../engine/item-text.ts';
import type { DocumentPath } from '../expressions/document-path.ts';
import type { Condition } from '../expressions/parsed.ts';
import type {
  DeleteStatement,
  InsertStatement,
  Returning,
  SelectStatement,
  Statement,
  StatementInput,
  UpdateStatement,
} from './statement.ts';
import { malformed, StatementReader } from './statement-tokens.ts';
import { updateClauses } from './update-clauses.ts';
import { ValueParser } from './value-parser.ts';
import { WhereParser } from './where-parser.ts';

/** Throws `ValidationException`. */
export function parsedStatement({ Statement: text = '', Parameters }: StatementInput): Statement {
  const tokens = new StatementReader(text);
  const values = new ValueParser(tokens, Parameters);
  const statement = new StatementParser(tokens, values).statement();
  tokens.takeSymbol(';');
  if (tokens.current.kind !== 'end') throw malformed('Unexpected token after expression');
  values.checkParameters();
  return statement;
}

class StatementParser {
  private readonly tokens: StatementReader;
  private readonly values: ValueParser;

  constructor(tokens: StatementReader, values: ValueParser) {
    this.tokens = tokens;
    this.values = values;
  }

  statement(): Statement {
    const { tokens } = this;
    if (tokens.takeWord('SELECT')) return this.select();
    if (tokens.takeWord('INSERT')) return this.insert();
    if (tokens.takeWord('UPDATE')) return this.update();
    if (tokens.takeWord('DELETE')) return this.delete();
    if (tokens.takeWord('EXISTS')) {
      tokens.expectSymbol('(', 'Expected LEFT_PAREN');
      tokens.expectWord('SELECT');
      const select = this.select();
      tokens.expectSymbol(')', 'Expected RIGHT_PAREN');
      return { kind: 'exists', table: select.table, select };
    }
    throw malformed('Expected data manipulation');
  }

  private select(): SelectStatement {
    const { tokens } = this;
    const paths = tokens.takeSymbol('*') ? undefined : this.paths();
    tokens.expectWord('FROM');
    const table = tokens.name();
    const index = tokens.takeSymbol('.') ? tokens.name() : undefined;
    const where = tokens.isWord('WHERE') ? this.where() : undefined;
    return { kind: 'select', table, index, paths, where, order: this.order() };
  }

  private paths(): DocumentPath[] {
    const paths: DocumentPath[] = [];
    do {
      if (this.tokens.isSymbol('*')) {
        throw validationError("Other attributes should not be present in the projection when '*' is used.");
      }
      paths.push(this.values.path());
    } while (this.tokens.takeSymbol(','));
    return paths;
  }

  private order(): SelectStatement['order'] {
    const { tokens } = this;
    if (!tokens.takeWord('ORDER')) return [];
    tokens.expectWord('BY');
    const order = [];
    do {
      const name = tokens.name();
      const isDescending = tokens.takeWord('DESC');
      if (!isDescending) tokens.takeWord('ASC');
      order.push({ name, isDescending });
    } while (tokens.takeSymbol(','));
    return order;
  }

  private insert(): InsertStatement {
    const { tokens } = this;
    tokens.expectWord('INTO');
    const table = tokens.name();
    tokens.expectWord('VALUE');
    const { M: item } = this.values.isValue() ? this.values.value() : {};
    if (item === undefined) {
      throw validationError(
        'Unsupported format in item expression. Please use struct format {...} to express item values for insert statement.',
      );
    }
    const isLenient = tokens.takeWord('ON');
    if (isLenient) this.conflict();
    if (tokens.isWord('RETURNING')) throw validationError('RETURNING is not supported in INSERT');
    return { kind: 'insert', table, item: checkedNames(item), isLenient };
  }

  private conflict(): void {
    const { tokens } = this;
    tokens.expectWord('CONFLICT');
    if (tokens.takeWord('DO') && tokens.takeWord('NOTHING')) return;
    throw validationError('Invalid conflict action. Only "DO NOTHING" action is supported.');
  }

  private update(): UpdateStatement {
    const table = this.tokens.name();
    this.checkTableAlone();
    const update = updateClauses(this.values);
    return { kind: 'update', table, update, where: this.where(), returning: this.returning() };
  }

  private delete(): DeleteStatement {
    this.tokens.expectWord('FROM');
    const table = this.tokens.name();
    this.checkTableAlone();
    const where = this.where();
    const returning = this.returning();
    if (returning !== undefined && !(returning.isWhole && !returning.isNew)) {
      const shown = `${returning.isWhole ? 'ALL' : 'MODIFIED'} ${returning.isNew ? 'NEW' : 'OLD'}`;
      throw validationError(
        `Invalid returning clause: RETURNING ${shown} *. Only RETURNING ALL OLD * is allowed in DELETE statements.`,
      );
    }
    return { kind: 'delete', table, where, returning };
  }

  private checkTableAlone(): void {
    if (this.tokens.isSymbol('.')) throw validationError('This operation is not supported on an index');
  }

  private where(): Condition {
    if (this.tokens.takeWord('WHERE')) return new WhereParser(this.values).condition();
    throw validationError('Where clause does not contain a mandatory equality on all key attributes');
  }

  private returning(): Returning | undefined {
    const { tokens } = this;
    if (!tokens.takeWord('RETURNING')) return undefined;
    const isWhole = tokens.takeWord('ALL');
    const isKnown = isWhole || tokens.takeWord('MODIFIED');
    const isNew = tokens.takeWord('NEW');
    if (isKnown && (isNew || tokens.takeWord('OLD')) && tokens.takeSymbol('*')) return { isWhole, isNew };
    throw validationError("Expected '*' after ( MODIFIED | ALL ) ( NEW | OLD ) in RETURNING clause");
  }
}

function checkedNames(item: Item): Item {
  if (Object.hasOwn(item, '')) throw invalidValues('Attribute name must not be empty');
  return item;
}
