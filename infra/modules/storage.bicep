@description('Where the account is.')
param location string

@description('What the account is called.')
param name string

@description('The container that the package is deployed to (Flex Consumption only).')
param packageContainer string

@description('Copies in three zones.')
param zoneRedundant bool

@description('Closed to the internet; a private endpoint is the way in.')
param isPrivate bool

@description('Send its own logs to the workspace.')
param storageLogs bool

@description('Where its logs go.')
param logWorkspaceId string

@description('Tags of the account.')
param tags object

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS'
  }
  properties: {
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: {
      defaultAction: isPrivate ? 'Deny' : 'Allow'
      bypass: 'None'
    }
  }
}

// The ledger of calls is written some thousand times a day: with versions or deleted blobs kept, each write would stay.
resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: false
    deleteRetentionPolicy: {
      enabled: false
    }
  }
}

resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: packageContainer
  properties: {
    publicAccess: 'None'
  }
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices@2023-05-01' = {
  parent: account
  name: 'default'
}

var logs = [
  {
    category: 'StorageRead'
    enabled: true
  }
  {
    category: 'StorageWrite'
    enabled: true
  }
  {
    category: 'StorageDelete'
    enabled: true
  }
]
var metrics = [
  {
    category: 'Transaction'
    enabled: true
  }
]

resource blobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (storageLogs) {
  scope: blobs
  name: 'to-workspace'
  properties: {
    workspaceId: logWorkspaceId
    logs: logs
    metrics: metrics
  }
}

resource queueLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (storageLogs) {
  scope: queues
  name: 'to-workspace'
  properties: {
    workspaceId: logWorkspaceId
    logs: logs
    metrics: metrics
  }
}

@description('The address of its blob service, in whichever cloud.')
output blobEndpoint string = account.properties.primaryEndpoints.blob

@description('The address of its queue service, in whichever cloud.')
output queueEndpoint string = account.properties.primaryEndpoints.queue
