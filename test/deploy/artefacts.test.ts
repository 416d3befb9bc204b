import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { ALERT_RULES } from '../../scripts/artefacts/alert-rules.js';
import { connectorSwagger } from '../../scripts/artefacts/connector.js';
import { PARTS } from '../../scripts/artefacts/workbook.js';
import { artefacts } from '../../scripts/artefacts.js';
import { swaggerDocument } from '../../shared/contract/swagger.js';
import { METRICS } from '../../shared/telemetry/items.js';
import { createKustoChecker } from './kusto.js';

const check = await createKustoChecker();
const charts = PARTS.flatMap((part) => part.charts);
/** What the workbook puts in the place of its parameter. */
const filledIn = (query: string) => query.replaceAll('{TimeRange:grain}', '5m');
const telemetryPage = await readFile('docs/reference/telemetry.md', 'utf8');

test.each(Object.entries(await artefacts()))(
  '%s is current: npm run docs changes nothing',
  async (path, text) => {
    expect(await readFile(path, 'utf8')).toBe(text);
  },
);

describe('queries, by the parser and binder of Kusto itself', () => {
  test('one that is wrong is found', () => {
    expect(check('customMetrics | where nmae == "x"')).toHaveLength(1);
    expect(check('customMetrics | name == "x"')).not.toEqual([]);
  });

  test.each(ALERT_RULES)('rule $name, with the column that it compares', ({ query, measure }) => {
    expect(check(measure === 'rows' ? query : `${query}\n| project ${measure.column}`)).toEqual([]);
  });

  test.each(charts)('chart "$title"', ({ query }) => {
    expect(check(filledIn(query))).toEqual([]);
  });

  test('those in docs/reference/telemetry.md', () => {
    const blocks = [...telemetryPage.matchAll(/```kusto\n(.*?)```/gs)].map(([, block = '']) => block);
    // Several queries in one block are separated by an empty line.
    const queries = blocks.flatMap((block) => block.trim().split('\n\n'));
    expect(queries.length).toBeGreaterThanOrEqual(4);
    for (const query of queries) expect([query, check(query)]).toEqual([query, []]);
  });
});

const queries = [...ALERT_RULES, ...charts].map(({ query }) => query);

test('a query of a metric names dimensions that the metric has', () => {
  for (const query of queries) {
    const name = /name == "(enrichment\.[a-z_]+)"/.exec(query)?.[1];
    if (name === undefined) continue;
    const known: readonly string[] = METRICS[name as keyof typeof METRICS][1];
    const named = [...query.matchAll(/customDimensions\.(\w+)/g)].map(([, dimension = '']) => dimension);
    expect([query, named.filter((dimension) => !known.includes(dimension))]).toEqual([query, []]);
  }
});

test('a query of events or log lines names those that docs/guides/operations.md knows', async () => {
  const operations = await readFile('docs/guides/operations.md', 'utf8');
  const known = [...operations.matchAll(/^\| ((?:`[a-z-]+`(?:, )?)+) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([a-z-]+)`/g)].map(([, name = '']) => name),
  );
  const named = queries
    .filter((query) => /^(customEvents|traces)\n\| where (name|message)/.test(query))
    .flatMap((query) => [...query.matchAll(/"([a-z]+(?:-[a-z]+)+)"/g)].map(([, name = '']) => name));
  expect(named.length).toBeGreaterThanOrEqual(4);
  expect(named.filter((name) => !known.includes(name))).toEqual([]);
});

test('every metric is in the workbook', () => {
  const text = charts.map(({ query }) => query).join('\n');
  expect(Object.keys(METRICS).filter((name) => !text.includes(`"${name}"`))).toEqual([]);
});

test('the workbook names no resource', async () => {
  const text = await readFile('monitoring/workbook.workbook', 'utf8');
  expect(text).not.toMatch(/\/subscriptions\/|InstrumentationKey/);
  const items = JSON.parse(text).items;
  expect(items.map(({ type }: { type: number }) => type)).toEqual([9, ...PARTS.map(() => 12)]);
});

describe("the connector's Swagger document", () => {
  // biome-ignore lint/suspicious/noExplicitAny: a document that is looked into
  const own: any = swaggerDocument('https://host/api');
  // biome-ignore lint/suspicious/noExplicitAny: a document that is looked into
  const document: any = connectorSwagger('1.2.3');

  test("is the app's own, but for the key and what a connector does not call", () => {
    for (const [path, operations] of Object.entries<Record<string, object>>(document.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        const { security: _security, ...same } = own.paths[path][method];
        expect(operation).toEqual(same);
      }
    }
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/enrichAlert', '/alerts/{id}/ips', '/enrichments/{id}', '/doctor']),
    );
    expect(document.definitions).toEqual(own.definitions);
    expect(document.info.version).toBe('1.2.3');
  });

  test('knows one way to give the key, and holds none', async () => {
    expect(document.securityDefinitions).toEqual({
      functionKey: expect.objectContaining({ type: 'apiKey', in: 'header', name: 'x-functions-key' }),
    });
    expect(await readFile('connector/azuredeploy.json', 'utf8')).not.toMatch(/listKeys/i);
  });

  test('holds no text that Resource Manager would take for an expression', async () => {
    const { resources } = JSON.parse(await readFile('connector/azuredeploy.json', 'utf8'));
    const { host: _host, ...swagger } = resources[0].properties.swagger;
    const found: string[] = [];
    JSON.stringify(swagger, (_key, value) => {
      if (typeof value === 'string' && value.startsWith('[')) found.push(value);
      return value;
    });
    expect(found).toEqual([]);
  });
});
