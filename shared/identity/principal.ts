/** An application in a tenant: what a source counts calls by, and answers for. */
export interface Principal {
  /** Absent where the platform knows it and we do not, as for a managed identity. */
  readonly tenant: string | undefined;
  readonly client: string;
  /** Tells it from all others. Names in stored state are made of it, so it has to stay what it is. */
  readonly key: string;
}

/**
 * The one place where a key is made. A managed identity's client id is in one tenant only, so it does
 * without.
 */
export function principalOf(client: string, tenant?: string): Principal {
  return { tenant, client, key: tenant === undefined ? client : `${tenant} ${client}` };
}
