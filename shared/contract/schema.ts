/**
 * The part of JSON Schema that the contract uses. OpenAPI 3.0 and Swagger 2.0 both know it, apart from
 * `anyOf` and `nullable`, which Swagger lacks.
 */
export interface Schema {
  readonly $ref?: string;
  readonly type?: 'string' | 'integer' | 'boolean' | 'object' | 'array';
  /** For people: what a designer shows instead of the name. */
  readonly title?: string;
  readonly description?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly (string | number)[];
  readonly default?: string | number | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly nullable?: true;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  /** Whether an object may have members that are not described. */
  readonly additionalProperties?: true;
  readonly anyOf?: readonly Schema[];
}

/** Short forms of schemas: each with the title that a designer shows. */

type More = Omit<Schema, 'title' | 'type' | '$ref'>;

/** A text. */
export function string(title: string, more: More = {}): Schema {
  return { type: 'string', title, ...more };
}

/** A whole number. */
export function integer(title: string, more: More = {}): Schema {
  return { type: 'integer', title, ...more };
}

/** A moment, as ISO-8601 in UTC. */
export function dateTime(title: string, more: More = {}): Schema {
  return string(title, { format: 'date-time', ...more });
}

/** An array of alike things. */
export function list(title: string, items: Schema, more: More = {}): Schema {
  return { type: 'array', title, items, ...more };
}

/** An object; all of its properties are there, except the `optional` ones. */
export function object<P extends Readonly<Record<string, Schema>>>(
  title: string,
  properties: P,
  optional: readonly (keyof P & string)[] = [],
): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', title, properties, ...(required.length > 0 ? { required } : {}) };
}

/** An object that may have other members, too: those of a posted event. */
export function openObject<P extends Readonly<Record<string, Schema>>>(
  title: string,
  properties: P,
  optional: readonly (keyof P & string)[] = [],
): Schema {
  return { ...object(title, properties, optional), additionalProperties: true };
}

/** A component by its name. */
export function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}
