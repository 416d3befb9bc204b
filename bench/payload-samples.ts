import { createHash } from 'node:crypto';

/** Invented payloads of a realistic size for the benchmark: a few KB an alert, most of it evidence. */
export const SAMPLES: readonly { readonly name: string; readonly text: (alerts: number) => string }[] = [
  { name: 'mde', text: (count) => (count === 1 ? json(mdeAlert(0)) : json(mdeList(count))) },
  {
    name: 'graph',
    text: (count) => (count === 1 ? json(graphAlert(0)) : json({ value: many(count, graphAlert) })),
  },
  { name: 'sentinel', text: (count) => json(sentinelIncident(count)) },
  { name: 'string', text: (count) => json({ Body: json(many(count, mdeAlert)) }) },
];

const json = (value: unknown) => JSON.stringify(value);

function many<T>(count: number, make: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, n) => make(n));
}

function hex(seed: string, length: number): string {
  return createHash('sha512').update(seed).digest('hex').slice(0, length);
}

const alertId = (n: number) => `da63747290038${String(n).padStart(7, '0')}_${1_000_000 + n}`;
const ip = (n: number) => `198.51.${100 + (n % 100)}.${n % 250}`;

function mdeAlert(n: number) {
  return {
    id: alertId(n),
    incidentId: 1000 + n,
    investigationId: null,
    assignedTo: null,
    severity: 'Medium',
    status: 'New',
    detectionSource: 'WindowsDefenderAtp',
    detectorId: hex(`detector${n}`, 32),
    category: 'CommandAndControl',
    threatFamilyName: null,
    title: 'Suspicious connection to a rarely seen address',
    description:
      'A process that seldom uses the network has connected to an address.\nLook at the "evidence".',
    alertCreationTime: '2026-11-23T18:00:00.1234567Z',
    lastUpdateTime: '2026-11-23T18:05:00.12Z',
    machineId: hex(`machine${n}`, 40),
    computerDnsName: `host-${n}.contoso.example`,
    mitreTechniques: ['T1071', 'T1059.001'],
    relatedUser: { userName: `user${n}`, domainName: 'CONTOSO' },
    comments: [],
    evidence: many(4, (part) => ({
      entityType: part === 0 ? 'Ip' : 'Process',
      evidenceCreationTime: '2026-11-23T18:01:00.33Z',
      sha256: hex(`sha${n}-${part}`, 64),
      fileName: 'tool.exe',
      filePath: 'C:\\Users\\Public\\Downloads',
      processId: 4000 + part,
      processCommandLine: `"tool.exe" --connect ${part}`,
      ipAddress: part === 0 ? ip(n) : null,
      accountName: null,
      detectionStatus: 'Detected',
    })),
  };
}

function mdeList(count: number) {
  return {
    '@odata.context': 'https://api.securitycenter.microsoft.com/api/$metadata#Alerts',
    value: many(count, mdeAlert),
  };
}

function graphAlert(n: number) {
  return {
    '@odata.type': '#microsoft.graph.security.alert',
    id: alertId(n),
    providerAlertId: alertId(n).slice(2),
    incidentId: String(n),
    status: 'new',
    severity: 'low',
    serviceSource: n % 3 === 2 ? 'microsoftDefenderForIdentity' : 'microsoftDefenderForEndpoint',
    alertWebUrl: `https://security.microsoft.com/alerts/${alertId(n)}?tid=${hex('tenant', 32)}`,
    title: 'Suspicious connection',
    description: 'Something happened on a host. '.repeat(8),
    evidence: many(3, (part) => ({
      '@odata.type': '#microsoft.graph.security.ipEvidence',
      createdDateTime: '2026-11-23T18:01:00.33Z',
      verdict: 'suspicious',
      remediationStatus: 'none',
      ipAddress: ip(n + part),
      countryLetterCode: null,
    })),
  };
}

function sentinelIncident(count: number) {
  const scope = '/subscriptions/00000000-0000-4000-8000-000000000000/resourceGroups/soc/providers/';
  return {
    objectSchemaType: 'Incident',
    objectEventType: 'Create',
    object: {
      id: `${scope}Microsoft.OperationalInsights/workspaces/soc/providers/Microsoft.SecurityInsights/Incidents/1`,
      properties: {
        title: 'Multi-stage incident',
        alerts: many(count, (n) => ({
          id: `${scope}Microsoft.SecurityInsights/Entities/${hex(`entity${n}`, 32)}`,
          kind: 'SecurityAlert',
          properties: {
            systemAlertId: hex(`system${n}`, 32),
            alertDisplayName: 'Suspicious connection',
            description: 'Something happened on a host. '.repeat(8),
            productName: 'Microsoft Defender Advanced Threat Protection',
            providerAlertId: alertId(n),
            alertLink: `https://security.microsoft.com/alerts/${alertId(n)}`,
            tactics: ['CommandAndControl'],
          },
        })),
      },
    },
  };
}
