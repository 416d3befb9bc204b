import type { AnyShape, Shape } from '../shape.js';
import { azureMonitor } from './azure-monitor.js';
import { azureMonitorLogV1 } from './azure-monitor-log-v1.js';
import { azureMonitorLogV2 } from './azure-monitor-log-v2.js';
import { azureMonitorSimpleLog } from './azure-monitor-simple-log.js';
import { dataExplorer } from './data-explorer.js';
import { defenderForCloud } from './defender-for-cloud.js';
import { ecs } from './ecs.js';
import { graphAlertV1 } from './graph-alert-v1.js';
import { graphAlertV2 } from './graph-alert-v2.js';
import { graphIncident } from './graph-incident.js';
import { graphNotification } from './graph-notification.js';
import { huntingRows } from './hunting-rows.js';
import { logAnalytics } from './log-analytics.js';
import { mdeAlert } from './mde-alert.js';
import { mdeList } from './mde-list.js';
import { mdeSiemExport } from './mde-siem-export.js';
import { ocsf } from './ocsf.js';
import { plain, unknown } from './plain.js';
import { securityAlertRows } from './security-alert-rows.js';
import { sentinelAlert } from './sentinel-alert.js';
import { sentinelEntity } from './sentinel-entity.js';
import { sentinelIncident } from './sentinel-incident.js';
import { sentinelIncidentRow } from './sentinel-incident-row.js';
import { splunkSoar } from './splunk-soar.js';
import { splunkWebhook } from './splunk-webhook.js';
import { theHiveAlert } from './thehive-alert.js';
import { xdrIncident } from './xdr-incident.js';
import { xdrStreaming } from './xdr-streaming.js';
import { xsoarIncident } from './xsoar-incident.js';

/**
 * The known shapes. The first that recognises an object has it, so a shape stands before those that would
 * recognise its objects as well.
 */
export const SHAPES: readonly Shape[] = [
  mdeAlert,
  mdeList,
  mdeSiemExport,
  graphIncident,
  graphAlertV2,
  graphNotification,
  graphAlertV1,
  xdrIncident,
  xdrStreaming,
  sentinelIncident,
  sentinelEntity,
  defenderForCloud,
  sentinelAlert,
  securityAlertRows,
  huntingRows,
  sentinelIncidentRow,
  azureMonitorLogV1,
  azureMonitorSimpleLog,
  azureMonitorLogV2,
  azureMonitor,
  logAnalytics,
  dataExplorer,
  splunkSoar,
  splunkWebhook,
  ecs,
  ocsf,
  xsoarIncident,
  theHiveAlert,
];

/** The same, plain ids, and what is of no known shape, for people. */
export const ALL_SHAPES: readonly AnyShape[] = [...SHAPES, plain, unknown];
