/**
 * Expressions once they are parsed, with all names and values put in: plain data, which can be sent between threads.
 * Expressions, the parameters that came before them, and PartiQL statements all come to this.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { DocumentPath } from './document-path.ts';

export type Comparator = '=' | '<>' | '<' | '<=' | '>' | '>=';

export type ConditionFunction =
  | 'attribute_exists'
  | 'attribute_not_exists'
  | 'attribute_type'
  | 'begins_with'
  | 'contains';

export type Operand =
  | { readonly kind: 'path'; readonly path: DocumentPath }
  | { readonly kind: 'value'; readonly value: AttributeValue }
  | { readonly kind: 'size'; readonly of: Operand };

export type Condition =
  | {
      readonly kind: 'compare';
      readonly operator: Comparator;
      readonly operands: readonly [Operand, Operand];
    }
  | { readonly kind: 'between'; readonly operands: readonly [Operand, Operand, Operand] }
  | { readonly kind: 'in'; readonly operand: Operand; readonly choices: readonly Operand[] }
  | { readonly kind: 'call'; readonly name: ConditionFunction; readonly operands: readonly Operand[] }
  | { readonly kind: 'and' | 'or'; readonly conditions: readonly Condition[] }
  | { readonly kind: 'not'; readonly condition: Condition };

export type Projection = readonly DocumentPath[];

export type UpdateOperand =
  | { readonly kind: 'path'; readonly path: DocumentPath }
  | { readonly kind: 'value'; readonly value: AttributeValue }
  | { readonly kind: 'if_not_exists'; readonly path: DocumentPath; readonly otherwise: UpdateOperand }
  | { readonly kind: 'list_append' | '+' | '-'; readonly operands: readonly [UpdateOperand, UpdateOperand] };

export type UpdateAction =
  | { readonly kind: 'set'; readonly path: DocumentPath; readonly value: UpdateOperand }
  | { readonly kind: 'remove'; readonly path: DocumentPath }
  | { readonly kind: 'add' | 'delete'; readonly path: DocumentPath; readonly value: AttributeValue };

export interface Update {
  readonly actions: readonly UpdateAction[];
  /** Given as `AttributeUpdates`, of which some refusals have other words. */
  readonly isLegacy?: true;
}
