/** PartiQL statements, parsed. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Item } from '../engine/item-text.ts';
import type { DocumentPath } from '../expressions/document-path.ts';
import type { Condition, Update } from '../expressions/parsed.ts';

export interface Returning {
  readonly isWhole: boolean;
  readonly isNew: boolean;
}

export interface SelectStatement {
  readonly kind: 'select';
  readonly table: string;
  readonly index: string | undefined;
  /** Undefined for all. */
  readonly paths: readonly DocumentPath[] | undefined;
  readonly where: Condition | undefined;
  readonly order: readonly { readonly name: string; readonly isDescending: boolean }[];
}

export interface InsertStatement {
  readonly kind: 'insert';
  readonly table: string;
  readonly item: Item;
  /** Whether an item that is there already is left as it is, without an error. */
  readonly isLenient: boolean;
}

export interface UpdateStatement {
  readonly kind: 'update';
  readonly table: string;
  readonly update: Update;
  readonly where: Condition;
  readonly returning: Returning | undefined;
}

export interface DeleteStatement {
  readonly kind: 'delete';
  readonly table: string;
  readonly where: Condition;
  readonly returning: Returning | undefined;
}

/** Of transactions: that what is selected is there. */
export interface ExistsStatement {
  readonly kind: 'exists';
  readonly table: string;
  readonly select: SelectStatement;
}

export type WriteStatement = InsertStatement | UpdateStatement | DeleteStatement | ExistsStatement;
export type Statement = SelectStatement | WriteStatement;

export interface StatementInput {
  readonly Statement: string | undefined;
  readonly Parameters?: readonly AttributeValue[] | undefined;
}
