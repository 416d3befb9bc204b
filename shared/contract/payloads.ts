import type { Example } from './operation.js';

/**
 * Payloads as callers post them, by the folder under test/cases that each is taken from; a test keeps them
 * equal. The first one stands for all where a document has room for one.
 */
export const PAYLOADS = {
  'mde-alert/negative-suffix': {
    summary: 'Defender for Endpoint alert',
    value: {
      id: 'da637308392288907382_-880718168',
      incidentId: 4204,
      severity: 'Medium',
      status: 'New',
      detectionSource: 'WindowsDefenderAtp',
      detectorId: 'e0da400f-affd-43ef-b1d5-afc2eb6f2756',
      category: 'CommandAndControl',
      title: 'Suspicious connection',
      machineId: '1e5bc9d7e413ddd7902c2932e418702b84d0cc07',
      computerDnsName: 'host-1.contoso.example',
      evidence: [],
    },
  },
  'plain/alert-id': { summary: 'An alert id by itself', value: { alertId: 'da638712000000000271_1000271' } },
  'graph-alert-v2/with-ip-evidence': {
    summary: 'Microsoft Graph alert',
    value: {
      '@odata.type': '#microsoft.graph.security.alert',
      id: 'da638712000000000031_1000031',
      providerAlertId: '638712000000000031_1000031',
      incidentId: '77',
      serviceSource: 'microsoftDefenderForEndpoint',
      detectionSource: 'antivirus',
      alertWebUrl:
        'https://security.microsoft.com/alerts/da638712000000000031_1000031?tid=00000000-0000-4000-8000-000000000000',
      title: 'Suspicious connection',
      evidence: [
        {
          '@odata.type': '#microsoft.graph.security.ipEvidence',
          ipAddress: '198.51.100.31',
          countryLetterCode: 'ZZ',
          verdict: 'suspicious',
        },
        {
          '@odata.type': '#microsoft.graph.security.deviceEvidence',
          mdeDeviceId: '1e5bc9d7e413ddd7902c2932e418702b84d0cc07',
          lastIpAddress: '10.1.2.3',
        },
      ],
    },
  },
  'sentinel-incident/one-alert-with-entities': {
    summary: 'Microsoft Sentinel incident trigger',
    value: {
      objectSchemaType: 'Incident',
      objectEventType: 'Create',
      workspaceInfo: { SubscriptionId: '00000000-0000-4000-8000-000000000000' },
      object: {
        id: '/subscriptions/00000000-0000-4000-8000-000000000000/resourceGroups/soc/providers/Microsoft.OperationalInsights/workspaces/soc/providers/Microsoft.SecurityInsights/Incidents/f00dfeed-0000-4000-9000-000000000001',
        name: 'f00dfeed-0000-4000-9000-000000000001',
        type: 'Microsoft.SecurityInsights/Incidents',
        properties: {
          title: 'Incident',
          providerIncidentId: '42',
          alerts: [
            {
              id: '/subscriptions/00000000-0000-4000-8000-000000000000/resourceGroups/soc/providers/Microsoft.OperationalInsights/workspaces/soc/providers/Microsoft.SecurityInsights/Entities/f00dfeed-0000-4000-9000-000000000101',
              name: 'f00dfeed-0000-4000-9000-000000000101',
              type: 'Microsoft.SecurityInsights/Entities',
              kind: 'SecurityAlert',
              properties: {
                systemAlertId: 'f00dfeed-0000-4000-9000-000000000101',
                alertDisplayName: 'Suspicious connection',
                productName: 'Microsoft Defender Advanced Threat Protection',
                providerAlertId: 'da638712000000000101_1000101',
                alertLink:
                  'https://security.microsoft.com/alerts/da638712000000000101_1000101?tid=00000000-0000-4000-8000-000000000000',
                additionalData: {},
                friendlyName: 'Suspicious connection',
              },
            },
          ],
          relatedEntities: [
            {
              id: '/subscriptions/00000000-0000-4000-8000-000000000000/resourceGroups/soc/providers/Microsoft.OperationalInsights/workspaces/soc/providers/Microsoft.SecurityInsights/Entities/f00dfeed-0000-4000-9000-000000000900',
              kind: 'Ip',
              properties: { address: '198.51.100.101', friendlyName: '198.51.100.101' },
            },
            { kind: 'Host', properties: { hostName: 'host-1' } },
          ],
        },
      },
    },
  },
  'splunk-soar/only-the-identifier': {
    summary: 'Splunk SOAR container',
    value: {
      id: 78,
      source_data_identifier: 'da638712000000000213_1000213',
      artifacts: [
        {
          id: 4,
          container_id: 77,
          name: 'alert',
          label: 'event',
          source_data_identifier: 'sdi-4',
          cef: { destinationAddress: '203.0.113.6', sourceAddress: '10.0.0.6' },
        },
      ],
    },
  },
  'xsoar-incident/mde-alert': {
    summary: 'Cortex XSOAR incident',
    value: {
      id: '1234',
      name: 'MDE alert',
      type: 'Microsoft Defender',
      sourceBrand: 'Microsoft Defender Advanced Threat Protection',
      sourceInstance: 'mde_1',
      labels: [],
      rawJSON:
        '{"id": "da638712000000000251_1000251", "incidentId": 4451, "severity": "Medium", "status": "New", "detectionSource": "WindowsDefenderAtp", "detectorId": "e0da400f-affd-43ef-b1d5-afc2eb6f2756", "category": "CommandAndControl", "title": "\\u00dcn\\u00efcode \\"quoted\\" \\\\ path", "machineId": "1e5bc9d7e413ddd7902c2932e418702b84d0cc07", "computerDnsName": "host-1.contoso.example", "evidence": [{"entityType": "Ip", "ipAddress": "198.51.100.251", "sha1": null}]}',
    },
  },
  'graph-notification/one-by-itself': {
    summary: 'Microsoft Graph change notification',
    value: {
      id: 'da638712000000000556_1000556',
      subscriptionId: '11111111-0000-4000-8000-000000000001',
      clientState: 'invented',
      changeType: 'updated',
      tenantId: '00000000-0000-4000-8000-000000000000',
      resource: 'security/alerts_v2/da638712000000000056_1000056',
      resourceData: { '@odata.type': '#Microsoft.Graph.Security.Alert', id: 'da638712000000000056_1000056' },
    },
  },
  'event-envelope/cloud-event': {
    summary: 'CloudEvent',
    value: {
      specversion: '1.0',
      id: 'da638712000000000999_1000999',
      source: '/contoso/soc',
      type: 'com.example.alert',
      datacontenttype: 'application/json',
      data: {
        '@odata.type': '#microsoft.graph.security.alert',
        id: 'da638712000000000194_1000194',
        providerAlertId: '638712000000000194_1000194',
        incidentId: '77',
        serviceSource: 'microsoftDefenderForEndpoint',
        detectionSource: 'antivirus',
        alertWebUrl:
          'https://security.microsoft.com/alerts/da638712000000000194_1000194?tid=00000000-0000-4000-8000-000000000000',
        title: 'Suspicious connection',
        evidence: [],
      },
    },
  },
} as const satisfies Record<string, Example>;
