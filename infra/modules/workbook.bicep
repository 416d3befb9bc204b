@description('Where it is.')
param location string

@description('What it is called.')
param displayName string

@description('The component that it shows.')
param insightsId string

@description('Tags of the workbook.')
param tags object

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  // Its name has to be a GUID, and the same one at each deployment.
  name: guid(resourceGroup().id, 'alert-ip-workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: displayName
    category: 'workbook'
    version: 'Notebook/1.0'
    sourceId: insightsId
    // Made by `npm run docs`.
    serializedData: loadTextContent('../../monitoring/workbook.workbook')
  }
}
