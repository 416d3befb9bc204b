import { swaggerDocument } from '../../shared/contract/swagger.js';

/** Operations that nobody calls by a connector: a handshake of event systems, and the contract itself. */
const LEFT_OUT = ['allowEvents', 'openapi', 'swagger', 'docs'];

interface Operation {
  readonly operationId: string;
  readonly security?: unknown;
}

/**
 * The Swagger document of a Logic Apps custom connector: the app's own, with one way to give the key, since a
 * connector knows one only.
 * @param version of the app
 */
export function connectorSwagger(version: string) {
  const { securityDefinitions, paths, info, ...document } = swaggerDocument('https://host/api');
  const kept = Object.entries(paths).map(([path, operations]) => [
    path,
    Object.fromEntries(
      Object.entries(operations as Record<string, Operation>)
        .filter(([, { operationId }]) => !LEFT_OUT.some((name) => operationId.startsWith(name)))
        .map(([method, { security: _security, ...operation }]) => [method, operation]),
    ),
  ]);
  return {
    ...document,
    info: { ...info, version },
    paths: Object.fromEntries(kept.filter(([, operations]) => Object.keys(operations as object).length > 0)),
    securityDefinitions: { functionKey: securityDefinitions.functionKey },
    security: [{ functionKey: [] }],
  };
}

/** A template that makes the connector; the key is asked for when somebody makes a connection with it. */
export function connectorFile(version: string): string {
  const { info, ...swagger } = connectorSwagger(version);
  const template = {
    $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
    contentVersion: '1.0.0.0',
    metadata: {
      title: 'Defender alert IP enrichment: Logic Apps custom connector',
      description: "The function app's operations as actions with typed inputs and outputs.",
    },
    parameters: {
      ConnectorName: {
        type: 'string',
        defaultValue: 'Defender-Alert-IPs',
        metadata: { description: 'What the connector is called.' },
      },
      FunctionAppHost: {
        type: 'string',
        metadata: { description: 'The host of the function app, such as NAME.azurewebsites.net.' },
      },
      location: {
        type: 'string',
        defaultValue: '[resourceGroup().location]',
        metadata: { description: 'Where the connector is: where the Logic Apps are that use it.' },
      },
    },
    resources: [
      {
        type: 'Microsoft.Web/customApis',
        apiVersion: '2016-06-01',
        name: "[parameters('ConnectorName')]",
        location: "[parameters('location')]",
        properties: {
          displayName: "[parameters('ConnectorName')]",
          description: info.title,
          apiType: 'Rest',
          brandColor: '#0078d4',
          capabilities: [],
          backendService: { serviceUrl: "[concat('https://', parameters('FunctionAppHost'), '/api')]" },
          connectionParameters: {
            api_key: {
              type: 'securestring',
              uiDefinition: {
                displayName: 'Function key',
                description: 'A key of the function app (portal: the function app, App keys)',
                tooltip: 'It is sent as the header x-functions-key.',
                constraints: { tabIndex: 2, clearText: false, required: 'true' },
              },
            },
          },
          swagger: { ...swagger, info, host: "[parameters('FunctionAppHost')]" },
        },
      },
    ],
  };
  return `${JSON.stringify(template, null, 2)}\n`;
}
