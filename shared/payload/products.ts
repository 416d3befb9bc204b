const ENDPOINT = 'Microsoft Defender for Endpoint';

/**
 * Product names as payloads write them (Graph `serviceSource`, Defender XDR `serviceSource`, Sentinel
 * `ProductName` and `ProviderName`), in lower case without blanks.
 */
const PRODUCTS: ReadonlyMap<string, string> = new Map([
  ['microsoftdefenderforendpoint', ENDPOINT],
  ['microsoftdefenderatp', ENDPOINT],
  ['microsoftdefenderadvancedthreatprotection', ENDPOINT],
  ['windowsdefenderatp', ENDPOINT],
  ['mdatp', ENDPOINT],
  ['microsoftdefenderforidentity', 'Microsoft Defender for Identity'],
  ['azureadvancedthreatprotection', 'Microsoft Defender for Identity'],
  ['azureatp', 'Microsoft Defender for Identity'],
  ['microsoftdefenderforcloudapps', 'Microsoft Defender for Cloud Apps'],
  ['microsoftcloudappsecurity', 'Microsoft Defender for Cloud Apps'],
  ['mcas', 'Microsoft Defender for Cloud Apps'],
  ['microsoftdefenderforoffice365', 'Microsoft Defender for Office 365'],
  ['office365advancedthreatprotection', 'Microsoft Defender for Office 365'],
  ['officeatp', 'Microsoft Defender for Office 365'],
  ['azureadidentityprotection', 'Microsoft Entra ID Protection'],
  ['azureactivedirectoryidentityprotection', 'Microsoft Entra ID Protection'],
  ['ipc', 'Microsoft Entra ID Protection'],
  ['aadidentityprotection', 'Microsoft Entra ID Protection'],
  ['microsoftdefenderforcloud', 'Microsoft Defender for Cloud'],
  ['azuresecuritycenter', 'Microsoft Defender for Cloud'],
  ['azuredefender', 'Microsoft Defender for Cloud'],
  ['microsoft365defender', 'Microsoft Defender XDR'],
  ['microsoftdefenderxdr', 'Microsoft Defender XDR'],
  ['microsoftthreatprotection', 'Microsoft Defender XDR'],
  ['mtp', 'Microsoft Defender XDR'],
  ['azuresentinel', 'Microsoft Sentinel'],
  ['microsoftsentinel', 'Microsoft Sentinel'],
  ['datalossprevention', 'Microsoft Purview Data Loss Prevention'],
  ['microsoftdatalossprevention', 'Microsoft Purview Data Loss Prevention'],
  ['microsoftinsiderriskmanagement', 'Microsoft Purview Insider Risk Management'],
]);

/** Whether a payload's product name is Defender for Endpoint's; undefined for a name nobody knows. */
export function knownProduct(
  name: unknown,
): { readonly isEndpoint: boolean; readonly name: string } | undefined {
  if (typeof name !== 'string') return undefined;
  const product = PRODUCTS.get(name.toLowerCase().replaceAll(' ', ''));
  return product ? { isEndpoint: product === ENDPOINT, name: product } : undefined;
}
