import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createContext, runInContext } from 'node:vm';

/**
 * The classic tables of an Application Insights component, as far as our queries use them
 * (https://learn.microsoft.com/azure/azure-monitor/app/data-model-complete). A column that is not here is a mistake.
 */
const COMMON =
  'timestamp: datetime, name: string, operation_Id: string, cloud_RoleName: string, itemCount: int, customDimensions: dynamic';
const TABLES = {
  customMetrics: `${COMMON}, value: real, valueCount: int, valueSum: real, valueMin: real, valueMax: real`,
  customEvents: COMMON,
  dependencies: `${COMMON}, target: string, type: string, resultCode: string, success: bool, duration: real`,
  traces: `${COMMON}, message: string, severityLevel: int`,
  requests: `${COMMON}, resultCode: string, success: bool, duration: real`,
};

// biome-ignore lint/suspicious/noExplicitAny: a compiled .NET library without types of its own that fit here
type Kusto = any;

/** Microsoft's own parser and binder of Kusto; it comes as two scripts that put names on the global object. */
async function load(): Promise<Kusto> {
  const folder = dirname(createRequire(import.meta.url).resolve('@kusto/language-service-next/package.json'));
  const context = createContext({ console });
  for (const name of ['bridge.min.js', 'Kusto.Language.Bridge.min.js']) {
    runInContext(await readFile(join(folder, name), 'utf8'), context, { filename: name });
  }
  return (context as { Kusto?: Kusto }).Kusto;
}

/** Parses queries and binds every name in them; what it returns says what is wrong with one. */
export async function createKustoChecker(): Promise<(query: string) => string[]> {
  const { Language } = await load();
  const { Symbols } = Language;
  const tables = Object.entries(TABLES).map(([name, columns]) =>
    Symbols.TableSymbol.From(`(${columns})`).WithName(name),
  );
  const database = new Symbols.DatabaseSymbol.$ctor1('component', tables);
  const globals = Language.GlobalState.Default.WithDatabase(database);
  return (query) => {
    const diagnostics = Language.KustoCode.ParseAndAnalyze(query, globals).GetDiagnostics();
    const found: string[] = [];
    for (let index = 0; index < diagnostics.Count; index++) found.push(diagnostics.getItem(index).Message);
    return found;
  };
}
