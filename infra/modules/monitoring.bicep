@description('Where it is.')
param location string

@description('What the component is called.')
param name string

@description('What a new workspace is called.')
param workspaceName string

@description('A workspace to use instead, by its resource id. Empty: a new one is made, which keeps its data 30 days.')
param logAnalyticsWorkspaceId string

@description('Tags of both.')
param tags object

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' = if (empty(logAnalyticsWorkspaceId)) {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: 30
  }
}

var workspaceId = empty(logAnalyticsWorkspaceId) ? workspace.id : logAnalyticsWorkspaceId

resource component 'Microsoft.Insights/components@2020-02-02' = {
  name: name
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspaceId
    IngestionMode: 'LogAnalytics'
    // Telemetry is taken from identities that have the role Monitoring Metrics Publisher, and from nobody else.
    DisableLocalAuth: true
  }
}

@description('The component.')
output id string = component.id

@description('Its workspace.')
output workspaceId string = workspaceId

@description('Where telemetry goes. A locator: without a token of an identity that has the role it opens nothing.')
output connectionString string = component.properties.ConnectionString
