import { inside, isObject, member } from '../json.js';
import type { Shape } from '../shape.js';

/** The members that lead to what a log alert's rule found. */
export const CRITERIA = ['data', 'alertContext', 'condition', 'allOf'];

/**
 * Any other alert in Azure Monitor's common schema: a metric, an activity, a log alert too large for
 * its rows. It says nothing of Defender's alerts.
 * https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-common-schema
 */
export const azureMonitor: Shape = {
  name: 'azure-monitor',
  title: 'Azure Monitor alert without log rows (common schema)',
  where: 'nowhere, since `data.essentials.alertId` is an ARM id',
  seen: 'Azure Monitor: metrics, activities, log alerts too large for their rows',
  instead:
    'The common schema carries no rows. Let the rule split by the dimension VendorOriginalId or AlertId, or run the ' +
    'query at LinkToSearchResultsAPI and post its answer.',
  telltales: ['data'],
  never: ['data'],
  find: (payload) => (isCommonSchema(payload) ? [] : undefined),
};

/** Whether a payload is an alert in Azure Monitor's common schema. */
export function isCommonSchema(payload: unknown): boolean {
  return (
    isObject(inside(payload, 'data', 'essentials')) &&
    (member(payload, 'schemaId') === 'azureMonitorCommonAlertSchema' ||
      isObject(inside(payload, 'data', 'alertContext')))
  );
}
