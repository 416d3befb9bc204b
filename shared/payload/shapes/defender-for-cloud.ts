import { member } from '../json.js';
import { productNamed } from '../products.js';
import { objectCandidate, type Shape } from '../shape.js';

/**
 * What Defender for Cloud's workflow automation sends: it looks like a Sentinel alert, is never ours,
 * and its id (`2516…_<GUID>`) looks like an old id of Defender for Endpoint.
 * https://learn.microsoft.com/azure/defender-for-cloud/workflow-automation
 */
export const defenderForCloud: Shape = {
  name: 'defender-for-cloud',
  title: 'Defender for Cloud alert (workflow automation)',
  where: 'nowhere, since its alerts are skipped as Defender for Cloud’s',
  seen: 'Defender for Cloud’s workflow automation',
  telltales: ['SystemAlertId'],
  find: (payload) => {
    if (member(payload, 'SystemAlertId') === undefined) return undefined;
    if (member(payload, 'WorkspaceSubscriptionId') !== undefined) return undefined;
    const products = [member(payload, 'ProductName'), member(payload, 'ProviderName')];
    if (productNamed(products)?.name !== 'Microsoft Defender for Cloud') return undefined;
    return [objectCandidate([], { ids: [], products })];
  },
};
