import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { evaluateTemplateText, type Functions } from './expressions.js';

// biome-ignore lint/suspicious/noExplicitAny: both files are looked into
type Json = any;

const form: Json = JSON.parse(await readFile('deploy/createUiDefinition.json', 'utf8'));
const template: Json = JSON.parse(await readFile('deploy/azuredeploy.json', 'utf8'));
const { basics, steps, outputs, config } = form.parameters;
const controls: Json[] = [...basics, ...steps.flatMap(({ elements }: Json) => elements)];
const named = (name: string) => controls.find((one) => one.name === name);

/** What the form puts out for what is chosen in it; a control that is not named has its default. */
function filled(chosen: Readonly<Record<string, unknown>>): Json {
  const values = (elements: Json[]) =>
    Object.fromEntries(
      elements.map(({ name, defaultValue, constraints }: Json) => {
        const options: Json[] = constraints?.allowedValues ?? [];
        const fallback = options.find(({ label }) => label === defaultValue)?.value ?? defaultValue;
        return [name, chosen[name] ?? fallback];
      }),
    );
  const functions: Functions = {
    location: () => 'westeurope',
    basics: (name) => values(basics)[String(name?.())],
    steps: (name) => values(steps.find((step: Json) => step.name === name?.()).elements),
    if: (condition, yes, no) => (condition?.() ? yes?.() : no?.()),
    equals: (left, right) => left?.() === right?.(),
    empty: (value) => value?.() === '',
    parse: (value) => JSON.parse(String(value?.())),
    split: (value, by) => String(value?.()).split(String(by?.())),
  };
  return Object.fromEntries(
    Object.entries<string>(outputs).map(([name, text]) => [name, evaluateTemplateText(text, functions)]),
  );
}

/** As Resource Manager checks a parameter. */
function expectTaken(values: Json): void {
  for (const [name, value] of Object.entries<Json>(values)) {
    const { type, allowedValues, minValue, maxValue, minLength, maxLength } = template.parameters[name];
    const types = { string: 'string', int: 'number', bool: 'boolean', array: 'object' } as Record<
      string,
      string
    >;
    expect([name, typeof value]).toEqual([name, types[type]]);
    if (allowedValues) expect(allowedValues).toContain(value);
    if (type === 'int') expect(value >= (minValue ?? value) && value <= (maxValue ?? value)).toBe(true);
    if (type === 'string')
      expect(value.length >= (minLength ?? 0) && value.length <= (maxLength ?? 1000)).toBe(true);
  }
}

describe('the form of the portal', () => {
  test('keeps the rules of the ARM template toolkit', () => {
    expect(form).toMatchObject({ handler: 'Microsoft.Azure.CreateUIDef', version: '0.1.2-preview' });
    expect(form.$schema).toContain('/0.1.2-preview/');
    for (const control of controls) {
      const { name, type, toolTip, constraints } = control;
      if (type !== 'Microsoft.Common.InfoBox')
        expect([name, toolTip]).toEqual([name, expect.stringMatching(/\S/)]);
      if (type !== 'Microsoft.Common.TextBox') continue;
      expect([name, constraints.regex]).toEqual([name, expect.stringMatching(/\{\d+,\d+\}/)]);
      expect([name, constraints.validationMessage]).toEqual([name, expect.stringMatching(/\S/)]);
    }
    const permissions = config.basics.resourceGroup.constraints.validations.map(
      ({ permission }: Json) => permission,
    );
    expect(permissions).toContain('Microsoft.Authorization/roleAssignments/write');
  });

  test('puts out parameters of the template only, and asks for controls that it has', () => {
    const parameters = Object.keys(template.parameters);
    expect(Object.keys(outputs).filter((name) => !parameters.includes(name))).toEqual([]);
    for (const text of Object.values<string>(outputs)) {
      for (const [, control = ''] of text.matchAll(/basics\('(\w+)'\)/g))
        expect(named(control)).toBeDefined();
      for (const [, step, control] of text.matchAll(/steps\('(\w+)'\)\.(\w+)/g)) {
        const { elements } = steps.find(({ name }: Json) => name === step);
        expect(elements.map(({ name }: Json) => name)).toContain(control);
      }
    }
  });

  test.each<[string, Record<string, unknown>, object]>([
    [
      'as it is',
      {},
      { plan: 'flex', nodeVersion: '22', allowedCallers: [], packageUri: '', deployWorkbook: true },
    ],
    [
      'for a government cloud',
      { plan: 'dedicated', dedicatedSku: 'P1v3', defenderCloud: 'gcc-high' },
      { plan: 'dedicated', maximumInstanceCount: 40 },
    ],
    [
      'with an identity to grant afterwards: no package',
      { kind: 'new', packageUri: 'https://x/app.zip', identityResourceId: 'y' },
      { packageUri: '', identityResourceId: '' },
    ],
    [
      'with a caller',
      { allowedCaller: 'LogicApps', maximumInstanceCount: 100 },
      { allowedCallers: ['LogicApps'], maximumInstanceCount: 100 },
    ],
  ])('%s, gives what the template takes', (_name, chosen, expected) => {
    const values = filled(chosen);
    expectTaken(values);
    expect(values).toMatchObject(expected);
  });

  const ID = '/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/soc/providers';
  test.each<[string, string[], string[]]>([
    ['namePrefix', ['ab', 'alertip', 'sixteencharacter'], ['', 'a', 'Alert', 'alert-ip', 'a'.repeat(17)]],
    [
      'identityResourceId',
      ['', `${ID}/Microsoft.ManagedIdentity/userAssignedIdentities/alert-ip`],
      ['alert-ip', `${ID}/Microsoft.Web/sites/alert-ip`],
    ],
    ['logAnalyticsWorkspaceId', ['', `${ID}/Microsoft.OperationalInsights/workspaces/soc`], ['soc']],
    [
      'packageUri',
      ['', 'https://example.com/v1/app-node22.zip'],
      ['http://example.com/app.zip', 'https://example.com/app'],
    ],
    [
      'allowedCaller',
      ['', '203.0.113.0/24', '2001:db8::/32', 'LogicApps', 'AzureCloud.westeurope'],
      ['203.0.113.0/24, x', '/24'],
    ],
    ['alertEmail', ['', 'soc@example.com'], ['soc', 'a b@example.com']],
  ])('%s is checked before anything is made', (name, good, bad) => {
    const regex = new RegExp(named(name).constraints.regex);
    for (const value of good) expect([value, regex.test(value)]).toEqual([value, true]);
    for (const value of bad) expect([value, regex.test(value)]).toEqual([value, false]);
  });
});
