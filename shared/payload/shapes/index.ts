import type { Shape } from '../shape.js';
import { graphAlertV2 } from './graph-alert-v2.js';
import { mdeAlert } from './mde-alert.js';
import { mdeList } from './mde-list.js';
import { plain } from './plain.js';
import { sentinelIncident } from './sentinel-incident.js';

/** All shapes, the most telling structure first; the first that recognises a payload has it. */
export const SHAPES: readonly Shape[] = [sentinelIncident, mdeAlert, mdeList, graphAlertV2, plain];
