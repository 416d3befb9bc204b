import type { JsonObject } from './json.js';
import type { Shape } from './shape.js';
import { SHAPES } from './shapes/index.js';
import { ENVELOPE_MEMBERS } from './unwrap.js';

/** What the names of an object's members say of it. */
export interface Clues {
  /** The object's own member names. */
  readonly names: readonly string[];
  /** The shapes that it can be of, in the registry's order. */
  readonly shapes: readonly Shape[];
  readonly mayBeEnvelope: boolean;
}

const NO_SHAPES: readonly Shape[] = [];

const SHAPES_BY_TELLTALE = new Map<string, Shape[]>();
for (const shape of SHAPES) {
  for (const name of shape.telltales) {
    SHAPES_BY_TELLTALE.set(name, [...(SHAPES_BY_TELLTALE.get(name) ?? []), shape]);
  }
}

/** Looks at every name once, so that objects which are nothing to us cost next to nothing. */
export function cluesIn(value: JsonObject): Clues {
  const names = Object.keys(value);
  let shapes: Set<Shape> | undefined;
  let mayBeEnvelope = false;
  for (const name of names) {
    if (ENVELOPE_MEMBERS.has(name)) mayBeEnvelope = true;
    const told = SHAPES_BY_TELLTALE.get(name);
    if (!told) continue;
    shapes ??= new Set();
    for (const shape of told) shapes.add(shape);
  }
  const possible = shapes;
  return {
    names,
    shapes: possible ? SHAPES.filter((shape) => possible.has(shape)) : NO_SHAPES,
    mayBeEnvelope,
  };
}
