/**
 * A storage account's connection string as the libraries want it: with both addresses, and keys spelt their
 * way. The Functions host reads shorter ones than they do: keys in any letter case, and `https` and the
 * global cloud's suffix for who names no other (https://github.com/Azure/azure-sdk-for-js/issues/21982).
 *
 * @returns undefined for a text that does not say where blobs and queues are, and by which key or signature
 *   they open
 */
export function completeConnectionString(text: string): string | undefined {
  if (/^UseDevelopmentStorage=true;?$/i.test(text)) return 'UseDevelopmentStorage=true';
  const part = partsOf(text);
  const name = part('AccountName');
  const protocol = part('DefaultEndpointsProtocol') ?? 'https';
  const suffix = part('EndpointSuffix') ?? 'core.windows.net';
  const implied = (service: string) => name && `${protocol}://${name}.${service}.${suffix}`;
  const blobs = part('BlobEndpoint') ?? implied('blob');
  const queues = part('QueueEndpoint') ?? implied('queue');
  if (!isWebAddress(blobs) || !isWebAddress(queues)) return undefined;
  const endpoints = `BlobEndpoint=${blobs};QueueEndpoint=${queues}`;
  const key = part('AccountKey');
  if (key !== undefined) {
    const isUsable = name && isBase64(key);
    return isUsable
      ? `DefaultEndpointsProtocol=${protocol};AccountName=${name};AccountKey=${key};${endpoints}`
      : undefined;
  }
  const signature = part('SharedAccessSignature')?.replace(/^\?/, ''); // as the portal once gave it out
  return signature && `SharedAccessSignature=${signature};${endpoints}`;
}

/** Finds a part by its name in any letter case; an empty one counts as absent. */
function partsOf(text: string): (name: string) => string | undefined {
  const parts = new Map<string, string>();
  for (const part of text.split(';')) {
    const [, name, value] = /^\s*(\w+)=(.*\S)\s*$/.exec(part) ?? [];
    if (name && value) parts.set(name.toLowerCase(), value);
  }
  return (name) => parts.get(name.toLowerCase());
}

function isWebAddress(text: string | undefined): boolean {
  return text !== undefined && URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/]{4,}={0,2}$/.test(text);
}
