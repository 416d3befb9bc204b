import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { freshAlertIds } from '../support/alert-ids.js';
import type { Answer } from '../support/exchange.js';
import { answerOf, pathOf } from '../support/polling.js';
import { storedWorlds } from '../support/stored-world.js';
import { startWorld, type World } from '../support/world.js';
import { evaluateAll, evaluateTemplateText, type Functions } from './expressions.js';
import { runWorkflow } from './workflow.js';

// biome-ignore lint/suspicious/noExplicitAny: templates are looked into
type Json = any;

const text = await readFile('playbooks/Enrich-DefenderAlertIps/azuredeploy.json', 'utf8');
const template: Json = JSON.parse(text);
const rule: Json = JSON.parse(await readFile('playbooks/automation-rule/azuredeploy.json', 'utf8'));
const FUNCTION_APP = '/subscriptions/1/resourceGroups/soc/providers/Microsoft.Web/sites/alert-ip';

/** The template as it is deployed with those parameters. */
function deployed(given: Readonly<Record<string, unknown>> = {}): Json {
  const parameters = { FunctionAppResourceId: FUNCTION_APP, ...given };
  const fallback = (name: string) => template.parameters[name].defaultValue;
  const functions: Functions = {
    parameters: (name) => (parameters as Json)[String(name?.())] ?? fallback(String(name?.())),
    variables: (name) => evaluateAll(template.variables[String(name?.())], one),
    concat: (...args) => args.map((arg) => arg()).join(''),
    resourceid: (...args) => args.map((arg) => arg()).join('/'),
    resourcegroup: () => ({ location: 'westeurope', id: 'group' }),
    subscription: () => ({ subscriptionId: '1', tenantId: '2' }),
    reference: () => ({ identity: { principalId: 'p' } }),
    split: (value, by) => String(value?.()).split(String(by?.())),
    if: (condition, yes, no) => (condition?.() ? yes?.() : no?.()),
    empty: (value) => value?.() === '',
    not: (value) => !value?.(),
    uniquestring: () => 'unique',
    guid: () => 'guid',
  };
  const one = (value: string) => evaluateTemplateText(value, functions);
  const resources = template.resources.map((resource: Json) => {
    const { template: inner, ...rest } = resource.properties;
    const properties = { ...(evaluateAll(rest, one) as object), ...(inner && { template: inner }) };
    return { ...(evaluateAll({ ...resource, properties: undefined }, one) as object), properties };
  });
  return (type: string) => resources.find((resource: Json) => resource.type === type);
}

const workflow = (given = {}) => deployed(given)('Microsoft.Logic/workflows');

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** A Sentinel incident whose alerts are those of Defender. */
function incident(alertIds: readonly string[]) {
  return {
    objectSchemaType: 'Incident',
    object: {
      id: '/subscriptions/1/incidents/7',
      properties: {
        alerts: alertIds.map((id) => ({
          kind: 'SecurityAlert',
          properties: { productName: 'Microsoft Defender Advanced Threat Protection', providerAlertId: id },
        })),
      },
    },
  };
}

const CONNECTIONS = { azuresentinel: { connectionId: 'c' } };

/** Runs the playbook on an incident, its function being that world's app, with other queries where they are given. */
async function run(trigger: object, given: Readonly<Record<string, unknown>> = {}, changed: object = {}) {
  const statuses: number[] = [];
  const post = async (queries: Readonly<Record<string, string>>, body: unknown): Promise<Answer> => {
    const { enrich, get } = world as World;
    const answer = await enrich(body, `?${new URLSearchParams({ ...queries, ...changed })}`);
    statuses.push(answer.status);
    // As Logic Apps: while it is a 202, ask the Location again.
    return answer.status === 202 ? answerOf(get, pathOf(answer)) : answer;
  };
  const { definition } = workflow(given).properties;
  const parameters = { AddTag: definition.parameters.AddTag.defaultValue, $connections: CONNECTIONS };
  const ended = await runWorkflow(definition, trigger, parameters, post);
  return { ...ended, statuses };
}

describe('the playbook, run against the app', () => {
  const stored = storedWorlds();

  test('200: the incident gets a comment with the addresses, and a tag', async () => {
    world = await startWorld();
    const [id = ''] = freshAlertIds(1);
    const { status, sent, statuses } = await run(incident([id]));
    expect([status, statuses]).toEqual(['Succeeded', [200]]);
    expect(sent.map(({ method, path }) => [method, path])).toEqual([
      ['post', '/Incidents/Comment'],
      ['put', '/Incidents'],
    ]);
    expect(sent[0]?.body).toEqual({
      incidentArmId: '/subscriptions/1/incidents/7',
      message: expect.stringContaining('Related IP addresses'),
    });
    expect(sent[1]?.body).toMatchObject({ tagsToAdd: { TagsToAdd: [{ Tag: expect.any(String) }] } });
  });

  test('without the tag where that is not wanted', async () => {
    world = await startWorld();
    const { sent } = await run(incident(freshAlertIds(1)), { AddTag: false });
    expect(sent.map(({ path }) => path)).toEqual(['/Incidents/Comment']);
  });

  test('202: what the quota cannot serve in time is waited for, and commented', async () => {
    world = await startWorld({ settings: stored.settings });
    let asked = 0;
    world.defender.intercept = (_request, response) => {
      if (++asked > 1) return false;
      response.writeHead(429, { 'Retry-After': '8' }).end();
      return true;
    };
    // The wait is what a Logic App can bear; a test takes less.
    const { status, sent, statuses } = await run(incident(freshAlertIds(2)), {}, { wait: '5' });
    expect([status, statuses]).toEqual(['Succeeded', [202]]);
    expect(sent[0]?.body.message).toContain('Alerts: 2');
  });

  test('422: an incident without an alert is left alone, and its run did not fail', async () => {
    world = await startWorld();
    const { status, sent, statuses } = await run(incident([]));
    expect([status, statuses, sent]).toEqual(['Succeeded', [422], []]);
  });

  test('429: the comment says what the app said, and the run has failed', async () => {
    world = await startWorld({ settings: { QUOTA_PER_HOUR: '1', QUOTA_RESERVE_PERCENT: '0' } });
    await run(incident(freshAlertIds(1)));
    const { status, sent, error, statuses } = await run(incident(freshAlertIds(1)));
    expect([status, statuses, error?.code]).toEqual(['Failed', [429], '429']);
    expect(sent).toHaveLength(1);
    expect(sent[0]?.body.message).toContain(error?.message);
    expect(error?.message).toContain('1 an hour');
  });

  test('502: a missing permission is named in the comment', async () => {
    world = await startWorld();
    world.defender.intercept = (_request, response) => {
      response
        .writeHead(403, { 'Content-Type': 'application/json' })
        .end('{"error":{"code":"Forbidden","message":"no"}}');
      return true;
    };
    const { status, sent, error, statuses } = await run(incident(freshAlertIds(1)));
    expect([status, statuses, error?.code]).toEqual(['Failed', [502], '502']);
    expect(sent[0]?.body.message).toContain(error?.message);
    expect(error?.message).not.toContain('no reason');
  });

  test.each([
    ['no answer at all', undefined],
    [
      "a gateway's page",
      { status: 502, headers: { 'content-type': 'text/html' }, text: '<html>{bad}</html>', json: undefined },
    ],
  ])('%s: a comment that says so, and the run has failed', async (_what, answer) => {
    const { definition } = workflow().properties;
    const ended = await runWorkflow(
      definition,
      incident(['x']),
      { AddTag: true, $connections: CONNECTIONS },
      async () => answer as Answer | undefined,
    );
    expect(ended.status).toBe('Failed');
    expect(ended.sent[0]?.body.message).toContain('gave no reason');
  });
});

describe("the playbook's template", () => {
  test('keeps the rules that the repository of Microsoft Sentinel checks', () => {
    expect(text).toMatch(/^[\x20-\x7e\n]*$/);
    expect(text).not.toMatch(/learn\.microsoft\.com\/[a-z]{2}-[a-z]{2}\//);
    expect(template.parameters.PlaybookName.type).toBe('string');
    const workflows = template.resources.filter(({ type }: Json) => type === 'Microsoft.Logic/workflows');
    expect(workflows).toHaveLength(1);
    expect(workflows[0]).toMatchObject({
      name: "[parameters('PlaybookName')]",
      location: '[resourceGroup().location]',
    });
    for (const { name } of template.resources.filter(
      ({ type }: Json) => type === 'Microsoft.Web/connections',
    )) {
      const variable = /^\[variables\('(\w+)'\)\]$/.exec(name)?.[1] ?? '';
      expect(Object.keys(template.variables)).toContain(variable);
    }
    const { title, description, lastUpdateTime, support, author, entities } = template.metadata;
    expect([title, description, support.tier, author.name].every(Boolean)).toBe(true);
    expect(Number.isNaN(Date.parse(lastUpdateTime))).toBe(false);
    expect(entities).toEqual(['ip']);
  });

  test('calls the function by its resource, waits as long as a Logic App can, and holds no key', () => {
    const { queries } = workflow().properties.definition.actions.Enrich.inputs;
    expect(queries).toEqual({ mode: 'auto', wait: '100', format: 'html' });
    expect(workflow().properties.definition.actions.Enrich.inputs.function.id).toBe(
      `${FUNCTION_APP}/functions/enrichAlert`,
    );
    expect(text).not.toMatch(/listKeys|x-functions-key|"code"\s*:\s*"\[/i);
    expect(workflow().identity).toEqual({ type: 'SystemAssigned' });
    expect(workflow().properties.parameters.$connections.value.azuresentinel.connectionProperties).toEqual({
      authentication: { type: 'ManagedServiceIdentity' },
    });
  });

  test('gives the role of the workspace only where one is named', () => {
    const condition = (given: Readonly<Record<string, unknown>>) =>
      deployed(given)('Microsoft.Resources/deployments');
    expect(condition({}).condition).toBe(false);
    const workspace =
      '/subscriptions/9/resourceGroups/logs/providers/Microsoft.OperationalInsights/workspaces/soc';
    expect(condition({ WorkspaceResourceId: workspace })).toMatchObject({
      condition: true,
      subscriptionId: '9',
      resourceGroup: 'logs',
    });
  });
});

test('the automation rule runs the playbook for new incidents, without looking at titles or providers', () => {
  const { triggeringLogic, actions } = rule.resources[0].properties;
  expect(triggeringLogic).toMatchObject({
    isEnabled: true,
    triggersOn: 'Incidents',
    triggersWhen: 'Created',
  });
  expect(triggeringLogic.conditions.map((one: Json) => one.conditionProperties.propertyName)).toEqual([
    'AlertProductNames',
  ]);
  expect(actions[0]).toMatchObject({ actionType: 'RunPlaybook' });
});
