declare module 'jmespath' {
  /** Evaluates a JMESPath query, the language of the Azure CLI's --query. */
  export function search(data: unknown, query: string): unknown;
  const jmespath: { search: typeof search };
  export default jmespath;
}
