import { inside, items, type JsonTexts, member } from '../json.js';
import { ROW_COLUMNS, rowFacts, rowOfNamed } from '../rows.js';
import type { Candidate, Shape } from '../shape.js';
import { CRITERIA, isCommonSchema } from './azure-monitor.js';

/**
 * Simple log alerts, whose rows are lists of names and values:
 * https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-payload-samples
 */
export const azureMonitorSimpleLog: Shape = {
  name: 'azure-monitor-simple-log',
  title: 'Azure Monitor simple log alert (common schema)',
  where: `\`data.alertContext.condition.allOf[].event[]\`, pairs named ${ROW_COLUMNS}`,
  telltales: ['data'],
  never: ['data'],
  seen: 'Azure Monitor, simple log alerts',
  find: (payload, texts) => {
    if (!isCommonSchema(payload)) return undefined;
    const criteria = items(inside(payload, ...CRITERIA));
    const hasEvents = criteria.some((criterion) => Array.isArray(member(criterion, 'event')));
    return hasEvents ? eventCandidates(criteria, texts) : undefined;
  },
};

function* eventCandidates(criteria: readonly unknown[], texts: JsonTexts): Generator<Candidate | undefined> {
  for (const [index, criterion] of criteria.entries()) {
    for (const [at, event] of items(member(criterion, 'event')).entries()) {
      const facts = rowFacts(rowOfNamed(event), texts);
      yield facts && { path: [...CRITERIA, index, 'event', at], attachTo: undefined, ...facts };
    }
  }
}
