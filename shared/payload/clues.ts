import type { JsonObject } from './json.js';
import type { Shape } from './shape.js';
import { SHAPES } from './shapes/index.js';
import { WRAPPING_MEMBERS } from './unwrap.js';

/** What the names of an object's members say of it. */
export interface Clues {
  /** The shapes that it can be of, in the registry's order. */
  readonly shapes: readonly Shape[];
  readonly mayWrap: boolean;
}

const NONE: Clues = { shapes: [], mayWrap: false };

const SHAPES_BY_TELLTALE = new Map<string, Shape[]>();
for (const shape of SHAPES) {
  for (const name of shape.telltales) {
    SHAPES_BY_TELLTALE.set(name, [...(SHAPES_BY_TELLTALE.get(name) ?? []), shape]);
  }
}

/** Looks at every name once, so that objects which are nothing to us cost next to nothing. */
export function cluesIn(value: JsonObject): Clues {
  let shapes: Set<Shape> | undefined;
  let mayWrap = false;
  for (const name of Object.keys(value)) {
    if (WRAPPING_MEMBERS.has(name)) mayWrap = true;
    for (const shape of SHAPES_BY_TELLTALE.get(name) ?? []) {
      shapes ??= new Set();
      shapes.add(shape);
    }
  }
  if (!shapes) return mayWrap ? { shapes: [], mayWrap } : NONE;
  const possible = shapes;
  return {
    shapes: possible.size > 1 ? SHAPES.filter((shape) => possible.has(shape)) : [...possible],
    mayWrap,
  };
}
