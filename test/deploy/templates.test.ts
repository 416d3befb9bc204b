import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { ALERT_RULES } from '../../scripts/artefacts/alert-rules.js';
import { parseSettings } from '../../shared/app/settings.js';
import { evaluateTemplateText, type Functions } from './expressions.js';

// biome-ignore lint/suspicious/noExplicitAny: templates are looked into
type Json = any;

const template: Json = JSON.parse(await readFile('deploy/azuredeploy.json', 'utf8'));
const names = (await readdir('infra/cases')).filter((name) => name.endsWith('.bicepparam'));
/** Each case as Bicep's own compiler has evaluated it (scripts/ci/dotnet-tools.sh). */
const cases = await Promise.all(
  names.map(async (name) => {
    const path = `infra/cases/${name.replace('.bicepparam', '.snapshot.json')}`;
    const resources: Json[] = JSON.parse(await readFile(path, 'utf8')).predictedResources;
    const all = (type: string) => resources.filter((resource) => resource.type === type);
    const one = (type: string): Json => {
      const [resource, ...more] = all(type);
      if (!resource || more.length > 0) throw new Error(`${name} has not one ${type}`);
      return resource;
    };
    return { name: name.replace('.bicepparam', ''), resources, all, one };
  }),
);
const caseOf = (name: string) => cases.find((one) => one.name === name) as (typeof cases)[number];
const isFlex = ({ one }: (typeof cases)[number]) => one('Microsoft.Web/serverfarms').sku.name === 'FC1';

/** By the table of built-in roles, https://learn.microsoft.com/azure/role-based-access-control/built-in-roles. */
const ROLES = {
  'Storage Blob Data Owner': 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b',
  'Storage Queue Data Contributor': '974c5e8b-45b9-4653-ba55-5f855dd0fb88',
  'Monitoring Metrics Publisher': '3913510d-42f4-4e42-8a64-420c390055eb',
};

/** What Flex Consumption refuses: "… for Flex Consumption sites is invalid" (code 51021). */
const REFUSED_SETTINGS =
  `FUNCTIONS_WORKER_RUNTIME FUNCTIONS_WORKER_RUNTIME_VERSION FUNCTIONS_EXTENSION_VERSION
  WEBSITE_RUN_FROM_PACKAGE WEBSITE_CONTENTAZUREFILECONNECTIONSTRING WEBSITE_CONTENTSHARE WEBSITE_CONTENTOVERVNET
  WEBSITE_SKIP_CONTENTSHARE_VALIDATION WEBSITE_DNS_SERVER WEBSITE_VNET_ROUTE_ALL SCM_DO_BUILD_DURING_DEPLOYMENT
  ENABLE_ORYX_BUILD WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT WEBSITE_NODE_DEFAULT_VERSION
  FUNCTIONS_MAX_HTTP_CONCURRENCY FUNCTIONS_WORKER_PROCESS_COUNT WEBSITE_TIME_ZONE TZ`.split(/\s+/);

const CLIENT = '44444444-4444-4444-8444-444444444444';

/** The app's settings as the template makes them, with what only a deployment knows filled in. */
function settingsOf(plan: 'flex' | 'dedicated', parameters: Readonly<Record<string, unknown>>) {
  const outputs: Record<string, unknown> = {
    storage: {
      blobEndpoint: { value: 'https://account.blob.core.usgovcloudapi.net/' },
      queueEndpoint: { value: 'https://account.queue.core.usgovcloudapi.net/' },
    },
    identity: { clientId: { value: CLIENT } },
    monitoring: {
      connectionString: {
        value: `InstrumentationKey=${CLIENT};IngestionEndpoint=https://usgovvirginia-1.in.applicationinsights.azure.us/;AadAudience=https://monitor.azure.us/`,
      },
    },
  };
  const functions: Functions = {
    union: (...args) => Object.assign({}, ...args.map((arg) => arg())),
    createobject: (...args) => {
      const values = args.map((arg) => arg());
      return Object.fromEntries(values.flatMap((key, at) => (at % 2 === 0 ? [[key, values[at + 1]]] : [])));
    },
    format: (form, ...args) =>
      String(form?.()).replace(/\{(\d+)\}/g, (_all, at) => String(args[Number(at)]?.())),
    parameters: (name) => parameters[String(name?.())],
    reference: (id) => ({ outputs: outputs[String(id?.())] }),
    resourceid: (_type, name) => name?.(),
  };
  const module = template.resources.find((resource: Json) => resource.name === `app-${plan}`);
  const given = evaluateTemplateText(module.properties.parameters.settings.value, functions) as object;
  const inner = module.properties.template.resources.find(
    (one: Json) => one.type === 'Microsoft.Web/sites/config',
  );
  const within = {
    ...functions,
    parameters: (name: (() => unknown) | undefined) => (name?.() === 'settings' ? given : undefined),
  };
  return evaluateTemplateText(inner.properties, within) as Record<string, string>;
}

describe('the settings that the template makes', () => {
  test.each([
    ['flex', 'commercial'],
    ['flex', 'gcc'],
    ['dedicated', 'gcc-high'],
    ['dedicated', 'dod'],
  ] as const)('of a %s app for %s are read by the app without a problem', (plan, defenderCloud) => {
    const settings = settingsOf(plan, { defenderCloud, appSettings: { QUOTA_PER_HOUR: '1000' } });
    const parsed = parseSettings(settings);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const { state, identity, telemetry, telemetryProblems, quota } = parsed.settings;
    expect(telemetryProblems).toEqual([]);
    expect(telemetry?.entra).toEqual({ clientId: CLIENT, audience: 'https://monitor.azure.us/' });
    expect(identity.clientId).toBe(CLIENT);
    expect(state.storage).toEqual({
      kind: 'identity',
      connection: 'AzureWebJobsStorage',
      blobUrl: 'https://account.blob.core.usgovcloudapi.net',
      queueUrl: 'https://account.queue.core.usgovcloudapi.net',
      clientId: CLIENT,
    });
    expect(quota.perHour).toBe(1000);
    // With it the host would look for a key.
    expect(settings).not.toHaveProperty('AzureWebJobsStorage');
  });

  test('of a flex app are none that the platform refuses there', () => {
    const names = Object.keys(settingsOf('flex', { defenderCloud: 'commercial', appSettings: {} }));
    expect(names.filter((name) => REFUSED_SETTINGS.includes(name))).toEqual([]);
  });

  test('of a dedicated app say which runtime it is, and that nothing is built', () => {
    expect(settingsOf('dedicated', { defenderCloud: 'dod', appSettings: {} })).toMatchObject({
      FUNCTIONS_EXTENSION_VERSION: '~4',
      FUNCTIONS_WORKER_RUNTIME: 'node',
      WEBSITE_RUN_FROM_PACKAGE: '1',
      SCM_DO_BUILD_DURING_DEPLOYMENT: 'false',
    });
  });
});

describe.each(cases)('case $name', (one) => {
  test('the site is one that its plan takes, with https and the identity, and without basic authentication', () => {
    const { kind, identity, properties } = one.one('Microsoft.Web/sites');
    const id = one.one('Microsoft.Web/sites').properties.keyVaultReferenceIdentity;
    expect(kind).toBe('functionapp,linux');
    expect(identity).toEqual({ type: 'UserAssigned', userAssignedIdentities: { [id]: {} } });
    expect(properties).toMatchObject({
      httpsOnly: true,
      siteConfig: { minTlsVersion: '1.2', scmMinTlsVersion: '1.2' },
    });
    const taken = ['minTlsVersion', 'scmMinTlsVersion', 'cors', 'ipSecurityRestrictions'];
    if (isFlex(one)) {
      expect(Object.keys(properties.siteConfig).filter((name) => !taken.includes(name))).toEqual([]);
      expect(properties.functionAppConfig.deployment.storage.authentication).toEqual({
        type: 'UserAssignedIdentity',
        userAssignedIdentityResourceId: id,
      });
    } else {
      expect(properties.functionAppConfig).toBeUndefined();
      expect(properties.siteConfig).toMatchObject({ alwaysOn: true, ftpsState: 'Disabled' });
      expect(properties.siteConfig.linuxFxVersion).toMatch(/^NODE\|2[24]$/);
    }
    const policies = one.all('Microsoft.Web/sites/basicPublishingCredentialsPolicies');
    expect(policies.map(({ properties }) => properties.allow)).toEqual([false, false]);
    expect(one.one('Microsoft.Web/sites').tags['azd-service-name']).toBe('app');
  });

  test('storage takes no key, keeps no version of a blob, and is open to the network only where it has to be', () => {
    const isPrivate = one.all('Microsoft.Network/virtualNetworks').length > 0;
    expect(one.one('Microsoft.Storage/storageAccounts').properties).toMatchObject({
      allowSharedKeyAccess: false,
      allowBlobPublicAccess: false,
      defaultToOAuthAuthentication: true,
      minimumTlsVersion: 'TLS1_2',
      supportsHttpsTrafficOnly: true,
      publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled',
    });
    expect(one.one('Microsoft.Storage/storageAccounts/blobServices').properties).toEqual({
      isVersioningEnabled: false,
      deleteRetentionPolicy: { enabled: false },
    });
  });

  test('the identity has three roles, each where it is needed', () => {
    const roles = one
      .all('Microsoft.Authorization/roleAssignments')
      .map(({ id, properties }) => [
        properties.roleDefinitionId.split('/').at(-1),
        /providers\/(Microsoft\.\w+\/\w+)\/[^/]+\/providers/.exec(id)?.[1],
        properties.principalType,
      ]);
    expect(roles.sort()).toEqual(
      [
        [ROLES['Storage Blob Data Owner'], 'Microsoft.Storage/storageAccounts', 'ServicePrincipal'],
        [ROLES['Storage Queue Data Contributor'], 'Microsoft.Storage/storageAccounts', 'ServicePrincipal'],
        [ROLES['Monitoring Metrics Publisher'], 'Microsoft.Insights/components', 'ServicePrincipal'],
      ].sort(),
    );
  });

  test('telemetry is taken of signed-in senders only', () => {
    expect(one.one('Microsoft.Insights/components').properties.DisableLocalAuth).toBe(true);
  });

  test('names fit: storage 3 to 24 small letters and digits, sites at most 60, containers at most 63', () => {
    expect(one.one('Microsoft.Storage/storageAccounts').name).toMatch(/^[a-z0-9]{3,24}$/);
    expect(one.one('Microsoft.Web/sites').name).toMatch(/^[a-z0-9][a-z0-9-]{0,58}[a-z0-9]$/);
    const container = one
      .one('Microsoft.Storage/storageAccounts/blobServices/containers')
      .name.split('/')
      .at(-1);
    expect(container).toMatch(/^[a-z0-9](?:-?[a-z0-9]){2,62}$/);
  });

  test('Microsoft.Web is asked for by a version that all clouds know', () => {
    const versions = one.resources
      .filter(({ type }) => type.startsWith('Microsoft.Web/'))
      .map(({ apiVersion }) => apiVersion);
    expect(new Set(versions)).toEqual(new Set(['2024-04-01']));
  });
});

describe('what the cases differ in', () => {
  test('with a network: private endpoints of blob and queue, and the subnet delegated to what the plan wants', () => {
    for (const [name, delegation] of [
      ['flex-network', 'Microsoft.App/environments'],
      ['dedicated', 'Microsoft.Web/serverFarms'],
    ] as const) {
      const one = caseOf(name);
      const groups = one
        .all('Microsoft.Network/privateEndpoints')
        .map(({ properties }) => properties.privateLinkServiceConnections[0].properties.groupIds[0]);
      expect(groups.sort()).toEqual(['blob', 'queue']);
      const { subnets } = one.one('Microsoft.Network/virtualNetworks').properties;
      const app = subnets.find((subnet: Json) => subnet.properties.delegations?.length > 0);
      expect(app.properties.delegations[0].properties.serviceName).toBe(delegation);
      expect(app.name).not.toContain('_');
      expect(one.one('Microsoft.Web/sites').properties.virtualNetworkSubnetId).toContain(
        `/subnets/${app.name}`,
      );
    }
  });

  test('with zones: plan and storage in several, and instances that are always up by the names of functions', () => {
    const one = caseOf('flex-zones');
    expect(one.one('Microsoft.Web/serverfarms').properties.zoneRedundant).toBe(true);
    expect(one.one('Microsoft.Storage/storageAccounts').sku.name).toBe('Standard_ZRS');
    const { scaleAndConcurrency, runtime } = one.one('Microsoft.Web/sites').properties.functionAppConfig;
    expect(scaleAndConcurrency.alwaysReady).toEqual([
      { name: 'http', instanceCount: 2 },
      { name: 'function:jobWorker', instanceCount: 2 },
      { name: 'function:deliveryWorker', instanceCount: 2 },
    ]);
    expect(runtime).toEqual({ name: 'node', version: '24' });
    expect(caseOf('government').one('Microsoft.Web/serverfarms').sku).toEqual({ name: 'P1v3', capacity: 3 });
  });

  test('an identity or a workspace that is given is used, and none is made', () => {
    const identity = caseOf('existing-identity');
    expect(identity.all('Microsoft.ManagedIdentity/userAssignedIdentities')).toEqual([]);
    expect(identity.one('Microsoft.Web/sites').properties.keyVaultReferenceIdentity).toMatch(/alert-ip$/);
    const workspace = caseOf('existing-workspace');
    expect(workspace.all('Microsoft.OperationalInsights/workspaces')).toEqual([]);
    expect(workspace.all('Microsoft.Insights/diagnosticSettings')).toHaveLength(2);
  });

  test('alert rules with somebody to tell, and none without; a workbook unless it is declined', () => {
    const counts = (name: string) => [
      caseOf(name).all('Microsoft.Insights/scheduledQueryRules').length,
      caseOf(name).all('Microsoft.Insights/workbooks').length,
    ];
    expect(counts('everything')).toEqual([ALERT_RULES.length, 1]);
    expect(counts('existing-workspace')).toEqual([ALERT_RULES.length, 1]);
    expect(counts('flex')).toEqual([0, 1]);
    expect(counts('quiet')).toEqual([0, 0]);
    const rules = caseOf('everything').all('Microsoft.Insights/scheduledQueryRules');
    for (const { properties } of rules) {
      expect(properties).toMatchObject({ skipQueryValidation: true, autoMitigate: true, enabled: true });
      expect(properties.actions.actionGroups).toHaveLength(1);
    }
  });

  test('callers that are allowed: ranges and service tags', () => {
    const { ipSecurityRestrictions } = caseOf('everything').one('Microsoft.Web/sites').properties.siteConfig;
    expect(ipSecurityRestrictions.map(({ ipAddress, tag }: Json) => [ipAddress, tag])).toEqual([
      ['203.0.113.0/24', 'Default'],
      ['LogicApps', 'ServiceTag'],
    ]);
    expect(
      caseOf('flex').one('Microsoft.Web/sites').properties.siteConfig.ipSecurityRestrictions,
    ).toBeUndefined();
  });

  test('a package is deployed where one is named, in the way of the plan', () => {
    const extensions = (name: string) =>
      caseOf(name)
        .all('Microsoft.Web/sites/extensions')
        .map((one) => one.name.split('/')[1]);
    expect(extensions('flex')).toEqual([]);
    expect(extensions('flex-network')).toEqual(['onedeploy']);
    expect(extensions('dedicated')).toEqual(['ZipDeploy']);
  });
});

describe('the template', () => {
  const dependsOn = (name: string): string[] => {
    const resource = template.resources.find((one: Json) => one.name === name);
    return (resource.dependsOn ?? []).map((id: string) => /'([\w-]+)'\)\]$/.exec(id)?.[1]);
  };

  test('makes the identity, then roles, then the app, then deploys the code', () => {
    expect(dependsOn('roles')).toEqual(expect.arrayContaining(['identity', 'storage', 'monitoring']));
    for (const app of ['app-flex', 'app-dedicated']) expect(dependsOn(app)).toContain('roles');
    expect(dependsOn('package').sort()).toEqual(['app-dedicated', 'app-flex']);
  });

  test('holds no key and no secret, asks for none, and takes nothing from a registry', async () => {
    const text = JSON.stringify(template);
    expect(text).not.toMatch(/listKeys|listAccountSas|AccountKey|SharedAccessSignature|br[:/]/i);
    const secure = Object.entries<Json>(template.parameters).filter(([, { type }]) =>
      type.startsWith('secure'),
    );
    expect(secure.map(([name]) => name)).toEqual(['appSettings']);
    const outputs = JSON.stringify(template.outputs);
    expect(outputs).not.toMatch(/connectionString|settings|key/i);
    for (const path of await readdir('infra', { recursive: true })) {
      if (path.endsWith('.bicep')) expect(await readFile(`infra/${path}`, 'utf8')).not.toMatch(/'br[:/]/);
    }
  });

  test('says of each parameter what it is for', () => {
    for (const [name, parameter] of Object.entries<Json>(template.parameters)) {
      expect([name, parameter.metadata?.description]).toEqual([name, expect.stringMatching(/.{10}/)]);
      expect([name, parameter.defaultValue]).not.toEqual([name, undefined]);
    }
  });

  test('holds the alert rules and the workbook as they are: npm run templates changes nothing', async () => {
    const text = JSON.stringify(template);
    const workbook = await readFile('monitoring/workbook.workbook', 'utf8');
    const { rules } = JSON.parse(await readFile('monitoring/alerts.json', 'utf8'));
    expect(text.includes(JSON.stringify(workbook))).toBe(true);
    expect(text.includes(JSON.stringify(rules))).toBe(true);
  });
});
