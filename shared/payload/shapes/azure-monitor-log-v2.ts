import { inside, items, member } from '../json.js';
import { ROW_COLUMNS, rowFacts, rowOfNamed } from '../rows.js';
import { eachOf, objectCandidate, type Shape } from '../shape.js';
import { CRITERIA, isCommonSchema } from './azure-monitor.js';

/**
 * Log alerts of the second generation. They carry no rows, so an alert's id is there only where the
 * rule splits by it: https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-payload-samples
 */
export const azureMonitorLogV2: Shape = {
  name: 'azure-monitor-log-v2',
  title: 'Azure Monitor log alert without rows (common schema, v2)',
  where: `\`data.alertContext.condition.allOf[].dimensions[]\` named ${ROW_COLUMNS}`,
  instead:
    'Such alerts carry no rows. Let the rule split by the dimension VendorOriginalId or AlertId, or run the query at ' +
    'LinkToSearchResultsAPI and post its answer.',
  telltales: ['data'],
  never: ['data'],
  seen: 'Azure Monitor, rules of today that split by a dimension',
  find: (payload, texts) => {
    if (!isCommonSchema(payload)) return undefined;
    if (inside(payload, 'data', 'alertContext', 'conditionType') !== 'LogQueryCriteria') return undefined;
    return eachOf(items(inside(payload, ...CRITERIA)), (criterion, index) => {
      const facts = rowFacts(rowOfNamed(member(criterion, 'dimensions')), texts);
      return facts && objectCandidate([...CRITERIA, index], facts);
    });
  },
};
