import { isObject, member } from '../json.js';
import type { Shape } from '../shape.js';

/**
 * The body of Microsoft Sentinel's entity trigger: an entity, which can be an address, and no alert.
 * https://learn.microsoft.com/connectors/azuresentinel/#microsoft-sentinel-entity
 */
export const sentinelEntity: Shape = {
  name: 'sentinel-entity',
  title: 'Microsoft Sentinel entity (trigger body)',
  where: 'nowhere, since the entity trigger carries no alert',
  seen: 'Microsoft Sentinel’s entity trigger',
  telltales: ['IncidentArmID'],
  instead:
    'Start the playbook by the alert trigger or the incident trigger, or post the id of the alert: {"alertId": "…"}.',
  never: ['Entity'],
  find: (payload) =>
    member(payload, 'IncidentArmID') !== undefined && isObject(member(payload, 'Entity')) ? [] : undefined,
};
