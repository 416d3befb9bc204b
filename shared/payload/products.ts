/** What a payload's product name means for us. */
export interface Product {
  readonly name: string;
  /**
   * `endpoint`: Defender for Endpoint. `suite`: Defender XDR, which gathers several products' alerts,
   * so that only an id's prefix tells whose one is. `other`: a product that is none of these.
   * `unheard`: a name nobody has listed here.
   */
  readonly kind: 'endpoint' | 'suite' | 'other' | 'unheard';
}

const ENDPOINT = 'Microsoft Defender for Endpoint';
const SUITE = 'Microsoft Defender XDR';

/**
 * Product names as payloads write them (Graph `serviceSource`, Defender XDR `serviceSource`, Sentinel
 * `ProductName` and `ProviderName`), in lower case, without blanks and punctuation.
 */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  [ENDPOINT]: [
    'microsoftdefenderforendpoint',
    'defenderforendpoint',
    'microsoftdefenderatp',
    'microsoftdefenderadvancedthreatprotection',
    'windowsdefenderatp',
    'windowsdefenderadvancedthreatprotection',
    'mdatp',
    'mde',
    'wdatp',
  ],
  [SUITE]: [
    'microsoft365defender',
    'microsoftdefenderxdr',
    'microsoftxdr',
    'microsoftthreatprotection',
    'microsoftdefender',
    'm365defender',
    'mtp',
  ],
  'Microsoft Defender for Identity': [
    'microsoftdefenderforidentity',
    'azureadvancedthreatprotection',
    'azureatp',
  ],
  'Microsoft Defender for Cloud Apps': [
    'microsoftdefenderforcloudapps',
    'microsoftcloudappsecurity',
    'microsoftappgovernance',
    'appgovernance',
    'mcas',
  ],
  'Microsoft Defender for Office 365': [
    'microsoftdefenderforoffice365',
    'office365advancedthreatprotection',
    'officeatp',
    'oatp',
  ],
  'Microsoft Entra ID Protection': [
    'microsoftentraidprotection',
    'entraidprotection',
    'azureadidentityprotection',
    'azureactivedirectoryidentityprotection',
    'aadidentityprotection',
    'ipc',
  ],
  'Microsoft Defender for Cloud': [
    'microsoftdefenderforcloud',
    'azuresecuritycenter',
    'azuredefender',
    'asc',
  ],
  'Microsoft Defender for IoT': [
    'microsoftdefenderforiot',
    'azuresecuritycenterforiot',
    'azuredefenderforiot',
  ],
  'Microsoft Sentinel': ['azuresentinel', 'microsoftsentinel', 'asischeduledalerts', 'asinrtalerts'],
  'Microsoft Purview Data Loss Prevention': [
    'datalossprevention',
    'microsoftdatalossprevention',
    'microsoftpurviewdatalossprevention',
  ],
  'Microsoft Purview Insider Risk Management': [
    'microsoftinsiderriskmanagement',
    'microsoftpurviewinsiderriskmanagement',
  ],
};

const PRODUCTS: ReadonlyMap<string, Product> = new Map(
  Object.entries(NAMES).flatMap(([name, spellings]) => {
    const kind = name === ENDPOINT ? 'endpoint' : name === SUITE ? 'suite' : 'other';
    return spellings.map((spelling) => [spelling, { name, kind }] as const);
  }),
);

/** Longer than any product's name; what is longer is cut before it is answered. */
const LONGEST_NAME = 100;

/** Values that stand where a product is named and name none. */
const NO_NAMES: ReadonlySet<string> = new Set(['', 'unknown', 'unknownfuturevalue', 'null', 'microsoft']);

/**
 * The product that a payload's fields name, if any does. A listed product beats the suite, and a
 * listed name beats one that nobody has heard of.
 */
export function productNamed(names: readonly unknown[]): Product | undefined {
  let best: Product | undefined;
  for (const name of names) {
    const product = typeof name === 'string' ? lookUp(name) : undefined;
    if (product && (!best || WEIGHT[product.kind] > WEIGHT[best.kind])) best = product;
  }
  return best;
}

const WEIGHT = { endpoint: 3, other: 3, suite: 2, unheard: 1 };

function lookUp(name: string): Product | undefined {
  const cut = name.slice(0, LONGEST_NAME).trim();
  const spelling = cut.toLowerCase().replace(/[\s._\-()&,/]+/g, '');
  if (NO_NAMES.has(spelling)) return undefined;
  return PRODUCTS.get(spelling) ?? { name: cut, kind: 'unheard' };
}
