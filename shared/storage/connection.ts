import { completeConnectionString } from './connection-string.js';

/**
 * Where the state that instances share is kept: a storage account, named as Functions names them
 * (https://learn.microsoft.com/azure/azure-functions/functions-reference#connections).
 */
export type StateStorage =
  /** Nowhere: one instance, state in its memory. */
  | { readonly kind: 'memory' }
  | {
      readonly kind: 'connection-string';
      /** The connection's name, by which a trigger is bound to it. */
      readonly connection: string;
      /** Complete: as the storage libraries want it. */
      readonly connectionString: string;
    }
  | {
      readonly kind: 'identity';
      readonly connection: string;
      /** Origin of the blob service, and of the queue service. */
      readonly blobUrl: string;
      readonly queueUrl: string;
      /** Of a user-assigned identity; absent: the system-assigned one. */
      readonly clientId: string | undefined;
    };

/** A connection, or the setting that keeps it from being one and what that setting wants. */
export type ParsedConnection =
  | { readonly ok: true; readonly storage: StateStorage }
  | { readonly ok: false; readonly setting: string; readonly message: string };

/** The connection that every function app has. */
export const DEFAULT_CONNECTION = 'AzureWebJobsStorage';

const WANTED =
  'a storage connection: NAME with a connection string, NAME__accountName, or NAME__blobServiceUri and NAME__queueServiceUri';

/**
 * Reads the connection that is named. No message holds a value: the name itself could be a
 * connection string that someone put into the wrong setting.
 *
 * @param name `memory`, or a connection's name; absent: the default one
 * @param text a setting's value, or undefined when it is absent or empty
 */
export function parseConnection(
  name: string | undefined,
  text: (setting: string) => string | undefined,
): ParsedConnection {
  if (name === 'memory') return { ok: true, storage: { kind: 'memory' } };
  const connection = name ?? DEFAULT_CONNECTION;
  const given = text(connection);
  if (given !== undefined) {
    const connectionString = completeConnectionString(given);
    return connectionString
      ? { ok: true, storage: { kind: 'connection-string', connection, connectionString } }
      : {
          ok: false,
          setting: connection, // it has a value, so it is a setting's name and no secret in the wrong place
          message:
            'must be a connection string with AccountName and AccountKey, or with SharedAccessSignature, BlobEndpoint ' +
            `and QueueEndpoint${connection === DEFAULT_CONNECTION ? '; STATE_STORAGE can name another connection' : ''}`,
        };
  }
  if (/AccountName=|SharedAccessSignature=|:\/\//i.test(connection)) {
    const message =
      'holds a connection string or an address; it has to hold the NAME of the setting that does, such as AzureWebJobsStorage';
    return { ok: false, setting: 'STATE_STORAGE', message };
  }
  const account = text(`${connection}__accountName`);
  const blobUrl = serviceUrl('blob', account, text(`${connection}__blobServiceUri`));
  const queueUrl = serviceUrl('queue', account, text(`${connection}__queueServiceUri`));
  if (blobUrl === undefined || queueUrl === undefined)
    return wrong(name, `must name ${WANTED}; or be memory, for one instance only`);
  if (blobUrl === 'unusable' || queueUrl === 'unusable')
    return wrong(
      name,
      'must name a storage account, or https://…/ of its blob and queue services, without a path',
    );
  if (!['managedidentity', undefined].includes(text(`${connection}__credential`)?.toLowerCase())) {
    return wrong(name, 'must name a connection whose __credential is managedidentity, or absent');
  }
  const clientId = text(`${connection}__clientId`);
  return { ok: true, storage: { kind: 'identity', connection, blobUrl, queueUrl, clientId } };
}

function wrong(name: string | undefined, message: string): ParsedConnection {
  if (name !== undefined) return { ok: false, setting: 'STATE_STORAGE', message };
  return { ok: false, setting: 'STATE_STORAGE', message: `(${DEFAULT_CONNECTION}, unless set) ${message}` };
}

/** `accountName` is for the global cloud only, as in Functions; other clouds give the address. */
function serviceUrl(
  service: 'blob' | 'queue',
  account: string | undefined,
  uri: string | undefined,
): string | undefined {
  if (uri === undefined && account === undefined) return undefined;
  if (uri === undefined) {
    // https://learn.microsoft.com/azure/storage/common/storage-account-overview#storage-account-name
    return /^[a-z0-9]{3,24}$/.test(account ?? '')
      ? `https://${account}.${service}.core.windows.net`
      : 'unusable';
  }
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  const isBare = url?.protocol === 'https:' && url.pathname === '/' && !url.search && !url.hash;
  return isBare && !url.username && !url.password ? url.origin : 'unusable';
}
